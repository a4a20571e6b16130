"""The directory of users: entered again and again, found by age, sign-in and address, forgotten without a trace."""

from asyncio import gather
from collections.abc import AsyncIterator
from typing import cast

import fakeredis
import pytest
from redis.asyncio import Redis

from broker.store.commands import Commands
from broker.store.connection import open_redis
from broker.store.directory import Directory
from tests.redis_proxy import running_proxy

pytestmark = pytest.mark.anyio


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    client = fakeredis.FakeAsyncRedis()
    yield client
    await client.aclose()


@pytest.fixture
def directory(redis: Redis) -> Directory:
    return Directory(cast("Commands", redis))


async def test_every_order(directory: Directory):
    """The first sign-in gives the place by age, the last one the place by sign-in; both read from either end."""
    for user_id, now in (("user_a", 1), ("user_b", 2), ("user_c", 3), ("user_a", 4)):
        await directory.enter(user_id, None, now)
    assert await directory.list(0, 10) == ["user_c", "user_b", "user_a"]
    assert await directory.list(0, 10, newest_first=False) == ["user_a", "user_b", "user_c"]
    assert await directory.list(0, 10, "last_sign_in_at") == ["user_a", "user_c", "user_b"]
    assert await directory.list(1, 1) == ["user_b"]
    assert await directory.list(3, 10) == []
    assert await directory.count() == 3


async def test_addresses(directory: Directory):
    """Case and space around an address do not matter; two users may have one address; an unknown one finds nobody."""
    await directory.enter("user_a", "Ada@Example.com", 1)
    await directory.enter("user_b", "ada@example.com ", 1)
    assert await directory.by_emails(["ADA@example.com", "eve@example.com"]) == {"user_a", "user_b"}
    assert await directory.by_emails(["eve@example.com"]) == set()
    assert await directory.by_emails([]) == set()


async def test_who_leaves_leaves_nothing(directory: Directory, redis: Redis):
    """After leaving no key names the user, under an address they had long ago neither; others stay, and to leave again
    does no harm."""
    await directory.enter("user_a", "old@example.com", 1)
    await directory.enter("user_a", "new@example.com", 2)
    await directory.leave("user_a")
    await directory.leave("user_a")
    assert await redis.keys("*") == []
    await directory.enter("user_a", "old@example.com", 1)
    await directory.enter("user_b", "old@example.com", 2)
    await directory.leave("user_a")
    assert await directory.by_emails(["old@example.com"]) == {"user_b"}
    assert await directory.list(0, 10) == ["user_b"]


async def test_no_address_stands_in_redis(directory: Directory, redis: Redis):
    """Keys and values hold a digest of an address and not the address."""
    await directory.enter("user_a", "ada.canary@example.com", 1)
    keys = [key.decode() for key in await redis.keys("*")]
    members = await redis.smembers("emails:{user_a}")
    assert "canary" not in f"{keys} {members}"


async def test_entering_costs_no_round_trip_of_its_own(valkey: str):
    """An entry goes out with what it is gathered with."""
    with running_proxy(valkey) as (proxy, url):
        client = open_redis(url)
        await client.ping()
        proxy.reset()
        directory = Directory(cast("Commands", client))
        await gather(directory.enter("user_x", "x@example.com", 1), client.get("directory:other"))
        assert proxy.round_trips == 1
        await directory.leave("user_x")
        await client.aclose()
