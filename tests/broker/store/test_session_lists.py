"""A user's sessions as a list, and a session found by its id alone."""

from collections.abc import AsyncIterator

import fakeredis
import pytest
from redis.asyncio import Redis

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.core.opaque import new_id, new_session_id
from broker.core.records import AuthorizationCode, Session
from broker.store import Store
from broker.store.users import user_key

pytestmark = pytest.mark.anyio
ADA, EVE = new_id("user"), new_id("user")


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    client = fakeredis.FakeAsyncRedis()
    yield client
    await client.aclose()


@pytest.fixture
def store(redis: Redis) -> Store:
    return Store.over(redis, EncryptionKeys.parse(new_encryption_key("k1")))


async def begin(store: Store, user_id: str, now: int) -> Session:
    grant = AuthorizationCode(
        user_id=user_id,
        session_id=new_session_id(user_id),
        client_id="app_1",
        redirect_uri="https://app.example.com/cb",
        code_challenge="c",
        scope="profile",
        nonce=None,
        signed_in_at=now,
    )
    await store.redis.hset(user_key(user_id), "created_at", str(now).encode())
    code = await store.codes.save(grant)
    session, _ = store.sessions.begin(grant, now)
    assert await store.codes.redeem(code, grant, session)
    return session


async def test_newest_first(store: Store):
    """A user's sessions are listed newest first, and nobody else's."""
    now = 4_000_000_000
    older, newer = await begin(store, ADA, now), await begin(store, ADA, now + 1)
    await begin(store, EVE, now)
    assert await store.sessions.of(ADA) == [newer, older]


async def test_what_ran_out_leaves_the_list(store: Store, redis: Redis):
    """A session whose record has run out is not listed, and its id goes from the list."""
    session = await begin(store, ADA, 4_000_000_000)
    await redis.delete(f"session:{{{ADA}}}:{session.id}")
    assert await store.sessions.of(ADA) == []
    assert await redis.zcard(f"sessions:{{{ADA}}}") == 0


async def test_found_by_its_id(store: Store):
    """The id alone leads to the session; with another user's name beside it, or cut, to nothing."""
    session = await begin(store, ADA, 4_000_000_000)
    assert await store.sessions.find_by_id(session.id) == session
    assert await store.sessions.find(EVE, session.id) is None
    assert await store.sessions.find_by_id(session.id[:-1]) is None
    assert await store.sessions.find_by_id(f"{session.id}\n") is None
