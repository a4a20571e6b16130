"""Looking at a deployment: what is wrong with it, in plain words. For `broker check`, and before `broker serve`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import NamedTuple

from redis.exceptions import RedisError

from broker.app import simulated_catalogue
from broker.cli.redis_errors import explain
from broker.rooms import Rooms
from broker.settings import Settings
from broker.startup import redis_problems, ring_problems
from broker.store import Store
from broker.store.ring import Ring, key_id
from broker.store.sealing import SealBroken


class Level(Enum):
    """`WRONG` keeps the broker from starting; `ODD` is worth a look."""

    GOOD = "good"
    ODD = "odd"
    WRONG = "wrong"


class Finding(NamedTuple):
    """One thing that was looked at."""

    level: Level
    text: str


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Rooms]:
    """The rooms, for one command."""
    rooms = Rooms.open(settings, simulated_catalogue(settings))
    try:
        yield rooms
    finally:
        await rooms.close()


async def examine(settings: Settings) -> list[Finding]:
    """Everything that can be judged without serving: Redis first, since nothing else can be asked without it."""
    async with opened(settings) as rooms:
        try:
            found = await examine_redis(rooms.store)
            return (
                found
                if any(each.level is Level.WRONG for each in found)
                else [
                    *found,
                    *await examine_content(rooms),
                ]
            )
        except (RedisError, OSError, SealBroken) as error:
            return [Finding(Level.WRONG, explain(error))]


async def examine_redis(store: Store) -> list[Finding]:
    server, memory = await store.redis.info("server"), await store.redis.info("memory")
    problems = redis_problems(server, memory)
    if problems:
        return [Finding(Level.WRONG, problem) for problem in problems]
    persistence = await store.redis.info("persistence")
    if not persistence.get("aof_enabled"):
        return [
            Finding(
                Level.ODD, "Redis keeps no append-only file: a crash loses the last sign-ins and rotations"
            )
        ]
    return [Finding(Level.GOOD, f"Redis {server['redis_version']} answers, evicts nothing and persists")]


async def examine_content(rooms: Rooms) -> list[Finding]:
    settings = rooms.settings
    stored = await rooms.store.provider_configurations.list()
    names = [connection.provider.name for connection in rooms.catalogue.connections(stored)]
    _, entries = await rooms.allowlist.list(offset=0, limit=1)
    found = [Finding(Level.GOOD, f"issuer is {settings.issuer}")]
    found.append(
        Finding(Level.GOOD, f"people can sign in with {', '.join(names)}")
        if names
        else Finding(
            Level.ODD, "no provider is configured: POST /v1/providers or BROKER_{PROVIDER}_CLIENT_ID"
        )
    )
    found.append(
        Finding(Level.GOOD, f"the allowlist has {entries} redirect URLs")
        if entries
        else Finding(
            Level.ODD, "the allowlist is empty, so no app can be returned to: `broker allowlist add URL`"
        )
    )
    if settings.development:
        found.append(Finding(Level.ODD, "development mode is on"))
    return [*found, *await examine_ring(rooms.store.ring)]


async def examine_ring(ring: Ring) -> list[Finding]:
    problems = await ring_problems(ring)
    if problems:
        return [Finding(Level.WRONG, problem) for problem in problems]
    older = ", ".join(map(key_id, await ring.older()))
    if older:
        text = f"records may still be sealed with {older}: `broker keys rotate` moves them to {key_id(ring.newest)}"
        return [Finding(Level.ODD, text)]
    return [Finding(Level.GOOD, f"records are sealed with the key {key_id(ring.newest)}")]
