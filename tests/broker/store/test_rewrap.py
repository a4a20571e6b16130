"""Rewrapping: all that is sealed moves to the newest key, beside brokers that write."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from redis.asyncio import Redis

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.core.identity import ProviderTokens
from broker.core.records import ProviderConfiguration
from broker.store import rewrap
from broker.store.connection import open_redis
from broker.store.drawer import TakeOnce
from broker.store.grants import Ref, seal_tokens
from broker.store.provider_configurations import ProviderConfigurations
from broker.store.pushed import Pushed, PushedRequest
from broker.store.rewrap import Position, Rewrapping
from broker.store.sealing import Sealer, key_id_of
from tests.valkey import running_valkey

pytestmark = pytest.mark.anyio
OLD, NEW = (new_encryption_key(key_id) for key_id in ("old", "new"))
BEFORE, BOTH, AFTER = (EncryptionKeys.parse(ring) for ring in (OLD, f"{NEW},{OLD}", NEW))
NOW = 1_800_000_000
USERS = [f"user_{n:024x}" for n in range(60)]


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[str]:
    with running_valkey() as url:
        yield url


@pytest.fixture
async def redis(own_valkey: str) -> AsyncIterator[Redis]:
    client = open_redis(own_valkey)
    await client.flushdb()
    yield client
    await client.aclose()


def ref(user_id: str) -> Ref:
    return Ref(user_id, "google", user_id.replace("user_", "eac_"))


async def keep(redis: Redis, ring: EncryptionKeys, user_id: str, version: int) -> None:
    """A grant as custody writes it."""
    tokens = ProviderTokens(access_token=f"a{version}", refresh_token=f"r{version}", scope=(), expires_at=NOW)
    at = ref(user_id)
    sealed, lasting = seal_tokens(Sealer(ring), at, "subject", tokens, NOW)
    fields = {at.account_id: sealed, f"{at.account_id}:refresh": lasting, f"{at.account_id}:version": version}
    await redis.hset(at.key, mapping=fields)


async def versions(redis: Redis, ring: EncryptionKeys, user_id: str) -> tuple[str, str]:
    """The passing and the lasting token, as they open with `ring`."""
    at, sealer = ref(user_id), Sealer(ring)
    fields = await redis.hgetall(at.key)
    passing = sealer.open(fields[at.account_id.encode()], at.name)
    lasting = sealer.open(fields[f"{at.account_id}:refresh".encode()], f"{at.name}:refresh")
    return msgspec.msgpack.decode(passing)[2]["access_token"], lasting.decode()


class Drawers(NamedTuple):
    provider_configurations: ProviderConfigurations
    pushed: Pushed


def drawers(redis: Redis, ring: EncryptionKeys) -> Drawers:
    return Drawers(ProviderConfigurations(redis, Sealer(ring)), Pushed(redis, Sealer(ring)))


def rewrapping(redis: Redis) -> Rewrapping:
    return Rewrapping(redis, Sealer(BOTH))


async def walked(walk: Rewrapping, batch: int = 7) -> Position:
    position = await walk.begin(NOW)
    async for step in walk.walk(position, batch):
        position = step
    return position


async def test_everything_sealed_is_rewrapped(redis: Redis):
    """Grants, credentials and flows open with the newest key alone after a walk, with the same content and lifetime;
    whatever else stands in Redis is left alone."""
    before, after = drawers(redis, BEFORE), drawers(redis, AFTER)
    await keep(redis, BEFORE, USERS[0], 1)
    github = ProviderConfiguration(id="github", client_id="c", credentials={"client_secret": "s"})
    await before.provider_configurations.save(github)
    await before.pushed.save("secret", PushedRequest("app", {"state": "s"}))
    plain = {"user:{x}": "plain", "provider": "plain", "grantee:{x}": "plain"}
    await redis.mset(plain)
    lease = f"{ref(USERS[0]).account_id}:lease"
    await redis.hset(ref(USERS[0]).key, lease, "somebody")
    walk = rewrapping(redis)
    end = await walked(walk)
    assert (walk.rewrapped, end.broken, dict(walk.by_key)) == (4, 0, {"old": 4})
    assert await versions(redis, AFTER, USERS[0]) == ("a1", "r1")
    assert await after.provider_configurations.find("github") == github
    (pushed,) = await redis.keys("pushed:*")
    assert 0 < await redis.ttl(pushed) <= 60
    assert await after.pushed.take("secret") == PushedRequest("app", {"state": "s"})
    assert await redis.mget(plain) == [b"plain"] * 3
    assert await redis.hget(ref(USERS[0]).key, lease) == b"somebody"


# Files of the store that seal, and what their keys begin with. A new one goes here and into rewrap.PLACES.
SEALING = {
    "grants": {"grant"},
    "provider_configurations": {"provider"},
    "revocations": {"revocation"},
    "webhooks": {"webhook"},
    "account_sessions": {"account_session"},
    "drawer": {each.kind for each in TakeOnce.__subclasses__()},
}


async def test_every_drawer_that_seals_has_its_place():
    """No file of the store seals under keys that a walk passes by."""
    files = Path(rewrap.__file__).parent.glob("*.py")
    sealing = {path.stem for path in files if re.search(r"sealer\.seal\(", path.read_text())}
    assert sealing == set(SEALING)
    assert {f"{kind}:".encode() for kinds in SEALING.values() for kind in kinds} == set(rewrap.PLACES)


async def test_a_second_walk_finds_nothing_to_do(redis: Redis):
    """Rewrapping what was rewrapped changes no byte."""
    await keep(redis, BEFORE, USERS[0], 1)
    await walked(rewrapping(redis))
    fields = await redis.hgetall(ref(USERS[0]).key)
    again = rewrapping(redis)
    await walked(again)
    assert (again.rewrapped, dict(again.by_key)) == (0, {"new": 2})
    assert await redis.hgetall(ref(USERS[0]).key) == fields


@pytest.mark.parametrize(
    "writer", [BEFORE, BOTH], ids=["a broker with the old key", "a broker with the new key"]
)
async def test_a_refresh_beside_it_is_never_overwritten(redis: Redis, writer: EncryptionKeys):
    """Grants that are renewed all the while a walk runs hold their last renewal afterwards, whole."""
    last = dict.fromkeys(USERS, 1)
    for user_id in USERS:
        await keep(redis, BEFORE, user_id, 1)
    stop = asyncio.Event()

    async def refresh(mine: list[str]) -> None:
        while not stop.is_set():
            for user_id in mine:
                last[user_id] += 1
                await keep(redis, writer, user_id, last[user_id])

    writers = [asyncio.create_task(refresh(USERS[n::3])) for n in range(3)]
    walk = rewrapping(redis)
    for _ in range(5):
        assert (await walked(walk)).broken == 0
    stop.set()
    await asyncio.gather(*writers)
    assert min(last.values()) > 1
    assert walk.rewrapped > 0
    for user_id, version in last.items():
        assert await versions(redis, BOTH, user_id) == (f"a{version}", f"r{version}")


async def test_of_two_values_the_newer_wins(redis: Redis):
    """A value that was written after the walk read it and before it wrote stays, and is counted as not ours."""
    await keep(redis, BEFORE, USERS[0], 1)
    walk = rewrapping(redis)
    read = [found async for found in walk._sealed_in([ref(USERS[0]).key.encode()])]
    await keep(redis, BEFORE, USERS[0], 2)
    assert await walk._rewrap(read, dry=False) == 0
    assert walk.rewrapped == 0
    assert await versions(redis, BEFORE, USERS[0]) == ("a2", "r2")


async def test_a_record_that_is_gone_stays_gone(redis: Redis):
    """A grant or flow that ended while the walk was at it is not brought back."""
    await keep(redis, BEFORE, USERS[0], 1)
    await drawers(redis, BEFORE).pushed.save("secret", PushedRequest("app", {}))
    walk = rewrapping(redis)
    read = [found async for found in walk._sealed_in(await redis.keys("*"))]
    await redis.flushdb()
    await walk._rewrap(read, dry=False)
    assert await redis.dbsize() == 0


async def test_it_goes_on_where_it_was(redis: Redis):
    """A walk that ended in the middle is taken up at its last batch, and the two together miss nothing."""
    for user_id in USERS:
        await keep(redis, BEFORE, user_id, 1)
    first = rewrapping(redis)
    async for step in first.walk(await first.begin(NOW), 7):
        if step.keys > 20:
            break
    second = rewrapping(redis)
    start = await second.begin(NOW + 99)
    assert start.keys > 20
    assert start.started_at == NOW
    await walked(second)
    assert 0 < second.rewrapped < 2 * len(USERS)
    assert first.rewrapped + second.rewrapped == 2 * len(USERS)
    assert [await versions(redis, AFTER, user_id) for user_id in USERS] == [("a1", "r1")] * len(USERS)
    assert (await second.begin(NOW)).keys == 0


FORGOTTEN = {"another server process": {"server": "x"}, "another newest key": {"newest": "x"}}


@pytest.mark.parametrize("change", FORGOTTEN.values(), ids=FORGOTTEN)
async def test_a_position_of_another_walk_is_not_used(redis: Redis, change: dict[str, str]):
    """A cursor of a server that was restarted since, or of a walk to another key, would miss records: the walk begins anew."""
    walk = rewrapping(redis)
    position = msgspec.structs.replace(await walk.begin(NOW), cursor=5, keys=70)
    await redis.set("rewrap", msgspec.json.encode(position))
    assert await walk.begin(NOW) == position
    await redis.set("rewrap", msgspec.json.encode(msgspec.structs.replace(position, **change)))
    assert (await walk.begin(NOW)).cursor == 0


async def test_tv_02_broken_records_are_counted_and_left(redis: Redis):
    """TV-02: a record that was flipped, cut, swapped or never sealed is named, counted over interruptions too, and stays."""
    for user_id in USERS[:4]:
        await keep(redis, BEFORE, user_id, 1)
    a, b, c, d = (ref(user_id) for user_id in USERS[:4])
    sealed = await redis.hget(a.key, a.account_id)
    wrong = {a: sealed[:-1] + bytes([sealed[-1] ^ 1]), b: sealed, c: sealed[:20], d: b"nothing"}
    for at, value in wrong.items():
        await redis.hset(at.key, at.account_id, value)
    await redis.set("provider:{odd}", b"{}")
    walk = rewrapping(redis)
    end = await walked(walk, batch=2)
    assert end.broken == 5
    assert set(walk.broken) == {*(at.name for at in wrong), "provider:{odd}"}
    assert walk.rewrapped == 4
    assert [await redis.hget(at.key, at.account_id) for at in wrong] == list(wrong.values())


async def test_counting_changes_nothing(redis: Redis):
    """A dry walk counts records by key, writes nothing and leaves no position behind."""
    await keep(redis, BEFORE, USERS[0], 1)
    await keep(redis, BOTH, USERS[1], 1)
    fields = await redis.hgetall(ref(USERS[0]).key)
    walk = rewrapping(redis)
    async for _ in walk.walk(Position("", "new", 0), 1, dry=True):
        assert not await redis.exists("rewrap")
    assert dict(walk.by_key) == {"old": 2, "new": 2}
    assert await redis.hgetall(ref(USERS[0]).key) == fields
    assert {key_id_of(fields[name]) for name in fields if not name.endswith(b"version")} == {"old"}
