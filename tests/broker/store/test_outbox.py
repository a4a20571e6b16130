"""The outbox between those who change a user's state and the drain: nothing lost, whoever comes between."""

from collections.abc import AsyncIterator

import fakeredis
import pytest
from redis.asyncio import Redis

from broker.core.events import Event, happened
from broker.core.opaque import new_id
from broker.store.connection import open_redis
from broker.store.outbox import LEASE, SETTLED, Outbox, encode, outbox_key
from tests.valkey import running_valkey

pytestmark = pytest.mark.anyio

NOW = 2_000_000_000


@pytest.fixture(scope="module")
def own_valkey() -> AsyncIterator[str]:
    """Without a broker, whose leader would drain what is written here."""
    with running_valkey() as url:
        yield url


@pytest.fixture(params=["valkey", "fakeredis"])
async def redis(request: pytest.FixtureRequest, own_valkey: str) -> AsyncIterator[Redis]:
    client = open_redis(own_valkey) if request.param == "valkey" else fakeredis.FakeAsyncRedis()
    yield client
    await client.flushall()
    await client.aclose()


@pytest.fixture
def outbox(redis: Redis) -> Outbox:
    return Outbox(redis)


def event(user_id: str) -> Event:
    return happened("session.created", NOW, user_id=user_id)


async def write(outbox: Outbox, redis: Redis, user_id: str, event: Event, now: int = NOW) -> None:
    await outbox.marked(user_id, now - SETTLED, redis.rpush(outbox_key(user_id), *encode([event])))


async def test_claimed_once(outbox: Outbox, redis: Redis):
    """Of two drains one gets a user, and the other only when the lease is over."""
    user = new_id("user")
    await write(outbox, redis, user, event(user))
    (look,) = await outbox.claim(NOW, 10)
    assert (look.user_id, look.again) == (user, False)
    assert await outbox.claim(NOW, 10) == []
    assert await outbox.claim(NOW + LEASE - 1, 10) == []
    (second,) = await outbox.claim(NOW + LEASE + 1, 10)
    assert second.user_id == user
    assert second.again


async def test_what_comes_meanwhile_stays(outbox: Outbox, redis: Redis):
    """Exactly the events that were read are removed; one that came since is still there, and its mark leads to it."""
    user = new_id("user")
    first, later = event(user), event(user)
    await write(outbox, redis, user, first)
    await outbox.claim(NOW, 10)
    raw = (await outbox.read([user]))[0]
    await write(outbox, redis, user, later, NOW + 1)
    await outbox.remove({user: raw})
    (look,) = await outbox.claim(NOW + 1, 10)
    assert (await outbox.read([look.user_id]))[0] == encode([later])


async def test_a_mark_keeps_a_user(outbox: Outbox, redis: Redis):
    """A user who was marked since the claim is not forgotten, though the list was empty."""
    user = new_id("user")
    await outbox.mark(user, NOW - SETTLED)
    (look,) = await outbox.claim(NOW, 10)
    await outbox.mark(user, NOW - SETTLED)
    await outbox.leave([look])
    assert len(await outbox.claim(NOW, 10)) == 1


async def test_a_stale_lease_forgets_nobody(outbox: Outbox, redis: Redis):
    """A drain that was overtaken cannot make the other one's user be forgotten, in the same second either."""
    user = new_id("user")
    await outbox.mark(user, NOW - SETTLED)
    (slow,) = await outbox.claim(NOW, 10)
    await outbox.mark(user, NOW - SETTLED)
    (quick,) = await outbox.claim(NOW, 10)
    assert slow.lease != quick.lease
    await outbox.leave([slow])
    assert await redis.zcard("outboxes") == 1
    await outbox.leave([quick])
    assert await redis.zcard("outboxes") == 0


async def test_the_oldest_first(outbox: Outbox, redis: Redis):
    """A claim takes as many as asked for, those who wait longest first, and nobody of the future."""
    users = [new_id("user") for _ in range(3)]
    for n, user in enumerate(users):
        await outbox.mark(user, NOW - SETTLED + n)
    assert [look.user_id for look in await outbox.claim(NOW + 1, 1)] == users[:1]
    assert [look.user_id for look in await outbox.claim(NOW + 1, 9)] == users[1:2]
