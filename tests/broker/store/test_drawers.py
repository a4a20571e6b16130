"""The drawers whose records are taken once, with records that were moved, cut, altered or sealed by others."""

import asyncio
from collections.abc import AsyncIterator, Callable

import fakeredis
import msgspec
import pytest
from redis.asyncio import Redis

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.core.opaque import fingerprint, new_secret
from broker.core.records import ProviderConfiguration
from broker.store import Store
from broker.store.connection import open_redis
from broker.store.pushed import PushedRequest
from broker.store.sealing import SealBroken

pytestmark = pytest.mark.anyio

RING = EncryptionKeys.parse(new_encryption_key("k1"))
PUSHED = PushedRequest("app_1", {"state": "state-canary"})


@pytest.fixture(params=["valkey", "fakeredis"])
async def redis(request: pytest.FixtureRequest, valkey: str) -> AsyncIterator[Redis]:
    client = open_redis(valkey) if request.param == "valkey" else fakeredis.FakeAsyncRedis()
    yield client
    await client.aclose()


@pytest.fixture
def store(redis: Redis) -> Store:
    return Store.over(redis, RING)


async def saved(store: Store) -> tuple[str, str]:
    """A record in the drawer: its secret, its key in Redis."""
    secret = new_secret()
    await store.pushed.save(secret, PUSHED)
    return secret, f"pushed:{{{fingerprint(secret)}}}"


async def test_cb_02_of_a_hundred_takers_one_gets_it(store: Store):
    """CB-02: however many reach for a record at once, exactly one gets it."""
    secret, _ = await saved(store)
    taken = await asyncio.gather(*(store.pushed.take(secret) for _ in range(100)))
    assert [each for each in taken if each is not None] == [PUSHED]


async def test_tv_04_nothing_to_read_in_it(store: Store, redis: Redis):
    """TV-04: neither key nor value shows the secret or the record, and both are gone after the drawer's lifetime."""
    secret, key = await saved(store)
    value = await redis.get(key)
    assert value is not None
    assert secret not in key
    assert secret.encode() not in value
    assert b"canary" not in value
    assert 0 < await redis.ttl(key) <= store.pushed.lifetime


ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "last byte": lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
    "first byte": lambda sealed: bytes([sealed[0] ^ 1]) + sealed[1:],
    "key id": lambda sealed: sealed.replace(b"k1", b"k2", 1),
    "key id's length": lambda sealed: sealed[:1] + b"\xff" + sealed[2:],
    "cut in the middle": lambda sealed: sealed[: len(sealed) // 2],
    "one byte left": lambda sealed: sealed[:1],
    "empty": lambda _: b"",
    "doubled": lambda sealed: sealed * 2,
    "plain JSON instead": lambda _: msgspec.json.encode(PUSHED),
}


@pytest.mark.parametrize("how", ALTERATIONS)
async def test_tv_02_an_altered_record_is_none(store: Store, redis: Redis, how: str):
    """TV-02: a record altered in any way is as if it had never been, and its secret stays worthless."""
    secret, key = await saved(store)
    await redis.set(key, ALTERATIONS[how](await redis.get(key) or b""))
    assert await store.pushed.take(secret) is None
    assert await store.pushed.take(secret) is None


async def test_tv_01_a_record_moved_under_another_secret_is_none(store: Store, redis: Redis):
    """TV-01: the record of one flow does not open under the key of another."""
    (mine, my_key), (_, their_key) = await saved(store), await saved(store)
    await redis.set(my_key, await redis.get(their_key) or b"")
    assert await store.pushed.take(mine) is None


async def test_tv_01_a_record_moved_to_another_drawer_is_none(store: Store, redis: Redis):
    """TV-01: a pushed request does not pass for a pending flow, even under the same secret."""
    secret, key = await saved(store)
    await redis.set(key.replace("pushed", "pending"), await redis.get(key) or b"")
    assert await store.pending.take(secret) is None


async def test_tv_02_another_ring_opens_nothing(store: Store, redis: Redis):
    """TV-02: with a ring of the same key id but another key nothing opens."""
    secret, _ = await saved(store)
    strangers = Store.over(redis, EncryptionKeys.parse(new_encryption_key("k1")))
    assert await strangers.pushed.take(secret) is None


async def test_tv_02_a_broken_configuration_is_not_overwritten(store: Store, redis: Redis):
    """TV-02: reading credentials that do not open raises, tells nothing, and leaves what stands there as it is."""
    configuration = ProviderConfiguration(id="tv02", client_id="c", credentials={"client_secret": "canary"})
    await store.provider_configurations.save(configuration)
    before = await redis.get("provider:{tv02}") or b""
    assert b"canary" not in before
    strangers = Store.over(redis, EncryptionKeys.parse(new_encryption_key("k1")))
    with pytest.raises(SealBroken) as error:
        await strangers.provider_configurations.find("tv02")
    assert "canary" not in str(error.value)
    assert await redis.get("provider:{tv02}") == before
    assert await store.provider_configurations.find("tv02") == configuration
    await store.provider_configurations.remove("tv02")


@pytest.mark.parametrize("hostile", ["*", "a}:x", "../x", "", "x" * 65, "default\n", "a b", "é"])
async def test_what_is_no_id_reaches_no_key(store: Store, hostile: str):
    """Text that cannot be an id is never made part of a key: there is nothing under it."""
    assert await store.clients.find(hostile) is None
    assert await store.provider_configurations.find(hostile) is None
    assert await store.sessions.find(hostile, hostile) is None
    about = {"client_id": "app_1", "reason": "sign_out"}
    assert await store.sessions.revoke(hostile, hostile, now=0, **about) is False
    assert await store.codes.find(hostile) is None
