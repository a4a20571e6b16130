"""What a backend hears of sign-ins and sign-outs, by webhook and in the audit log, from a running broker."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import jwt
import pytest
from redis import Redis

from broker.core.encryption_keys import EncryptionKeys
from broker.store import Store
from broker.store.connection import open_redis
from broker.store.outbox import MARKS
from broker.webhooks.drain import Drain
from tests.conftest import HTTPS_REDIRECT, connect
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker, keys, running_broker
from tests.valkey import running_valkey
from tests.webhook_receiver import WebhookReceiver, running_receiver, until

Tokens = dict[str, Any]


@pytest.fixture(scope="module")
def receiver() -> Iterator[WebhookReceiver]:
    with running_receiver() as running:
        yield running


def hook(broker: RunningBroker, url: str, *events: str) -> dict[str, Any]:
    """An endpoint that hears of what happens from now on: what happened before has been told first."""
    with Redis.from_url(broker.redis_url) as redis:
        until(lambda: not redis.zcard(MARKS))
    answer = broker.admin("POST", "/v1/webhooks", {"url": url, "events": list(events)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def claims(tokens: Tokens) -> dict[str, Any]:
    return dict(jwt.decode(tokens["access_token"], options={"verify_signature": False}))


def logged(broker: RunningBroker, **query: str) -> list[dict[str, Any]]:
    return list(
        broker.admin("GET", "/v1/events?limit=200&" + "&".join(f"{k}={v}" for k, v in query.items())).json()
    )


def of_session(broker: RunningBroker, tokens: Tokens, event_type: str) -> list[dict[str, Any]]:
    """The events of that type about the session, once the leader has written them."""
    who = claims(tokens)

    def found() -> list[dict[str, Any]]:
        events = logged(broker, user_id=who["sub"], type=event_type)
        return [event for event in events if event["data"]["session_id"] == who["sid"]]

    until(lambda: bool(found()))
    return found()


def signed_out(phone: Phone) -> Tokens:
    tokens = phone.sign_in()
    phone.revoke(tokens["refresh_token"])
    phone.revoke(tokens["refresh_token"])
    return tokens


def logged_out(phone: Phone) -> Tokens:
    tokens = phone.sign_in()
    phone.browser.get(f"{phone.broker.address}/logout", params={"id_token_hint": tokens["id_token"]})
    return tokens


def reused(phone: Phone) -> Tokens:
    tokens = phone.sign_in()
    second = phone.refresh(tokens["refresh_token"]).json()
    phone.refresh(second["refresh_token"])
    assert phone.refresh(tokens["refresh_token"]).status_code == 400
    return tokens


def replayed(phone: Phone) -> Tokens:
    code = phone.land()["code"]
    tokens = dict(phone.exchange(code).json())
    assert phone.exchange(code).status_code == 400
    return tokens


def ended_by_admin(phone: Phone) -> Tokens:
    tokens = phone.sign_in()
    answer = phone.broker.admin("POST", f"/v1/sessions/{claims(tokens)['sid']}/revoke")
    assert answer.status_code == 200, answer.text
    return tokens


@pytest.mark.parametrize(
    ("act", "reason", "actor"),
    [
        (signed_out, "sign_out", "user"),
        (logged_out, "sign_out", "user"),
        (reused, "refresh_token_reused", "broker"),
        (replayed, "code_replayed", "broker"),
        (ended_by_admin, "admin", "env:1"),
    ],
)
def test_a_session_begins_and_ends_once(
    phone: Phone, broker: RunningBroker, act: Callable[[Phone], Tokens], reason: str, actor: str
):
    """However a session ends, there is one event of its beginning and one of its end, which says why and by whom."""
    tokens = act(phone)
    (ended,) = of_session(broker, tokens, "session.revoked")
    (begun,) = of_session(broker, tokens, "session.created")
    about = {"session_id": claims(tokens)["sid"], "client_id": "default"}
    assert (begun["actor"], begun["data"]) == ("user", about)
    assert (ended["actor"], ended["data"]) == (actor, {**about, "reason": reason})


def test_nothing_happened(phone: Phone, broker: RunningBroker):
    """A refresh is no event of a session, nor is a lost answer asked for again."""
    tokens = phone.sign_in()
    for _ in range(2):
        assert phone.refresh(tokens["refresh_token"]).status_code == 200
    signed_out(phone)
    assert len(of_session(broker, tokens, "session.created")) == 1
    who = claims(tokens)
    ends = [
        event["data"]["session_id"] for event in logged(broker, user_id=who["sub"], type="session.revoked")
    ]
    assert who["sid"] not in ends


def test_a_new_user_by_webhook(
    phone: Phone, broker: RunningBroker, provider: ProviderStub, receiver: WebhookReceiver
):
    """A first sign-in is told as user, connection and session, each verified, to who asked for them; what failed once
    comes again with the same id; and no secret of the trip is in any of it, nor in the audit log."""
    provider.subject = "webhook-newcomer"
    receiver.answers["/all"] = [500]
    hooks = [
        hook(broker, f"{receiver.url}/all", "user.created", "connection.created", "session.created"),
        hook(broker, f"{receiver.url}/users", "user.created"),
    ]
    code = phone.land()["code"]
    tokens = dict(phone.exchange(code).json())
    calls = receiver.wait_for("/all", 4)
    by_type = {
        call.verified(hooks[0]["secret"])["type"]: call.verified(hooks[0]["secret"])["data"] for call in calls
    }
    assert set(by_type) == {"user.created", "connection.created", "session.created"}
    who = claims(tokens)
    assert {data["user_id"] for data in by_type.values()} == {who["sub"]}
    assert by_type["connection.created"]["provider"] == "stub"
    assert len({call.id for call in calls}) == 3, "one was sent twice, under its own id"
    (call,) = receiver.wait_for("/users", 1)
    assert call.verified(hooks[1]["secret"])["type"] == "user.created"
    told = json.dumps(logged(broker)) + "".join(call.body.decode() for call in receiver.calls)
    for secret in (
        code,
        phone.verifier,
        phone.state,
        *(tokens[name] for name in ("access_token", "refresh_token")),
    ):
        assert secret not in told
    assert "canary" not in told
    for each in hooks:
        broker.admin("DELETE", f"/v1/webhooks/{each['id']}")


@pytest.mark.anyio
async def test_a_broker_that_was_killed(provider: ProviderStub):
    """A process that is killed right after it answered took no event with it: whoever leads next finds them all."""
    with running_valkey() as url:
        with running_broker(url) as broker:
            connect(broker, provider)
            broker.allow(HTTPS_REDIRECT)
            with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
                Phone(broker, "default", HTTPS_REDIRECT, browser=browser).sign_in()
            broker.process.kill()
        client = open_redis(url)
        store = Store.over(client, EncryptionKeys.parse(keys()["BROKER_ENCRYPTION_KEYS"]))
        for ahead in (0, 60):  # at once, and what the dead one had claimed when its lease is over
            await Drain(store).drain_outboxes(int(time.time()) + ahead)
        happened = {fields[b"event"] for _, fields in await client.xrange("events")}
        types = [json.loads(event)["type"] for event in happened]
        expected = ["connection.created", "session.created", "user.created"]
        assert sorted(each for each in types if each in expected) == expected
        await client.aclose()
