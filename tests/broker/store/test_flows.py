"""Steps and counters on their way to Redis and back."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from broker.core.flows import Kind, Reason, Step, StepName
from broker.core.opaque import new_flow_id
from broker.core.tallies import Tally
from broker.store.connection import open_redis
from broker.store.flows import AT_ONCE, MOST_WAITING, STREAM, Flows
from broker.store.tallies import KEPT, Tallies
from tests.valkey import running_valkey

pytestmark = pytest.mark.anyio


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    with running_valkey() as url:
        client = open_redis(url)
        yield client
        await client.aclose()


@pytest.fixture
def tallies(redis: Redis) -> Tallies:
    return Tallies(redis)


@pytest.fixture
def flows(redis: Redis, tallies: Tallies) -> Flows:
    return Flows(redis, tallies)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def test_noting_waits_for_the_flush(redis: Redis, flows: Flows):
    """A step stands in Redis once it is flushed, and not before; a flush with nothing to write sends nothing."""
    await flows.flush()
    assert await redis.keys("*") == []
    flow_id = new_flow_id(now_ms())
    flows.note(flow_id, StepName.STARTED, client_id="app", provider="stub", target="app.example.com")
    assert await redis.exists(STREAM) == 0
    await flows.flush()
    found = await flows.find(flow_id)
    assert found is not None
    assert (found.client_id, found.provider, found.target) == ("app", "stub", "app.example.com")


async def test_two_processes_tell_one_flow(redis: Redis, flows: Flows):
    """Steps that two processes wrote, the later first, are one flow in the order in which they happened."""
    other, flow_id = Flows(redis, Tallies(redis)), new_flow_id(now_ms())
    flows.note(flow_id, StepName.STARTED)
    await asyncio.sleep(0.005)
    other.note(flow_id, StepName.AT_PROVIDER)
    await other.flush()
    await flows.flush()
    found = await flows.find(flow_id)
    assert found is not None
    assert [step.name for step in found.steps] == ["started", "at_provider"]


async def test_recent(flows: Flows):
    """The newest flows that are wanted, also where they lie further back than one read goes."""
    first = new_flow_id(now_ms() - 60_000)
    flows.note(first, StepName.STARTED, client_id="rare")
    await flows.flush()
    for _ in range(AT_ONCE + 10):
        flows.note(new_flow_id(now_ms()), StepName.STARTED, client_id="often")
    await flows.flush()
    assert [flow.id for flow in await flows.recent(lambda flow: flow.client_id == "rare", 5)] == [first]
    assert len(await flows.recent(lambda _: True, 7)) == 7
    assert await flows.recent(lambda flow: flow.client_id == "rare", 5, most_steps=AT_ONCE) == []
    assert await flows.find(first)
    assert await flows.find("flow_zz") is None
    assert await flows.find(new_flow_id(now_ms())) is None


async def test_bounds(redis: Redis, tallies: Tallies):
    """The stream keeps about as many steps as it is told; a process writes a thousand at a time and still counts the rest."""
    flows = Flows(redis, tallies, kept=200)
    for _ in range(MOST_WAITING + 50):
        flows.note(new_flow_id(now_ms()), StepName.STARTED, provider="stub")
    await flows.flush()
    assert 200 <= await redis.xlen(STREAM) <= 400
    (hour,) = await tallies.read(int(time.time()), 1)
    assert hour.count(Tally.STARTED) == MOST_WAITING + 50


async def test_what_is_counted(redis: Redis, flows: Flows, tallies: Tallies):
    """Steps count themselves by provider and reason: an exchange as a sign-in or a connection, also of a flow without id.
    Counters end by themselves after eight days."""
    flows.note("flow_a", StepName.EXCHANGED, provider="stub")
    flows.note("flow_b", StepName.EXCHANGED, provider="stub", kind=Kind.CONNECT)
    flows.died("", Reason.EXPIRED, provider="stub")
    flows.died("flow_c", Reason.CANCELLED, provider="other")
    tallies.count(Tally.REFRESHED, "stub")
    await flows.flush()
    tallies.count(Tally.REFRESHED, "stub")
    await flows.flush()
    hours = await tallies.read(int(time.time()), 2)
    assert {counted.field: number for counted, number in hours[-1].counts.items()} == {
        "signed_in:stub:": 1,
        "connected:stub:": 1,
        "failed:stub:expired": 1,
        "failed:other:cancelled": 1,
        "refreshed:stub:": 2,
    }
    (key,) = await redis.keys("tally:*")
    assert KEPT - 60 <= await redis.ttl(key) <= KEPT


async def test_a_strange_entry(redis: Redis, flows: Flows):
    """What does not read as a step is left out, and hides no other."""
    await redis.xadd(STREAM, {"step": b"{"})
    await redis.xadd(STREAM, {"other": b"1"})
    await redis.xadd(STREAM, {"step": b'{"flow":"f","name":"of_tomorrow","at":1}'})
    flows.note("flow_a", StepName.STARTED)
    await flows.flush()
    assert [flow.id for flow in await flows.recent(lambda _: True, 5)] == ["flow_a"]


async def test_redis_away():
    """Without Redis nothing is raised and nothing piles up."""
    client = open_redis("redis://127.0.0.1:1")
    flows = Flows(client, Tallies(client))
    flows.note("flow_a", StepName.STARTED)
    await flows.flush()
    assert flows.waiting == ()
    await client.aclose()


async def test_it_flushes_by_itself(flows: Flows):
    """While it runs, what is noted is to be read within a second."""
    running = asyncio.create_task(flows.run())
    flows.note("flow_a", StepName.STARTED)
    await asyncio.sleep(1)
    running.cancel()
    assert await flows.recent(lambda _: True, 1)


def test_a_step_has_no_room_for_a_secret():
    """A step is made of ids, words of fixed lists and the app's place: there is no field for a code, a state or an address."""
    assert set(Step.__struct_fields__) == {
        "flow",
        "name",
        "at",
        "kind",
        "client_id",
        "provider",
        "target",
        "user_id",
        "reason",
        "rule",
    }
