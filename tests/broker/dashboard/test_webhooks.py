"""Endpoints of webhooks in the dashboard: made, changed, tried, given a new secret, and what did not arrive sent again."""

import html
import re
import secrets
from collections.abc import Iterator

import pytest

from tests.broker.backend_api.people import sign_in
from tests.broker.dashboard.conftest import Desk, make_key, text_of
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker
from tests.webhook_receiver import WebhookReceiver, running_receiver, until


@pytest.fixture(scope="module")
def receiver() -> Iterator[WebhookReceiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def hook(broker: RunningBroker, receiver: WebhookReceiver) -> Iterator[str]:
    """Where the page of an endpoint is that hears of deleted users; its receiver's path is its description."""
    path = f"/{secrets.token_hex(4)}"
    body = {"url": receiver.url + path, "events": ["user.deleted"], "description": path}
    made = broker.admin("POST", "/v1/webhooks", body).json()
    yield f"/dashboard/webhooks/{made['id']}"
    broker.admin("DELETE", f"/v1/webhooks/{made['id']}")


def path_of(desk: Desk, hook: str) -> str:
    found = re.search(r'name="description" value="([^"]*)"', desk.get(hook).text)
    assert found
    return found[1]


def test_made(desk: Desk, receiver: WebhookReceiver):
    """A new endpoint's secret is on the page that answers, and on no later one; what is sent bears it."""
    path = f"/{secrets.token_hex(4)}"
    desk.get("/dashboard/webhooks/new")
    answer = desk.post("/dashboard/webhooks/new", {"url": receiver.url + path, "every": "1"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", answer.text)
    place = re.search(r'href="(/dashboard/webhooks/we_[0-9a-f]{24})"', answer.text)
    assert found
    assert place
    assert found[0] not in desk.get(place[1]).text
    assert "The test arrived." in desk.done(f"{place[1]}/test")
    assert receiver.wait_for(path, 1)[0].verified(found[0])["type"] == "webhook.test"
    assert "are deleted." in desk.done(f"{place[1]}/delete")
    assert desk.get(place[1]).status_code == 404


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"url": "ftp://evil.example/", "every": "1"}, "url must be an https URL"),
        ({"url": "", "every": "1"}, "at least 1 character"),
        ({"url": "https://hooks.example.com/"}, "at least 1 item"),
        ({"url": "https://hooks.example.com/", "events": ["<script>"]}, "must be among"),
    ],
    ids=["scheme", "empty", "no event", "strange event"],
)
def test_refused(desk: Desk, broker: RunningBroker, form: dict[str, str], words: str):
    """What the API would refuse is said beside its field, with what was typed; nothing is made."""
    before = broker.admin("GET", "/v1/webhooks?limit=100").json()
    desk.get("/dashboard/webhooks/new")
    answer = desk.post("/dashboard/webhooks/new", form)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert f'value="{form["url"]}"' in answer.text
    assert "<script>" not in answer.text
    assert broker.admin("GET", "/v1/webhooks?limit=100").json() == before


def test_changed(desk: Desk, broker: RunningBroker, hook: str):
    """What is saved is what the API shows; switched off and on it says so."""
    shown = f"/v1/webhooks/{hook.rpartition('/')[2]}"
    url = broker.admin("GET", shown).json()["url"]
    desk.get(hook)
    form = {"url": url, "description": "Billing", "events": ["user.created", "user.deleted"]}
    assert "Saved." in desk.done(hook, form)
    now = broker.admin("GET", shown).json()
    assert (now["description"], now["events"]) == ("Billing", ["user.created", "user.deleted"])
    assert desk.post(hook, {**form, "url": "http://10.0.0.1/"}).status_code == 422
    assert "is disabled" in desk.done(f"{hook}/switch")
    assert broker.admin("GET", shown).json()["enabled"] is False
    assert "hears of events again" in desk.done(f"{hook}/switch", {"enabled": "1"})
    assert broker.admin("GET", shown).json()["enabled"] is True


def test_a_new_secret(desk: Desk, receiver: WebhookReceiver, hook: str):
    """A rotated secret is shown once, after a page that says what it means, and signs from then on."""
    path = path_of(desk, hook)
    assert "both sign" in text_of(desk.get(f"{hook}/secret"))
    answer = desk.post(f"{hook}/secret")
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", answer.text)
    assert found
    desk.done(f"{hook}/test")
    assert receiver.wait_for(path, 1)[0].verified(found[0])


def test_dead_letters(
    desk: Desk, broker: RunningBroker, provider: ProviderStub, receiver: WebhookReceiver, hook: str
):
    """What was given up is shown with its payload and the last outcome, and sent again it arrives with the same id."""
    path = path_of(desk, hook)
    receiver.answers[path] = [410]
    person = sign_in(broker, provider)
    broker.admin("DELETE", f"/v1/users/{person.user_id}")
    until(lambda: "status 410" in text_of(desk.get(hook)))
    shown = desk.get(hook)
    assert receiver.at(path)[0].body.decode() in html.unescape(shown.text)
    assert "it answered 410 Gone" in text_of(shown)
    event = re.search(r'name="event" value="(evt_[0-9a-f]{24})"', shown.text)
    assert event
    desk.done(f"{hook}/switch", {"enabled": "1"})
    assert "on its way again" in desk.done(f"{hook}/resend", {"event": event[1]})
    until(lambda: [call.id for call in receiver.at(path)].count(event[1]) == 2)
    assert desk.post(f"{hook}/resend", {"event": "evt_" + "0" * 24}).status_code == 404


def test_scopes(broker: RunningBroker, visitor: Desk, hook: str):
    """Who may only read sees no form, and is refused what the forms do."""
    visitor.sign_in(make_key(broker, "webhooks:read")["secret"])
    assert visitor.get(hook).text.count("<form") == 1  # to sign out
    for path in ("", "/switch", "/test", "/secret", "/delete", "/resend"):
        assert visitor.post(hook + path).status_code == 403
    assert visitor.get(f"{hook}/secret").status_code == 403
    assert visitor.post("/dashboard/webhooks/new").status_code == 403
    assert broker.admin("GET", f"/v1/webhooks/{hook.rpartition('/')[2]}").json()["enabled"]
