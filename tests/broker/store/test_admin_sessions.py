"""Sessions of the dashboard: an hour idle, eight hours at most, nothing in clear."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from broker.core.admin_session import LONGEST, AdminSession
from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.core.opaque import fingerprint, new_secret
from broker.store.admin_sessions import AdminSessions
from broker.store.connection import open_redis
from broker.store.sealing import Sealer

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000
SESSION = AdminSession(email="ada@example.com", expires_at=NOW + LONGEST)


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    client = open_redis(valkey)
    yield client
    await client.aclose()


@pytest.fixture
def drawer(redis: Redis) -> AdminSessions:
    return AdminSessions(redis, Sealer(EncryptionKeys.parse(new_encryption_key("test"))))


async def test_a_request_puts_off_the_end(redis: Redis, drawer: AdminSessions):
    """A session ends an hour after its last request: each use begins the hour anew."""
    secret = new_secret()
    await drawer.save(secret, SESSION)
    key = f"admin_session:{{{fingerprint(secret)}}}"
    await redis.expire(key, 5)
    assert await drawer.use(secret, NOW) == SESSION
    assert await redis.ttl(key) > 3500
    await redis.delete(key)
    assert await drawer.use(secret, NOW) is None


async def test_eight_hours_are_the_most(drawer: AdminSessions):
    """However busy, a session is over when its time is."""
    secret = new_secret()
    await drawer.save(secret, SESSION)
    assert await drawer.use(secret, NOW + LONGEST - 1) == SESSION
    assert await drawer.use(secret, NOW + LONGEST) is None
    await drawer.take(secret)


async def test_nothing_in_clear(redis: Redis, drawer: AdminSessions):
    """Redis has neither the cookie's value nor whose it is."""
    secret = new_secret()
    await drawer.save(secret, SESSION)
    assert not [key async for key in redis.scan_iter(f"*{secret}*")]
    assert b"ada" not in await redis.get(f"admin_session:{{{fingerprint(secret)}}}")
    await drawer.take(secret)
    assert await drawer.use(secret, NOW) is None
