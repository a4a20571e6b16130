"""Sessions of the account page as records: what whoever writes to Redis can and cannot make of them."""

import time
from collections.abc import AsyncIterator

import fakeredis
import msgspec
import pytest
from redis.asyncio import Redis

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.core.opaque import fingerprint, new_id
from broker.core.records import AccountSession
from broker.store import Store
from broker.store.account_sessions import account_session_key
from broker.store.connection import open_redis
from broker.store.users import account_sessions_key, user_key

pytestmark = pytest.mark.anyio
RING = EncryptionKeys.parse(new_encryption_key("k1"))


@pytest.fixture(params=["valkey", "fakeredis"])
async def redis(request: pytest.FixtureRequest, valkey: str) -> AsyncIterator[Redis]:
    client = open_redis(valkey) if request.param == "valkey" else fakeredis.FakeAsyncRedis()
    yield client
    await client.aclose()


@pytest.fixture
def store(redis: Redis) -> Store:
    return Store.over(redis, RING)


async def begun(store: Store, redis: Redis, lifetime: int = 28_800) -> tuple[AccountSession, str, str]:
    """A session of a user who is there, what its browser holds, and its key."""
    now = int(time.time())
    session = AccountSession(
        user_id=new_id("user"), signed_in_at=now, begun_at=now, expires_at=now + lifetime, proven=True
    )
    await redis.hset(user_key(session.user_id), "created_at", now)
    value = await store.account_sessions.begin(session)
    assert value
    return session, value, account_session_key(session.user_id, fingerprint(value))


async def test_it_is_found_and_listed(store: Store, redis: Redis):
    """A session is found by what its browser holds, listed by its mark, and idle anew when it was looked at."""
    session, value, key = await begun(store, redis)
    assert 0 < await redis.ttl(key) <= 1_800
    await redis.expire(key, 5)
    assert await store.account_sessions.find(value, session.begun_at + 60) == session
    assert 1_700 < await redis.ttl(key) <= 1_860
    (listed,) = await store.account_sessions.of(session.user_id, session.begun_at)
    assert listed == (fingerprint(value), session, session.begun_at + 60)


async def test_idle_time_ends_with_the_session(store: Store, redis: Redis):
    """However often it is looked at, a session is not idle beyond its end."""
    session, value, key = await begun(store, redis, lifetime=100)
    assert await store.account_sessions.find(value, session.begun_at + 50)
    assert 0 < await redis.ttl(key) <= 100
    assert await store.account_sessions.find(value, session.begun_at + 100) is None


async def test_an_end_that_was_moved(store: Store, redis: Redis):
    """TV-02: the end that counts is the sealed one: moving what stands beside it wins no hour."""
    session, value, key = await begun(store, redis, lifetime=100)
    await redis.hset(key, "expires_at", session.begun_at + 999_999)
    assert await store.account_sessions.find(value, session.begun_at + 100) is None


async def test_a_record_moved_to_another_user(store: Store, redis: Redis):
    """TV-01: one user's record in the place of another's opens nothing, and is listed nowhere."""
    _, _, mine = await begun(store, redis)
    other, theirs, their_key = await begun(store, redis)
    await redis.hset(their_key, "record", await redis.hget(mine, "record") or b"")
    assert await store.account_sessions.find(theirs, other.begun_at) is None
    assert await store.account_sessions.of(other.user_id, other.begun_at) == []


@pytest.mark.parametrize("how", [b"", b"x", b'{"user_id":"user_x"}'])
async def test_an_altered_record(store: Store, redis: Redis, how: bytes):
    """TV-02: a record that was altered in any way is none."""
    session, value, key = await begun(store, redis)
    await redis.hset(key, "record", how)
    assert await store.account_sessions.find(value, session.begun_at) is None


async def test_nobody_begins_for_a_user_who_is_gone(store: Store, redis: Redis):
    """For a user who was deleted, a moment ago or long ago, no session begins and no key is left."""
    session, _, _ = await begun(store, redis)
    gone = msgspec.structs.replace(session, user_id=new_id("user"))
    assert await store.account_sessions.begin(gone) is None
    assert await redis.exists(account_sessions_key(gone.user_id)) == 0


async def test_it_ends_once(store: Store, redis: Redis):
    """An ended session is found and listed no more; ending it again ends nothing, and so does naming what is no mark."""
    session, value, _ = await begun(store, redis)
    mark = fingerprint(value)
    for named in ("", "*", "x" * 64, value):
        assert await store.account_sessions.end(session.user_id, named, session.begun_at) is False
    assert await store.account_sessions.end(session.user_id, mark, session.begun_at) is True
    assert await store.account_sessions.end(session.user_id, mark, session.begun_at) is False
    assert await store.account_sessions.find(value, session.begun_at) is None
    assert await store.account_sessions.of(session.user_id, session.begun_at) == []


@pytest.mark.parametrize(
    "value", ["", "as_x", "as_" + "0" * 24 + "_", "as_" + "g" * 24 + "_" + "a" * 43, "*"]
)
async def test_what_no_browser_was_given(store: Store, value: str):
    """Text that cannot be a session's value is never made part of a key."""
    assert await store.account_sessions.find(value, int(time.time())) is None
