"""Deliveries to a real receiver, which verifies them with the unmodified `standardwebhooks`."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from standardwebhooks import WebhookVerificationError

from broker.core.events import Event, happened
from broker.core.webhooks import Endpoint, delivery_of
from broker.providers.upstream import Upstream
from broker.store import Store
from broker.store.deliveries import LEASE
from broker.webhooks.sender import AT_ONCE, Sender
from tests.broker.webhooks.conftest import SECRET, endpoint, happen
from tests.webhook_receiver import WebhookReceiver

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sender(store: Store, upstream: Upstream) -> AsyncIterator[Sender]:
    """Tries again at once, then again at once, then gives up."""
    opened = Sender(store, upstream, delays=(0, 0))
    yield opened
    await opened.close()


def now() -> int:
    return int(time.time())


async def queued(store: Store, url: str) -> tuple[Endpoint, Event]:
    """An endpoint, and an event on its way there."""
    at, event = endpoint(url), happened("session.created", now(), user_id="user_1", session_id="sess_1")
    await store.webhooks.add(at)
    await store.deliveries.queue(at.id, delivery_of(event), now())
    return at, event


async def test_delivered_and_verified(store: Store, sender: Sender, receiver: WebhookReceiver):
    """A delivery verifies with the standard's own library, says what happened, and leaves nothing behind."""
    at, event = await queued(store, f"{receiver.url}/a")
    await sender.deliver_webhooks(now())
    (call,) = receiver.calls
    assert call.id == event.id
    assert call.headers["content-type"] == "application/json"
    payload = call.verified(SECRET.text)
    assert payload["type"] == "session.created"
    assert payload["data"] == {"user_id": "user_1", "session_id": "sess_1"}
    assert await store.deliveries.waiting(at.id) == 0
    assert await store.redis.exists(f"delivery_records:{{{at.id}}}") == 0


async def test_a_changed_byte_does_not_verify(store: Store, sender: Sender, receiver: WebhookReceiver):
    """Whichever byte of the body is changed, or the id, or the time: the receiver's library refuses it."""
    await queued(store, f"{receiver.url}/a")
    await sender.deliver_webhooks(now())
    (call,) = receiver.calls
    assert call.verified(SECRET.text)
    for n in range(len(call.body)):
        body = call.body[:n] + bytes([call.body[n] ^ 1]) + call.body[n + 1 :]
        with pytest.raises(WebhookVerificationError):
            type(call)(call.path, call.headers, body).verified(SECRET.text)
    for name in ("webhook-id", "webhook-timestamp"):
        changed = {**call.headers, name: call.headers[name][:-1] + "x"[: name == "webhook-id"] or "1"}
        with pytest.raises(WebhookVerificationError):
            type(call)(call.path, changed, call.body).verified(SECRET.text)


async def test_a_failure_is_tried_again(store: Store, sender: Sender, receiver: WebhookReceiver):
    """After a 500 the same event comes again: the same id, the same bytes, a signature that verifies."""
    receiver.answers["/a"] = [500]
    at, event = await queued(store, f"{receiver.url}/a")
    await sender.deliver_webhooks(now())
    first, second = receiver.calls
    assert (first.id, first.body) == (second.id, second.body) == (event.id, first.body)
    assert second.verified(SECRET.text)
    assert await store.deliveries.waiting(at.id) == 0


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
async def test_given_up_in_the_end(store: Store, sender: Sender, receiver: WebhookReceiver, status: int):
    """Anything but 2xx is a failure; after the last attempt the event is a dead letter, with its number of attempts and
    what came of the last."""
    receiver.answers["/a"] = [(status, {"location": f"{receiver.url}/b"})] * 9
    at, event = await queued(store, f"{receiver.url}/a")
    await sender.deliver_webhooks(now())
    assert (len(receiver.at("/a")), len(receiver.at("/b"))) == (3, 0)
    (letter,), total = await store.deliveries.dead_letters(at.id, 0, 9)
    assert total == 1
    assert (letter.event_id, letter.attempts, letter.last_outcome) == (event.id, 3, f"status {status}")


async def test_nobody_there(store: Store, sender: Sender):
    """Where nobody answers it is tried as often, and the reason is kept."""
    at, _ = await queued(store, "http://127.0.0.1:1/a")
    await sender.deliver_webhooks(now())
    (letter,), _ = await store.deliveries.dead_letters(at.id, 0, 9)
    assert letter.attempts == 3
    assert "127.0.0.1" in (letter.last_outcome or "")


async def test_retry_after(store: Store, sender: Sender, receiver: WebhookReceiver):
    """An endpoint that asks for patience gets it."""
    receiver.answers["/a"] = [(503, {"retry-after": "7"})]
    at, _ = await queued(store, f"{receiver.url}/a")
    await sender.deliver_webhooks(now())
    assert len(receiver.calls) == 1
    assert await store.deliveries.claim(at.id, now() + 5, 9) == []
    assert len(await store.deliveries.claim(at.id, now() + 7, 9)) == 1


async def test_gone(store: Store, sender: Sender, receiver: WebhookReceiver):
    """A 410 disables the endpoint: no second attempt, what waits goes on waiting, new events are not queued."""
    receiver.answers["/a"] = [410]
    at, event = await queued(store, f"{receiver.url}/a")
    await sender.deliver_webhooks(now())
    disabled = await store.webhooks.find(at.id)
    assert disabled
    assert (disabled.enabled, disabled.disabled_reason) == (False, "gone")
    assert not disabled.hears(event)
    assert len(receiver.calls) == 1
    assert (await store.deliveries.dead_letters(at.id, 0, 9))[1] == 1
    await store.deliveries.queue(at.id, delivery_of(happened("user.deleted", now())), now())
    await sender.deliver_webhooks(now())
    assert len(receiver.calls) == 1


async def test_a_hanging_endpoint_holds_up_nobody(store: Store, sender: Sender, receiver: WebhookReceiver):
    """While one endpoint hangs with more deliveries than it may have at once, another gets its own at once, and a run of
    the chore stays short."""
    receiver.slow.add("/hangs")
    slow, _ = await queued(store, f"{receiver.url}/hangs")
    for _ in range(3 * AT_ONCE):
        await store.deliveries.queue(slow.id, delivery_of(happened("user.created", now())), now())
    begun = time.monotonic()
    await sender.deliver_webhooks(now())
    await queued(store, f"{receiver.url}/good")
    await sender.deliver_webhooks(now())
    assert time.monotonic() - begun < 4
    assert len(receiver.at("/good")) == 1
    assert len(receiver.at("/hangs")) == AT_ONCE
    receiver.slow.clear()


async def test_two_leaders(store: Store, upstream: Upstream, receiver: WebhookReceiver):
    """Two processes that both believe to lead deliver each event once."""
    at = endpoint(f"{receiver.url}/a")
    await store.webhooks.add(at)
    for _ in range(40):
        await store.deliveries.queue(at.id, delivery_of(happened("user.created", now())), now())
    senders = [Sender(store, upstream), Sender(store, upstream)]
    await asyncio.gather(*(sender.deliver_webhooks(now()) for sender in senders))
    assert len(receiver.calls) == len({call.id for call in receiver.calls}) == 40


async def test_a_sender_that_died(store: Store, sender: Sender, receiver: WebhookReceiver):
    """What a process had claimed when it was killed goes out when its lease is over."""
    at, event = await queued(store, f"{receiver.url}/a")
    await store.deliveries.claim(at.id, now(), 9)
    await sender.deliver_webhooks(now())
    assert receiver.calls == []
    await sender.deliver_webhooks(now() + LEASE)
    assert [call.id for call in receiver.calls] == [event.id]


async def test_private_addresses_are_not_called(store: Store, receiver: WebhookReceiver):
    """Outside development an endpoint that leads into a private network is not called, though it was kept."""
    strict = Upstream(development=False)
    at, _ = await queued(store, f"{receiver.url}/a")
    await Sender(store, strict, delays=()).deliver_webhooks(now())
    await strict.close()
    assert receiver.calls == []
    (letter,), _ = await store.deliveries.dead_letters(at.id, 0, 9)
    assert letter.last_outcome


async def test_no_secret_in_redis(store: Store, sender: Sender, receiver: WebhookReceiver):
    """The signing secret is nowhere in Redis in clear, in none of its spellings."""
    await queued(store, f"{receiver.url}/a")
    await happen(store, now())
    dump = [await store.redis.dump(key) for key in await store.redis.keys("*")]  # type: ignore[attr-defined]
    for spelling in (SECRET.text, SECRET.text.removeprefix("whsec_"), "webhook-canary"):
        assert not any(spelling.encode() in (each or b"") for each in dump)
