"""Refused redirect URLs: counted, the latest first, and never more than fit."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from broker.core.records import Refusal
from broker.store.connection import open_redis
from broker.store.refusals import KEYS, MOST, Refusals

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    client = open_redis(valkey)
    await client.delete(*KEYS)
    yield client
    await client.delete(*KEYS)
    await client.aclose()


def refusal(url: str, at: int = NOW, client_id: str = "default") -> Refusal:
    return Refusal(client_id=client_id, url=url, reason="the path differs", nearest=None, at=at)


async def test_one_record_however_often(redis: Redis):
    """The same address of the same client is one record, counted, with what was said last; of another client another."""
    drawer = Refusals(redis)
    for n in range(3):
        await drawer.note(refusal("app:/x", NOW + n))
    await drawer.note(refusal("app:/x", NOW, "other"))
    found = list((await drawer.latest()).values())
    assert [(each.client_id, each.count, each.at) for each in found] == [
        ("default", 3, NOW + 2),
        ("other", 1, NOW),
    ]


async def test_it_stays_small(redis: Redis):
    """However many addresses are tried, the last 200 are kept and all three keys hold no more."""
    drawer = Refusals(redis)
    for n in range(MOST + 20):
        await drawer.note(refusal(f"app:/{n}", NOW + n))
    found = [each.url for each in (await drawer.latest()).values()]
    assert found == [f"app:/{n}" for n in reversed(range(20, MOST + 20))]
    latest, counts, records = KEYS
    assert (await redis.zcard(latest), await redis.zcard(counts), await redis.hlen(records)) == (MOST,) * 3
    assert all([await redis.ttl(key) > 86_400 for key in KEYS])


async def test_forgotten(redis: Redis):
    """A forgotten one is gone, count and all, until it comes again."""
    drawer = Refusals(redis)
    await drawer.note(refusal("app:/x"))
    await drawer.note(refusal("app:/x"))
    (identifier,) = await drawer.latest()
    await drawer.forget(identifier)
    assert await drawer.latest() == {}
    assert await drawer.get(identifier) is None
    await drawer.note(refusal("app:/x"))
    assert (await drawer.latest())[identifier].count == 1
