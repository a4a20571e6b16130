"""A storm: a hundred ask for one expired token at once, and its provider takes each refresh token once."""

import asyncio
import time
from collections import Counter
from itertools import count

import msgspec
from redis.asyncio import Redis

from benchmarks import connections
from benchmarks.client import Connection, Message
from benchmarks.connections import PROVIDER, Place, Range, ref_of
from benchmarks.provider import Provider
from benchmarks.servers import Server

CALLERS = 100
DELAYS = (0.0, 0.05)  # seconds that the provider takes
BEGINS = 1_000_000_000  # numbers of those whose tokens expired; nobody else has them


class Storm(msgspec.Struct):
    """Several storms of one kind. `calls` to the provider and callers `served` are of the worst of them."""

    name: str
    calls: int = 0
    served: int = CALLERS
    failed: int = 0
    over_ms: list[float] = msgspec.field(default_factory=list)


async def storms(broker: Server, header: str, place: Place, provider: Provider, runs: int) -> list[Storm]:
    """In a Redis that keeps nothing, and in one that writes all down, where a new token is handed out once it is on the
    disk (synced every second)."""
    found, numbers = [], count(BEGINS)
    async with Redis.from_url(place.redis_url) as redis:
        for kept, appending in (("memory", "no"), ("disk", "yes")):
            await redis.config_set("appendonly", appending)
            await rewritten(redis)
            for provider.delay in DELAYS:
                storm = Storm(f"{kept}, delay {provider.delay * 1000:.0f} ms")
                for _ in range(runs):
                    await once(storm, broker, header, place, provider, next(numbers))
                found.append(storm)
        await redis.config_set("appendonly", "no")
    provider.delay = 0
    return found


async def rewritten(redis: Redis) -> None:
    """A file that was just switched on is first written whole."""
    while int((await redis.info("persistence"))["aof_rewrite_in_progress"]):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def once(
    storm: Storm, broker: Server, header: str, place: Place, provider: Provider, number: int
) -> None:
    await connections.write(place, "expired", Range(number, number + 1))
    target = f"/v1/users/{ref_of(number).user_id}/oauth_access_tokens/{PROVIDER}"
    callers = [await Connection.open(broker.address) for _ in range(CALLERS)]
    await asyncio.gather(*(each.ask("GET", "/health/live") for each in callers))
    provider.refreshes, began = 0, time.perf_counter()
    answers = await asyncio.gather(*(each.ask("GET", target, header) for each in callers))
    wall = time.perf_counter() - began
    storm.over_ms.append((wall - provider.delay) * 1000)
    tokens = Counter(map(token_of, answers))
    served = max(amount for token, amount in tokens.items() if token) if any(tokens) else 0
    storm.calls, storm.served = max(storm.calls, provider.refreshes), min(storm.served, served)
    again = await callers[0].ask("GET", f"{target}?force_refresh=true", header)
    # One token for everybody, one call, and the grant outlives it.
    storm.failed += CALLERS - served + (provider.refreshes != 2) + (token_of(again) in {None, *tokens})
    for each in callers:
        each.close()


def token_of(answer: Message) -> str | None:
    if answer.status != 200:
        return None
    token: str = msgspec.json.decode(answer.body)[0]["token"]
    return token
