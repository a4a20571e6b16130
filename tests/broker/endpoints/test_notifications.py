"""What Apple tells by itself of a person: acted on once, if it is Apple's word, about our apps and still true."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import jwt
import pytest
from redis import Redis

from tests.broker.conftest import REDIRECT
from tests.broker.custody.accounts import add_account
from tests.broker.providers import forging
from tests.broker.providers.outcome import assert_nothing_stored, everything, reason
from tests.broker.providers.test_native_catalogue import code_for, user_of
from tests.device import Device
from tests.phone import Phone
from tests.provider_stub import Claims, ProviderStub
from tests.running import LOCAL, RunningBroker
from tests.webhook_receiver import WebhookReceiver, running_receiver, until

APPLE = "https://appleid.apple.com"
IDS = {"apple": {"ios": "com.example.notified"}}
ENDS = {
    "consent-revoked": "consent_revoked",
    "account-deleted": "account_deleted",
    "account-delete": "account_deleted",
}
REFUSED = "the notification is not one of this provider's to us"


@pytest.fixture
def iphone(catalogue_broker: RunningBroker, rsa_provider: ProviderStub) -> Device:
    """An iPhone of somebody new."""
    rsa_provider.subject = f"apple-{secrets.token_hex(4)}"
    client_id = catalogue_broker.make_client(native_client_ids=IDS)["client_id"]
    return Device(
        catalogue_broker, client_id, rsa_provider, "apple", audience="com.example.notified", issuer=APPLE
    )


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with running_receiver() as running:
        yield running


def told(iphone: Device, kind: str, *, later: int = 2, **claims: Any) -> Claims:
    """The claims of a notification about the iPhone's person, `later` seconds from now."""
    now = int(time.time())
    event = {"type": kind, "sub": iphone.stub.subject, "event_time": (now + later) * 1000}
    return {
        "iss": APPLE,
        "aud": "com.example.notified",
        "iat": now,
        "exp": now + 86_400,
        "jti": secrets.token_hex(8),
        "events": json.dumps(event),
        **claims,
    }


def post(broker: RunningBroker, payload: object, path: str = "/notifications/apple") -> httpx2.Response:
    return broker.post(path, json={"payload": payload})


def notify(iphone: Device, kind: str, **changes: Any) -> None:
    answer = post(iphone.broker, iphone.stub.make_id_token(told(iphone, kind, **changes)))
    assert (answer.status_code, answer.json()) == (200, {})


def events_of(broker: RunningBroker, user_id: str, kind: str) -> list[dict[str, Any]]:
    return list(broker.admin("GET", f"/v1/events?user_id={user_id}&type={kind}").json())


def alive(iphone: Device, tokens: dict[str, Any]) -> bool:
    phone = Phone(iphone.broker, iphone.client_id, REDIRECT)
    return phone.refresh(tokens["refresh_token"]).status_code == 200


def signed_in(iphone: Device) -> dict[str, Any]:
    """With Apple's code, so that there are tokens in custody."""
    code = code_for(iphone, iphone.stub.subject, APPLE)
    return iphone.sign_in(authorization_code=code)


def health(iphone: Device, user_id: str) -> tuple[str, str]:
    (account,) = iphone.broker.admin("GET", f"/v1/users/{user_id}/external_accounts").json()
    return account["health"], account["health_reason"]


@pytest.mark.parametrize("kind", ENDS)
def test_consent_is_over(iphone: Device, kind: str):
    """Who took back their consent, or is no more at Apple, has no tokens and no session here; Apple is asked nothing."""
    tokens = signed_in(iphone)
    user_id = user_of(tokens)
    notify(iphone, kind)
    assert not alive(iphone, tokens)
    assert health(iphone, user_id) == ("revoked", ENDS[kind])
    with Redis.from_url(iphone.broker.redis_url) as redis:
        fields = {name.partition(b":")[2] for name in redis.hkeys(f"grant:{{{user_id}}}:apple")}
    assert fields == {b"version", b"status"}
    assert not iphone.stub.asked("/revoke")
    until(lambda: bool(events_of(iphone.broker, user_id, "session.revoked")))
    (event,) = events_of(iphone.broker, user_id, "connection.revoked")
    assert (event["actor"], event["data"]["reason"]) == ("provider", ENDS[kind])
    (event,) = events_of(iphone.broker, user_id, "session.revoked")
    assert (event["actor"], event["data"]["reason"]) == ("provider", ENDS[kind])


def test_the_person_may_come_back(iphone: Device):
    """Who gives their consent anew is the same user, with tokens that are good."""
    user_id = user_of(signed_in(iphone))
    notify(iphone, "consent-revoked")
    assert user_of(signed_in(iphone)) == user_id
    assert health(iphone, user_id)[0] == "fresh"


def test_who_has_no_tokens_here(iphone: Device):
    """Where there is no grant the sessions end all the same, and backends are told."""
    tokens = iphone.sign_in()
    user_id = user_of(tokens)
    notify(iphone, "consent-revoked")
    assert not alive(iphone, tokens)
    until(lambda: bool(events_of(iphone.broker, user_id, "connection.revoked")))
    (event,) = events_of(iphone.broker, user_id, "connection.revoked")
    assert event["data"]["reason"] == "consent_revoked"


def test_who_has_another_way_in(iphone: Device):
    """Who can sign in with another account too loses Apple's tokens and no session."""
    tokens = signed_in(iphone)
    user_id = user_of(tokens)
    add_account(iphone.broker.redis_url, iphone.stub, user_id, "google", f"g-{iphone.stub.subject}")
    notify(iphone, "consent-revoked")
    assert alive(iphone, tokens)
    healths = {
        each["provider"]: each["health"]
        for each in iphone.broker.admin("GET", f"/v1/users/{user_id}/external_accounts").json()
    }
    assert healths == {"oauth_apple": "revoked", "oauth_google": "fresh"}


def test_a_webhook_hears_of_it(iphone: Device, receiver: WebhookReceiver):
    """An endpoint that asked for `connection.revoked` is told, with the reason."""
    body = {"url": f"{receiver.url}/hook", "events": ["connection.revoked"]}
    made = iphone.broker.admin("POST", "/v1/webhooks", body).json()
    user_id = user_of(signed_in(iphone))
    notify(iphone, "account-delete")

    def heard() -> list[dict[str, Any]]:
        said = [each.verified(made["secret"]) for each in receiver.at("/hook")]
        return [each for each in said if each["data"]["user_id"] == user_id]  # others' events go on meanwhile

    until(lambda: bool(heard()))
    (said,) = heard()
    assert (said["type"], said["data"]["reason"]) == ("connection.revoked", "account_deleted")
    iphone.broker.admin("DELETE", f"/v1/webhooks/{made['id']}")


@pytest.mark.parametrize("kind", ["email-disabled", "email-enabled"])
def test_e_mail(iphone: Device, kind: str):
    """That letters to a relay address are stopped, or arrive again, is noted, and nobody is signed out."""
    tokens = signed_in(iphone)
    user_id, event_type = user_of(tokens), f"connection.{kind.replace('-', '_')}"
    notify(iphone, kind)
    (event,) = events_of(iphone.broker, user_id, event_type)
    assert event["actor"] == "provider"
    assert set(event["data"]) == {"provider", "external_account_id"}
    assert alive(iphone, tokens)
    assert health(iphone, user_id)[0] == "fresh"


def test_a_replay(iphone: Device):
    """The same notification a second time, even after the person has come back, is answered alike and does nothing."""
    user_id = user_of(signed_in(iphone))
    payload = iphone.stub.make_id_token(told(iphone, "consent-revoked", later=30))
    assert post(iphone.broker, payload).status_code == 200
    tokens = signed_in(iphone)
    for _ in range(2):
        assert post(iphone.broker, payload).status_code == 200
    assert alive(iphone, tokens)
    assert health(iphone, user_id)[0] == "fresh"


def test_one_that_was_overtaken(iphone: Device):
    """What happened before the person's last sign-in is of the past: they have consented since."""
    tokens = signed_in(iphone)
    notify(iphone, "consent-revoked", later=-600)
    assert alive(iphone, tokens)
    assert health(iphone, user_of(tokens))[0] == "fresh"


def test_told_twice_in_other_words(iphone: Device):
    """Two notifications of one end are one event of it."""
    user_id = user_of(signed_in(iphone))
    notify(iphone, "consent-revoked")
    notify(iphone, "account-deleted")
    until(lambda: bool(events_of(iphone.broker, user_id, "connection.revoked")))
    assert len(events_of(iphone.broker, user_id, "connection.revoked")) == 1
    assert health(iphone, user_id) == ("revoked", "consent_revoked")


def test_how_long_it_is_remembered(iphone: Device):
    """A notification is remembered for as long as its signature is good, by a fingerprint."""
    with Redis.from_url(iphone.broker.redis_url) as redis:
        before = set(redis.keys("notification:*"))
        notify(iphone, "consent-revoked", jti="apples-own-id")
        (key,) = set(redis.keys("notification:*")) - before
        assert 86_400 <= redis.ttl(key) <= 86_400 + 180
        assert b"apples-own-id" not in key


def test_about_nobody_we_know(iphone: Device):
    """A person whom nobody here knows, and an event that we do not know, are answered with 200 and nothing else."""
    notify(iphone, "consent-revoked")
    tokens = signed_in(iphone)
    notify(iphone, "hair-cut")
    assert alive(iphone, tokens)


AUDIENCES = ["com.example.web", "com.example.notified", ["com.example.web"], ["x", "com.example.notified"]]


@pytest.mark.parametrize("audience", AUDIENCES, ids=str)
def test_whose_person_it_is(iphone: Device, audience: object):
    """It may be about a person of the connection's own id or of any app's."""
    tokens = signed_in(iphone)
    notify(iphone, "consent-revoked", aud=audience)
    assert not alive(iphone, tokens)


@pytest.mark.parametrize("form", ["object", "list"])
def test_events_in_other_forms(iphone: Device, form: str):
    """The event may be an object, or alone in a list, instead of text."""
    tokens = signed_in(iphone)
    event = json.loads(told(iphone, "consent-revoked")["events"])
    notify(iphone, "consent-revoked", events=event if form == "object" else json.dumps([event]))
    assert not alive(iphone, tokens)


def without(name: str) -> Callable[[Device, Claims], str]:
    return lambda iphone, claims: iphone.stub.make_id_token({k: v for k, v in claims.items() if k != name})


def saying(**changes: Any) -> Callable[[Device, Claims], str]:
    return lambda iphone, claims: iphone.stub.make_id_token(claims | changes)


def event_with(**changes: Any) -> Callable[[Device, Claims], str]:
    def make(iphone: Device, claims: Claims) -> str:
        event = {k: v for k, v in (json.loads(claims["events"]) | changes).items() if v is not None}
        return iphone.stub.make_id_token(claims | {"events": json.dumps(event)})

    return make


FORGED: dict[str, Callable[[Device, Claims], object]] = {
    "by a stranger": lambda _, claims: jwt.encode(
        claims, forging.OWN_KEY, "ES256", {"kid": "rsa-1", "jwk": forging.own_jwk()}
    ),
    "unsigned": lambda _, claims: forging.unsigned(claims),
    "HS256": lambda _, claims: forging.with_hmac(claims, b"secret"),
    "changed after signing": lambda iphone, claims: forging.with_other_claims(
        iphone.stub.make_id_token(claims), **claims
    ),
    "of another issuer": saying(iss="https://evil.example.net"),
    "for another app": saying(aud="com.somebody.else"),
    "for nobody": saying(aud=[]),
    "for our client at this broker": saying(aud="default"),
    "over": saying(exp=int(time.time()) - 120),
    "of the future": saying(iat=int(time.time()) + 600),
    "without iss": without("iss"),
    "without aud": without("aud"),
    "without iat": without("iat"),
    "without exp": without("exp"),
    "without jti": without("jti"),
    "jti no text": saying(jti=7),
    "jti empty": saying(jti=""),
    "without events": without("events"),
    "events no JSON": saying(events="{"),
    "events two": saying(events=[{}, {}]),
    "events very deep": saying(events="[" * 3000),
    "event without sub": event_with(sub=None),
    "event without type": event_with(type=None),
    "event without time": event_with(event_time=None),
    "event's time no number": event_with(event_time="now"),
    "an ID token": lambda iphone, _: iphone.id_token("nonce"),
    "no token": lambda *_: "",
    "three dots": lambda *_: "a.b.c",
    "payload a number": lambda *_: 7,
    "payload null": lambda *_: None,
}


@pytest.mark.parametrize("forged", FORGED)
def test_what_is_not_apples_word(iphone: Device, forged: str):
    """A notification with one defect is refused in constant words, and nothing changes."""
    tokens = signed_in(iphone)
    payload = FORGED[forged](iphone, told(iphone, "consent-revoked"))
    before = everything(iphone.broker)
    answer = post(iphone.broker, payload)
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "error_description": REFUSED}
    assert_nothing_stored(iphone.broker, before)
    assert alive(iphone, tokens)
    assert reason(iphone.broker, "notification_refused")


BODIES = {"no JSON": b"payload=x", "a list": b"[]", "empty": b"", "deep": b'{"x":' + b"[" * 5000}


@pytest.mark.parametrize("body", BODIES)
def test_what_is_no_notification(catalogue_broker: RunningBroker, body: str):
    """A body of another form is refused."""
    answer = catalogue_broker.post("/notifications/apple", content=BODIES[body])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_body_has_its_bound(catalogue_broker: RunningBroker):
    """A body of more than 16 KiB is not read."""
    assert post(catalogue_broker, "x" * 20_000).status_code == 413


def test_a_key_that_nobody_published(iphone: Device):
    """Signed by an unknown key it is refused, and that spends nothing: rightly signed it counts."""
    tokens = signed_in(iphone)
    stub, payload = iphone.stub, iphone.stub.make_id_token(told(iphone, "consent-revoked"))
    renamed = jwt.encode(
        jwt.decode(payload, options={"verify_signature": False}), stub.rsa_key, "RS256", {"kid": "rsa-new"}
    )
    assert post(iphone.broker, renamed).status_code == 400
    assert alive(iphone, tokens)
    assert post(iphone.broker, payload).status_code == 200
    assert not alive(iphone, tokens)


@pytest.mark.parametrize("provider", ["google", "nobody", "facebook"])
def test_only_where_a_provider_tells(catalogue_broker: RunningBroker, provider: str):
    """There is no such door for a provider that tells nothing, or that is not configured."""
    answer = post(catalogue_broker, "x.y.z", f"/notifications/{provider}")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_no_page_reads_it(iphone: Device):
    """A page's script gets nothing of this door, whatever its origin."""
    origin = {"origin": "https://web.example.com"}
    iphone.broker.admin("PATCH", f"/v1/clients/{iphone.client_id}", {"web_origins": [origin["origin"]]})
    asked = origin | {"access-control-request-method": "POST"}
    answers = [
        httpx2.request("OPTIONS", f"{iphone.broker.address}/notifications/apple", headers=asked, **LOCAL),
        iphone.broker.post("/notifications/apple", json={"payload": "x"}, headers=origin),
    ]
    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control")]
