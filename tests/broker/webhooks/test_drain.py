"""From the outboxes to the audit log and the queues, with deaths in between."""

import pytest

from broker.core.events import Event
from broker.core.webhooks import Delivery
from broker.store import Store
from broker.store.events import Question
from broker.store.outbox import LEASE, SETTLED, outbox_key
from broker.webhooks.drain import Drain
from tests.broker.webhooks.conftest import endpoint, happen

pytestmark = pytest.mark.anyio

NOW = 2_000_000_000
URL = "https://backend.example.com/hooks"


async def logged(store: Store) -> list[Event]:
    return [entry.event for entry in await store.events.search(Question(), 99)]


async def waiting(store: Store, endpoint_id: str) -> list[Delivery]:
    return await store.deliveries.claim(endpoint_id, NOW + 2 * LEASE, 99)


async def test_to_the_log_and_to_who_hears_it(store: Store):
    """An event comes into the log as it is, and is queued for each endpoint that asked for its type."""
    every, some, none, off = (
        endpoint(URL),
        endpoint(URL, "session.created", "user.deleted"),
        endpoint(URL, "session.revoked"),
        endpoint(URL, reason="admin"),
    )
    for each in (every, some, none, off):
        await store.webhooks.add(each)
    event = await happen(store, NOW)
    await Drain(store).drain_outboxes(NOW)
    assert await logged(store) == [event]
    assert event.user_id
    assert (await store.outbox.read([event.user_id]))[0] == []
    queued = {
        each.id: [one.event_id for one in await waiting(store, each.id)] for each in (every, some, none, off)
    }
    assert queued == {every.id: [event.id], some.id: [event.id], none.id: [], off.id: []}


async def test_a_user_is_forgotten(store: Store):
    """When the events of a user are out no key of theirs is left; a mark without an event is followed twice, a lease
    apart, since a mark comes before its event."""
    event, drain = await happen(store, NOW), Drain(store)
    await drain.drain_outboxes(NOW)
    assert event.user_id
    assert await store.redis.exists("outboxes") == 0
    assert await store.redis.exists(outbox_key(event.user_id)) == 0
    await store.outbox.mark(event.user_id, NOW - SETTLED)
    for at, left in ((NOW, 1), (NOW + LEASE - 1, 1), (NOW + LEASE + 1, 0)):
        await drain.drain_outboxes(at)
        assert await store.redis.zcard("outboxes") == left


async def test_an_event_that_lags_behind_its_mark(store: Store):
    """An event whose mark was drained before it was written is found at the next look."""
    drain, now = Drain(store), NOW
    event = await happen(store, now)
    assert event.user_id
    (raw,) = (await store.outbox.read([event.user_id]))[0]
    await store.outbox.remove({event.user_id: [raw]})
    await drain.drain_outboxes(now)
    await store.redis.rpush(outbox_key(event.user_id), raw)  # type: ignore[attr-defined]
    await drain.drain_outboxes(now + LEASE + 1)
    assert await logged(store) == [event]


@pytest.mark.parametrize("step", ["claim", "log", "queue"])
async def test_a_drain_that_died(store: Store, step: str):
    """Whatever a drain had done when it died, the next one after its lease loses nothing: the event is in the log under
    the same id, queued once, and gone from the outbox."""
    hearing = endpoint(URL)
    await store.webhooks.add(hearing)
    event = await happen(store, NOW)
    assert event.user_id
    await store.outbox.claim(NOW, 10)
    if step in {"log", "queue"}:
        await store.events.add(event)
    if step == "queue":
        await Drain(store)._pass_on([event], NOW)
    await Drain(store).drain_outboxes(NOW + 1)
    assert len((await store.outbox.read([event.user_id]))[0]) == 1, "it is another's for as long as the lease"
    await Drain(store).drain_outboxes(NOW + LEASE + 1)
    assert {each.id for each in await logged(store)} == {event.id}
    assert [one.event_id for one in await waiting(store, hearing.id)] == [event.id]
    assert (await store.outbox.read([event.user_id]))[0] == []


async def test_a_broken_event_stops_no_other(store: Store):
    """What does not read as an event is dropped, and the one behind it goes on."""
    event = await happen(store, NOW)
    assert event.user_id
    await store.redis.lpush(outbox_key(event.user_id), b"\xff{not json")  # type: ignore[attr-defined]
    await Drain(store).drain_outboxes(NOW)
    assert await logged(store) == [event]
    assert (await store.outbox.read([event.user_id]))[0] == []


async def test_a_broken_endpoint_stops_no_other(store: Store):
    """An endpoint whose secrets were altered in Redis gets nothing, and the other one its event."""
    good, bad = endpoint(URL), endpoint(URL)
    for each in (good, bad):
        await store.webhooks.add(each)
    sealed = await store.redis.get(f"webhook:{{{bad.id}}}") or b""
    at = sealed.index(b'"secrets"', sealed.index(b'"secrets"') + 1) + 60
    await store.redis.set(f"webhook:{{{bad.id}}}", sealed[:at] + b"AAAA" + sealed[at + 4 :])
    event = await happen(store, NOW)
    await Drain(store).drain_outboxes(NOW)
    assert [one.event_id for one in await waiting(store, good.id)] == [event.id]
    assert await waiting(store, bad.id) == []


async def test_many_users(store: Store):
    """One run drains more users than a claim takes."""
    for _ in range(230):
        await happen(store, NOW)
    await Drain(store).drain_outboxes(NOW)
    assert await store.events.count(Question()) == 230
