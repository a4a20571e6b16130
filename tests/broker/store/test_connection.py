"""The way to Redis: what one turn of the loop asks is sent together, and nothing is sent twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Gone
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as Silent

from broker.store.connection import open_redis
from tests.redis_proxy import RedisProxy, running_proxy

pytestmark = pytest.mark.anyio


@pytest.fixture
def proxy(valkey: str) -> Iterator[tuple[RedisProxy, str]]:
    with running_proxy(valkey) as running:
        yield running


@pytest.fixture
async def client(proxy: tuple[RedisProxy, str]) -> AsyncIterator[Redis]:
    """A connected client, its counter at zero."""
    _, url = proxy
    client = open_redis(url)
    await client.ping()
    proxy[0].reset()
    yield client
    await client.aclose()


async def test_side_by_side_is_one_round_trip(proxy: tuple[RedisProxy, str], client: Redis):
    """Ten commands asked in one turn are one round trip; ten asked one after another are ten."""
    await asyncio.gather(*(client.get(f"connection:{n}") for n in range(10)))
    assert proxy[0].round_trips == 1
    for n in range(10):
        await client.get(f"connection:{n}")
    assert proxy[0].round_trips == 11


async def test_each_gets_its_own_answer_or_error(client: Redis):
    """In a batch each caller gets the answer to its own command, and one's error is nobody else's."""
    await client.set("connection:text", "x")
    asked = [
        client.get("connection:text"),
        client.lpush("connection:text", "y"),
        client.exists("connection:none"),
    ]
    text, wrong, none = await asyncio.gather(*asked, return_exceptions=True)
    assert (text, none) == (b"x", 0)
    assert isinstance(wrong, ResponseError)


async def test_who_goes_away_takes_nobody_along(client: Redis):
    """A caller that is cancelled while its batch is under way does not cost the others their answers."""
    impatient = asyncio.create_task(client.get("connection:text"))
    patient = asyncio.create_task(client.ping())
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient
    assert await client.ping()


async def test_a_write_whose_answer_is_lost_is_sent_once(
    proxy: tuple[RedisProxy, str], client: Redis, valkey: str
):
    """A write that Valkey carried out and never answered fails, and is not repeated."""
    async with open_redis(valkey) as direct:
        await direct.delete("connection:count")
        proxy[0].losing_answers = True
        with pytest.raises(Silent):
            await client.incr("connection:count")
        proxy[0].losing_answers = False
        assert await direct.get("connection:count") == b"1"
    assert await client.incr("connection:count") == 2


async def test_nobody_there_is_an_error_for_all(tmp_path: object):
    """Without a server every caller of a batch gets the error, none waits for ever."""
    async with open_redis(f"unix://{tmp_path}/none") as client:
        outcomes = await asyncio.gather(*(client.ping() for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [Gone] * 5
