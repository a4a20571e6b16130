"""A store of their own, so that no running broker's leader takes part; a real receiver and the real HTTP session."""

from collections.abc import AsyncIterator, Iterator

import pytest

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.core.events import Event, EventType, happened
from broker.core.opaque import new_id
from broker.core.webhooks import Endpoint, SigningSecret, new_secret_text
from broker.providers.upstream import Upstream
from broker.store import Store
from broker.store.connection import open_redis
from broker.store.outbox import SETTLED, encode, outbox_key
from tests.valkey import running_valkey
from tests.webhook_receiver import WebhookReceiver, running_receiver

SECRET = SigningSecret(new_secret_text(b"webhook-canary-0123456789abcdef!"))


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[str]:
    with running_valkey() as url:
        yield url


@pytest.fixture(scope="module")
def receiver_process() -> Iterator[WebhookReceiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def receiver(receiver_process: WebhookReceiver) -> WebhookReceiver:
    receiver_process.calls.clear()
    receiver_process.answers.clear()
    return receiver_process


@pytest.fixture
async def store(own_valkey: str) -> AsyncIterator[Store]:
    client = open_redis(own_valkey)
    await client.flushall()
    yield Store.over(client, EncryptionKeys.parse(new_encryption_key("k1")))
    await client.aclose()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    opened = Upstream(development=True)
    yield opened
    await opened.close()


def endpoint(url: str, *events: str, reason: str | None = None) -> Endpoint:
    return Endpoint(
        id=new_id("we"),
        url=url,
        events=events or ("*",),
        description=None,
        created_at=1,
        updated_at=1,
        disabled_reason=reason,
        secrets=(SECRET,),
    )


async def happen(store: Store, now: int, event_type: str = EventType.SESSION_CREATED) -> Event:
    """An event of a user, as a script would leave it in the outbox."""
    user_id = new_id("user")
    event = happened(EventType(event_type), now, actor="user", user_id=user_id, session_id="sess_1")
    step = store.redis.rpush(outbox_key(user_id), *encode([event]))  # type: ignore[attr-defined]
    await store.outbox.marked(user_id, now - SETTLED, step)
    return event
