"""Deliveries at the store: one claimer at a time, none lost, none doubled by a slow process, memory bounded."""

from collections.abc import AsyncIterator

import fakeredis
import pytest
from redis.asyncio import Redis

from broker.core.events import happened
from broker.core.opaque import new_id
from broker.core.webhooks import Delivery, delivery_of
from broker.store.connection import open_redis
from broker.store.deliveries import LEASE, Deliveries, endpoint_key, keys_of

pytestmark = pytest.mark.anyio

NOW = 2_000_000_000


@pytest.fixture(params=["valkey", "fakeredis"])
async def redis(request: pytest.FixtureRequest, valkey: str) -> AsyncIterator[Redis]:
    client = open_redis(valkey) if request.param == "valkey" else fakeredis.FakeAsyncRedis()
    yield client
    await client.aclose()


@pytest.fixture
def deliveries(redis: Redis) -> Deliveries:
    return Deliveries(redis)


@pytest.fixture
async def endpoint(deliveries: Deliveries, redis: Redis) -> AsyncIterator[str]:
    """Its id; no broker knows it, so no broker delivers to it."""
    endpoint_id = new_id("we")
    await redis.set(endpoint_key(endpoint_id), b"its record")
    yield endpoint_id
    await deliveries.forget(endpoint_id)
    await redis.delete(endpoint_key(endpoint_id))


def delivery() -> Delivery:
    return delivery_of(happened("session.created", NOW, user_id="user_1"))


async def test_queued_once(deliveries: Deliveries, endpoint: str):
    """A drain that comes twice has an event sent once."""
    one = delivery()
    assert await deliveries.queue(endpoint, one, NOW)
    assert await deliveries.queue(endpoint, one, NOW)
    assert await deliveries.claim(endpoint, NOW, 10) == [one]


async def test_nothing_for_a_deleted_endpoint(deliveries: Deliveries, endpoint: str, redis: Redis):
    """A drain that still knew an endpoint when it was deleted leaves nothing behind."""
    await redis.delete(endpoint_key(endpoint))
    await deliveries.queue(endpoint, delivery(), NOW)
    assert await redis.exists(*keys_of(endpoint)) == 0


async def test_claimed_by_one(deliveries: Deliveries, endpoint: str):
    """What one process has claimed no other gets before the lease is over; what nobody finished comes again."""
    one = delivery()
    await deliveries.queue(endpoint, one, NOW)
    assert await deliveries.claim(endpoint, NOW, 10) == [one]
    assert await deliveries.claim(endpoint, NOW + LEASE - 1, 10) == []
    assert await deliveries.claim(endpoint, NOW + LEASE, 10) == [one]


async def test_done(deliveries: Deliveries, endpoint: str, redis: Redis):
    """What arrived leaves nothing behind, and a slower process cannot bring it back."""
    one = delivery()
    await deliveries.queue(endpoint, one, NOW)
    await deliveries.done(endpoint, one)
    await deliveries.retry(endpoint, one, NOW)
    await deliveries.bury(endpoint, one, NOW)
    assert await redis.exists(*keys_of(endpoint)) == 0


async def test_retry(deliveries: Deliveries, endpoint: str):
    """What failed comes again at its time, with its attempts counted."""
    one = delivery()
    await deliveries.queue(endpoint, one, NOW)
    tried = Delivery(**{**as_dict(one), "attempts": 1, "last_outcome": "status 500"})
    await deliveries.retry(endpoint, tried, NOW + 5)
    assert await deliveries.claim(endpoint, NOW + 4, 10) == []
    assert await deliveries.claim(endpoint, NOW + 5, 10) == [tried]


async def test_dead_letters(deliveries: Deliveries, endpoint: str):
    """What is given up is listed, the latest first, and resent from the start when asked for; once."""
    letters = [Delivery(**{**as_dict(delivery()), "attempts": 10}) for _ in range(3)]
    for n, letter in enumerate(letters):
        await deliveries.queue(endpoint, letter, NOW)
        await deliveries.bury(endpoint, letter, NOW + n)
    assert await deliveries.claim(endpoint, NOW + 99, 10) == []
    assert await deliveries.dead_letters(endpoint, 0, 2) == (letters[:0:-1], 3)
    assert await deliveries.resend(endpoint, letters[0].event_id, NOW)
    assert not await deliveries.resend(endpoint, letters[0].event_id, NOW)
    assert not await deliveries.resend(endpoint, "evt_unknown", NOW)
    (again,) = await deliveries.claim(endpoint, NOW, 10)
    assert (again.event_id, again.body, again.attempts) == (letters[0].event_id, letters[0].body, 0)
    assert (await deliveries.dead_letters(endpoint, 0, 9))[1] == 2


async def test_memory_is_bounded(endpoint: str, redis: Redis):
    """Beyond the most that may wait a delivery is given up at once, and beyond the most dead the oldest is dropped
    with its record."""
    deliveries = Deliveries(redis, most_waiting=2, most_dead=2)
    sent = [delivery() for _ in range(6)]
    waits = [await deliveries.queue(endpoint, one, NOW + n) for n, one in enumerate(sent)]
    assert waits == [True, True, False, False, False, False]
    letters, total = await deliveries.dead_letters(endpoint, 0, 9)
    assert ([one.event_id for one in letters], total) == ([sent[5].event_id, sent[4].event_id], 2)
    assert await redis.hlen(keys_of(endpoint)[2]) == 4
    await deliveries.bury(endpoint, sent[0], NOW + 9)
    assert await redis.hlen(keys_of(endpoint)[2]) == 3


def as_dict(one: Delivery) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__struct_fields__}
