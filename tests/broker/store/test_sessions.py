"""Rotation and lifetimes at the store, where time is an argument."""

import asyncio
from collections.abc import AsyncIterator

import fakeredis
import pytest
from redis.asyncio import Redis

from broker.core import refresh_token
from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.core.opaque import new_id, new_session_id
from broker.core.records import AuthorizationCode
from broker.store import Store
from broker.store.connection import open_redis
from broker.store.outbox import SETTLED, outbox_key
from broker.store.pushed import PushedRequest
from broker.store.sessions import ABSOLUTE_LIFETIME, GRACE, IDLE_LIFETIME, Rotation
from broker.store.users import user_key

pytestmark = pytest.mark.anyio

NOW = 2_000_000_000  # far in the future, so that Redis's own clock expires nothing
RING = new_encryption_key("k1")


@pytest.fixture(params=["valkey", "fakeredis"])
async def redis(request: pytest.FixtureRequest, valkey: str) -> AsyncIterator[Redis]:
    client = open_redis(valkey) if request.param == "valkey" else fakeredis.FakeAsyncRedis()
    yield client
    await client.aclose()


@pytest.fixture
def store(redis: Redis) -> Store:
    return Store.over(redis, EncryptionKeys.parse(RING))


def grant() -> AuthorizationCode:
    user_id = new_id("user")
    return AuthorizationCode(
        user_id=user_id,
        session_id=new_session_id(user_id),
        client_id="app_1",
        redirect_uri="https://app.example.com/cb",
        code_challenge="c",
        scope="profile",
        nonce=None,
        signed_in_at=NOW,
    )


async def save(store: Store, given: AuthorizationCode) -> str:
    """A code for somebody who is known."""
    await store.redis.hset(user_key(given.user_id), "created_at", str(NOW).encode())
    return await store.codes.save(given)


async def begin(store: Store, now: int = NOW) -> str:
    """A session under way; its first refresh token."""
    given = grant()
    code = await save(store, given)
    session, token = store.sessions.begin(given, now)
    assert await store.codes.redeem(code, given, session)
    return token


async def rotate(store: Store, token: str, now: int) -> tuple[Rotation, str | None]:
    shown = refresh_token.read(token)
    assert shown
    session = await store.sessions.find(shown.user_id, shown.session_id)
    return await store.sessions.rotate(shown, session, now) if session else (Rotation.UNKNOWN, None)


async def test_tk_02_the_gate(store: Store):
    """TK-02: a code is redeemed once, and is known as spent afterwards."""
    given = grant()
    code = await save(store, given)
    session, _ = store.sessions.begin(given, NOW)
    assert await store.codes.redeem(code, given, session) is True
    assert await store.codes.redeem(code, given, session) is False
    found = await store.codes.find(code)
    assert found is not None
    assert found.spent


async def test_a_killed_code_redeems_nothing(store: Store):
    """A code that was killed between find and redeem begins no session."""
    given = grant()
    code = await save(store, given)
    session, _ = store.sessions.begin(given, NOW)
    await store.codes.kill(code, given)
    assert not await store.codes.redeem(code, given, session)
    assert await store.sessions.find(given.user_id, given.session_id) is None


async def test_a_spent_code_keeps_its_mark(store: Store):
    """A kill that comes after the code was spent, decided on what was read before, does not erase that it was."""
    given = grant()
    code = await save(store, given)
    session, _ = store.sessions.begin(given, NOW)
    assert await store.codes.redeem(code, given, session)
    await store.codes.kill(code, given)
    found = await store.codes.find(code)
    assert found is not None
    assert found.spent


async def test_a_reused_session_leaves_the_list(store: Store, redis: Redis):
    """A session that reuse has ended is no longer among its user's sessions."""
    first = await begin(store)
    user_id = f"user_{first[3:27]}"
    assert await redis.zcard(f"sessions:{{{user_id}}}") == 1
    await rotate(store, first, NOW)
    await rotate(store, first, NOW + GRACE + 1)
    assert await redis.zcard(f"sessions:{{{user_id}}}") == 0


async def test_rt_04_the_grace_ends(store: Store):
    """RT-04: the same successor comes until the grace is over; a second later the repeat ends the session."""
    first = await begin(store)
    rotation, second = await rotate(store, first, NOW)
    assert rotation is Rotation.ROTATED
    assert await rotate(store, first, NOW + GRACE) == (Rotation.REPEATED, second)
    assert await rotate(store, first, NOW + GRACE + 1) == (Rotation.REUSED, None)
    assert await rotate(store, str(second), NOW + GRACE + 1) == (Rotation.UNKNOWN, None)


async def test_rt_04_a_new_ring_key_keeps_the_grace(redis: Redis, store: Store):
    """RT-04: a key put in front of the ring inside the grace does not change the successor."""
    first = await begin(store)
    _, second = await rotate(store, first, NOW)
    rotated = Store.over(redis, EncryptionKeys.parse(f"{new_encryption_key('k2')},{RING}"))
    assert await rotate(rotated, first, NOW + 1) == (Rotation.REPEATED, second)
    assert (await rotate(rotated, str(second), NOW + 2))[0] is Rotation.ROTATED


async def test_dropping_a_ring_key_signs_nobody_out(redis: Redis, store: Store):
    """A session whose tokens were made with a key that has left the ring can still be refreshed."""
    first = await begin(store)
    other = Store.over(redis, EncryptionKeys.parse(new_encryption_key("k2")))
    assert (await rotate(other, first, NOW))[0] is Rotation.ROTATED


async def test_rt_07_idle(store: Store):
    """RT-07: a session that is not refreshed for the idle lifetime is over; a refresh moves that end."""
    token = await begin(store)
    _, successor = await rotate(store, token, NOW + IDLE_LIFETIME - 1)
    assert (await rotate(store, str(successor), NOW + 2 * IDLE_LIFETIME - 2))[0] is Rotation.ROTATED
    assert await rotate(store, await begin(store), NOW + IDLE_LIFETIME) == (Rotation.UNKNOWN, None)


async def test_rt_07_absolute(store: Store):
    """RT-07: no rotation moves the absolute end."""
    token, now = await begin(store), NOW
    while now < NOW + ABSOLUTE_LIFETIME - IDLE_LIFETIME:
        now += IDLE_LIFETIME - 1
        rotation, successor = await rotate(store, token, now)
        assert rotation is Rotation.ROTATED
        token = str(successor)
    assert await rotate(store, token, NOW + ABSOLUTE_LIFETIME) == (Rotation.UNKNOWN, None)


async def test_first_sign_ins_at_once(store: Store):
    """Two first sign-ins of one identity at once lead to one user."""
    subject = new_id("subject")
    links = await asyncio.gather(*(store.users.link("stub", subject, NOW) for _ in range(10)))
    assert len({link.user_id for link in links}) == 1


async def test_take_once(store: Store):
    """A pushed request is taken once; what was never saved is None."""
    await store.pushed.save("secret", PushedRequest("app_1", {"a": "b"}))
    assert await store.pushed.take("secret") == PushedRequest("app_1", {"a": "b"})
    assert await store.pushed.take("secret") is None


async def test_an_overtaken_token_leaves_its_event(store: Store, redis: Redis):
    """A token that was good when it was looked up, and spent twice over before it was traded, ends the session; its
    event is in the outbox and the outbox is marked, though the way of a good token is spared the mark."""
    token = await begin(store)
    shown = refresh_token.read(token)
    assert shown
    looked_up = await store.sessions.find(shown.user_id, shown.session_id)
    assert looked_up
    _, second = await rotate(store, token, NOW)
    assert second
    await rotate(store, second, NOW)
    await redis.delete(outbox_key(shown.user_id), "outboxes")
    assert (await store.sessions.rotate(shown, looked_up, NOW))[0] is Rotation.REUSED
    (raw,) = (await store.outbox.read([shown.user_id]))[0]
    assert b"refresh_token_reused" in raw
    assert await redis.zscore("outboxes", shown.user_id) == NOW + SETTLED


async def test_a_session_revoked_twice_is_told_once(store: Store, redis: Redis):
    """Ending a session writes one event, and ending it again, or ending none, writes none."""
    shown = refresh_token.read(await begin(store))
    assert shown
    await redis.delete(outbox_key(shown.user_id))
    about = {"client_id": "app_1", "reason": "admin", "actor": "key_1", "now": NOW}
    assert await store.sessions.revoke(shown.user_id, shown.session_id, **about)
    assert not await store.sessions.revoke(shown.user_id, shown.session_id, **about)
    assert not await store.sessions.revoke(shown.user_id, new_id("sess"), **about)
    assert len((await store.outbox.read([shown.user_id]))[0]) == 1
