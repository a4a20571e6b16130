"""Messages, signatures and the timetable of webhooks."""

import base64
import hashlib
import hmac
import json

import pytest

from broker.core.events import EventType, happened
from broker.core.webhooks import (
    DELAYS,
    LONGEST_RETRY_AFTER,
    OVERLAP,
    Endpoint,
    SigningSecret,
    body_of,
    new_secret_text,
    next_attempt,
    replaced,
    signed_headers,
)

NOW = 1_800_000_000
OLD, NEW = (SigningSecret(new_secret_text(bytes([n]) * 32)) for n in (1, 2))


def endpoint(*secrets: SigningSecret) -> Endpoint:
    return Endpoint(
        id="we_1",
        url="https://a.example",
        events=("*",),
        description=None,
        created_at=NOW,
        updated_at=NOW,
        secrets=secrets,
    )


@pytest.mark.parametrize(("attempts", "delay"), [*enumerate(DELAYS, 1), (len(DELAYS) + 1, None)])
def test_the_timetable(attempts: int, delay: int | None):
    """After each failed attempt the next is one delay later, and after the last there is none."""
    expected = None if delay is None else NOW + delay
    assert next_attempt(attempts, NOW, chance=0, retry_after=None) == expected


@pytest.mark.parametrize(
    ("chance", "retry_after", "wait"),
    [
        (0.0, None, 300),
        (1.0, None, 330),
        (0.0, 10, 300),
        (0.0, 301, 301),
        (0.0, 10**9, LONGEST_RETRY_AFTER),
    ],
)
def test_chance_and_patience(chance: float, retry_after: int | None, wait: int):
    """Chance adds a tenth at most; Retry-After makes a wait longer, never shorter, and at most a day."""
    assert next_attempt(2, NOW, chance=chance, retry_after=retry_after) == NOW + wait


def test_the_message():
    """The body is type, time in ISO 8601 and data; the user is in the data."""
    event = happened(EventType.SESSION_CREATED, NOW, user_id="user_1", session_id="sess_1")
    assert json.loads(body_of(event)) == {
        "type": "session.created",
        "timestamp": "2027-01-15T08:00:00Z",
        "data": {"user_id": "user_1", "session_id": "sess_1"},
    }


def test_the_signature():
    """The signature is HMAC-SHA256 under the decoded secret, over id, time and body with full stops between."""
    headers = signed_headers(endpoint(OLD), "evt_1", '{"a":"é"}', NOW)
    digest = hmac.new(bytes([1]) * 32, f'evt_1.{NOW}.{{"a":"é"}}'.encode(), hashlib.sha256).digest()
    assert headers == {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(NOW),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def test_a_replaced_secret_signs_for_a_day():
    """After a rotation both secrets sign, the new one first; a day later only the new one; a second rotation drops the
    oldest at once."""
    both = replaced((OLD,), NEW, NOW)
    for at, signatures in ((NOW, 2), (NOW + OVERLAP - 1, 2), (NOW + OVERLAP, 1)):
        said = signed_headers(endpoint(*both), "evt_1", "{}", at)["webhook-signature"].split(" ")
        assert len(said) == signatures
        assert said[0] == signed_headers(endpoint(NEW), "evt_1", "{}", at)["webhook-signature"]
    assert OLD.text not in [secret.text for secret in replaced(both, OLD, NOW)[1:]]


def test_a_secret_is_not_shown():
    """What prints an endpoint, such as a traceback, prints no secret."""
    assert NEW.text not in repr(endpoint(NEW))
    assert NEW.text.removeprefix("whsec_") not in repr(endpoint(NEW))
