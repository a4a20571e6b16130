"""What must be true before the first request (AD-02): a Redis that keeps what it is given, and the default client."""

import time
from collections.abc import Mapping
from contextlib import suppress

import msgspec

from allowlist import Allowlist, DuplicateEntry
from broker.core.client import DEFAULT_CLIENT, Client
from broker.providers.provider import Connection
from broker.rooms import Rooms
from broker.store.clients import Clients
from broker.store.ring import Ring, key_id

OLDEST_REDIS = (6, 2)  # GETDEL
DEVELOPMENT_REDIRECT_URI = "brokerexample://callback"


class NotReady(Exception):
    """Why the broker will not start, in words for the one who runs it."""


async def make_ready(rooms: Rooms) -> None:
    """Raises NotReady for a Redis that would lose or lack what we need; its own errors when it does not answer."""
    store, now = rooms.store, int(time.time())
    for problem in redis_problems(await store.redis.info("server"), await store.redis.info("memory")):
        raise NotReady(problem)
    for problem in await ring_problems(store.ring):
        raise NotReady(problem)
    await store.ring.enter(now)
    await store.clients.add(
        Client(client_id=DEFAULT_CLIENT, name="Default app", created_at=now, updated_at=now)
    )
    if rooms.settings.simulated_providers:
        await allow_trying(rooms.allowlist, rooms.settings.issuer)
        await allow_devices(store.clients, rooms.catalogue.simulated)


def redis_problems(server: dict[str, object], memory: dict[str, object]) -> list[str]:
    """What is wrong with this Redis, judged by its INFO."""
    problems = []
    version = str(server.get("redis_version", "0"))
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        problems.append(f"BROKER_REDIS_URL: Redis {version} is too old; 6.2 or newer is needed (GETDEL)")
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        problems.append(
            f"BROKER_REDIS_URL: maxmemory-policy is {policy}; sessions would vanish. Set it to noeviction"
        )
    return problems


async def ring_problems(ring: Ring) -> list[str]:
    """A key that records still need must not leave the ring (TV-03)."""
    return [
        f"BROKER_ENCRYPTION_KEYS: the key {key_id(mark)} is missing or another one, and records are sealed with it (mark "
        f"{mark}). Put it back behind the newest, run `broker keys rotate`, then take it out"
        for mark in await ring.lacking()
    ]


async def allow_devices(clients: Clients, simulated: Mapping[str, Connection]) -> None:
    """Let the default client be signed in to by every simulated SDK, as an app of the id `simulated`."""
    client = await clients.find(DEFAULT_CLIENT)
    natives = {each.id: each.provider.native for each in simulated.values() if each.provider.native}
    ids = {name: dict.fromkeys(native.sdks, "simulated") for name, native in natives.items()}
    if client and not client.native_client_ids:
        await clients.update(msgspec.structs.replace(client, native_client_ids=ids))


async def allow_trying(allowlist: Allowlist, issuer: str) -> None:
    """Let the default client be tried at once: from an app with Expo's example scheme, and from the start page."""
    for url in (DEVELOPMENT_REDIRECT_URI, f"{issuer}/try"):
        with suppress(DuplicateEntry):
            await allowlist.add(url, label="made by broker dev", now_ms=time.time_ns() // 1_000_000)
