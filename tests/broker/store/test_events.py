"""The audit log as it is read: pages without gaps, filters, a bound."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from broker.core.events import happened
from broker.store.connection import open_redis
from broker.store.events import Events, Question
from tests.valkey import running_valkey

pytestmark = pytest.mark.anyio


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    with running_valkey() as url:
        client = open_redis(url)
        yield client
        await client.aclose()


@pytest.fixture(params=[500, 2])
async def events(redis: Redis, request: pytest.FixtureRequest) -> Events:
    """Twelve events at seconds 0 to 11: two types in turn, three users in turn; read in one round trip or many."""
    log = Events(redis, at_once=request.param)
    for n in range(12):
        kind = ("session.created", "session.revoked")[n % 2]
        await log.add(happened(kind, n, user_id=f"user_{n % 3}"))
    return log


async def seconds(events: Events, limit: int = 99, **question: str | None) -> list[int]:
    return [entry.event.created_at for entry in await events.search(Question(**question), limit)]


async def test_newest_first(events: Events):
    """Without a question the newest come first, as many as asked for."""
    assert await seconds(events, 3) == [11, 10, 9]
    assert await events.count(Question()) == 12


async def test_filters(events: Events):
    """By type and by user, and both."""
    assert await seconds(events, type="session.revoked") == [11, 9, 7, 5, 3, 1]
    assert await seconds(events, user_id="user_0") == [9, 6, 3, 0]
    assert await seconds(events, type="session.revoked", user_id="user_0") == [9, 3]
    assert await seconds(events, 1, user_id="user_1") == [10]
    assert await events.count(Question(type="session.revoked", user_id="user_0")) == 2
    assert await seconds(events, type="nothing") == []


async def test_pages(events: Events):
    """`before` goes on to the next older ones and `after` to the next newer ones, both newest first; together they
    bound a part."""
    entries = await events.search(Question(), 99)
    cursor = {entry.event.created_at: entry.cursor for entry in entries}
    assert await seconds(events, 3, before=cursor[9]) == [8, 7, 6]
    assert await seconds(events, 3, after=cursor[5]) == [8, 7, 6]
    assert await seconds(events, after=cursor[11]) == []
    assert await seconds(events, before=cursor[0]) == []
    assert await seconds(events, after=cursor[2], before=cursor[6]) == [5, 4, 3]
    assert await seconds(events, 1, after=cursor[2], user_id="user_1") == [4]


async def test_the_log_is_bounded(redis: Redis):
    """The oldest go, so the log stays near what is kept however much happens."""
    log = Events(redis, kept=100)
    for n in range(500):
        await log.add(happened("session.created", n))
    assert 100 <= await log.count(Question()) <= 300
    assert (await seconds(log, 1)) == [499]
