"""`/v1/webhooks`: made, shown, changed, tried and deleted; a secret is shown once."""

import secrets
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import redis

from tests.broker.backend_api.conftest import Api
from tests.running import LOCAL, RunningBroker
from tests.webhook_receiver import WebhookReceiver, running_receiver

SHOWN = {
    *("object", "id", "url", "events", "description", "enabled"),
    *("disabled_reason", "created_at", "updated_at"),
}


@pytest.fixture(scope="module")
def receiver() -> Iterator[WebhookReceiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def hook(api: Api, receiver: WebhookReceiver) -> Iterator[dict[str, Any]]:
    """An endpoint of this test that hears only what never happens here."""
    body = {"url": f"{receiver.url}/{secrets.token_hex(4)}", "events": ["user.deleted"]}
    made = api.good("POST", "/v1/webhooks", body)
    yield made
    api.call("DELETE", f"/v1/webhooks/{made['id']}")


def path_of(hook: dict[str, Any]) -> str:
    return "/" + hook["url"].rpartition("/")[2]


def test_a_new_endpoint(api: Api, hook: dict[str, Any]):
    """An endpoint is enabled, and its secret is in the first answer and in no later one."""
    assert set(hook) == SHOWN | {"secret"}
    assert hook["secret"].startswith("whsec_")
    assert (hook["object"], hook["enabled"], hook["events"]) == ("webhook", True, ["user.deleted"])
    shown = api.good("GET", f"/v1/webhooks/{hook['id']}")
    assert shown == {name: hook[name] for name in SHOWN} | {"waiting": 0}
    (listed,) = [each for each in api.good("GET", "/v1/webhooks?limit=100") if each["id"] == hook["id"]]
    assert listed == {name: hook[name] for name in SHOWN}
    assert api.good("GET", "/v1/webhooks?paginated=true")["total_count"] >= 1


def test_every_event_unless_some_are_chosen(api: Api, receiver: WebhookReceiver):
    """Without `events` an endpoint hears them all."""
    made = api.good("POST", "/v1/webhooks", {"url": f"{receiver.url}/every"})
    assert made["events"] == ["*"]
    api.good("DELETE", f"/v1/webhooks/{made['id']}")


WRONG = [
    ({"url": None}, "form_param_format_invalid", "url"),
    ({"url": "http://backend.example.com/x"}, "form_param_value_invalid", "url"),
    ({"url": "https://10.0.0.1/x"}, "form_param_value_invalid", "url"),
    ({"url": "https://169.254.169.254/latest"}, "form_param_value_invalid", "url"),
    ({"url": "https://[fd00::1]/x"}, "form_param_value_invalid", "url"),
    ({"url": "https://u:p@backend.example.com"}, "form_param_value_invalid", "url"),
    ({"url": "file:///etc/passwd"}, "form_param_value_invalid", "url"),
    ({"url": "nowhere"}, "form_param_value_invalid", "url"),
    ({"url": "https://a.example/" + "x" * 2048}, "form_param_format_invalid", "url"),
    ({"events": []}, "form_param_format_invalid", "events"),
    ({"events": ["user.*"]}, "form_param_format_invalid", "events.0"),
    ({"events": "*"}, "form_param_format_invalid", "events"),
    ({"description": "x" * 201}, "form_param_format_invalid", "description"),
    ({"secret": "whsec_AAAA"}, "form_param_unknown", "secret"),
]


@pytest.mark.parametrize(("changes", "code", "param"), WRONG)
def test_wrong_fields_are_named(
    api: Api, hook: dict[str, Any], changes: dict[str, Any], code: str, param: str
):
    """A field that will not do is named, at creation and at a change, and nothing is written."""
    before = api.good("GET", "/v1/webhooks?limit=100")
    body = {"url": "https://backend.example.com/x", **changes}
    assert api.refused("POST", "/v1/webhooks", body) == (422, code, param)
    assert api.refused("PATCH", f"/v1/webhooks/{hook['id']}", changes) == (422, code, param)
    assert api.good("GET", "/v1/webhooks?limit=100") == before


def test_change(api: Api, hook: dict[str, Any]):
    """Only what is given changes; an endpoint can be disabled and enabled again; a description can be taken away."""
    path = f"/v1/webhooks/{hook['id']}"
    changed = api.good("PATCH", path, {"enabled": False, "description": "Billing"})
    assert (changed["enabled"], changed["disabled_reason"]) == (False, "admin")
    assert (changed["description"], changed["url"], changed["events"]) == (
        "Billing",
        hook["url"],
        hook["events"],
    )
    changed = api.good("PATCH", path, {"enabled": True, "description": None, "events": ["*", "*"]})
    assert (changed["enabled"], changed["disabled_reason"], changed["description"]) == (True, None, None)
    assert changed["events"] == ["*"]


def test_a_try(api: Api, hook: dict[str, Any], receiver: WebhookReceiver):
    """A try is sent at once and verifies; what came of it is the answer, good or bad."""
    tried = api.good("POST", f"/v1/webhooks/{hook['id']}/test")
    (call,) = receiver.at(path_of(hook))
    payload = call.verified(hook["secret"])
    assert (payload["type"], payload["data"]) == ("webhook.test", {"webhook_id": hook["id"]})
    assert (tried["delivered"], tried["status"], tried["id"]) == (True, 204, call.id)
    receiver.answers[path_of(hook)] = [500]
    tried = api.good("POST", f"/v1/webhooks/{hook['id']}/test")
    assert (tried["delivered"], tried["status"], tried["outcome"]) == (False, 500, "status 500")


def test_a_rotated_secret(api: Api, hook: dict[str, Any], receiver: WebhookReceiver):
    """After a rotation what is sent verifies with the old secret and with the new one, which is shown once."""
    rotated = api.good("POST", f"/v1/webhooks/{hook['id']}/rotate_secret")
    assert rotated["secret"] != hook["secret"]
    api.good("POST", f"/v1/webhooks/{hook['id']}/test")
    call = receiver.at(path_of(hook))[-1]
    assert call.verified(hook["secret"]) == call.verified(rotated["secret"])
    assert rotated["secret"] not in str(api.good("GET", f"/v1/webhooks/{hook['id']}"))


def test_deletion(api: Api, hook: dict[str, Any]):
    """A deleted endpoint is gone, with its dead letters."""
    path = f"/v1/webhooks/{hook['id']}"
    assert api.good("GET", f"{path}/dead_letters") == []
    assert api.good("DELETE", path) == {"object": "webhook", "id": hook["id"], "deleted": True}
    for method, rest in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("GET", "/dead_letters"),
    ):
        assert api.refused(method, path + rest)[:2] == (404, "resource_not_found")


@pytest.mark.parametrize("endpoint_id", ["we_nothing", "*", "a:b", "%2e%2e", "we_" + "0" * 24])
def test_unknown_endpoints(api: Api, endpoint_id: str):
    """An id that is not known, or could not be one, is 404 everywhere."""
    path = f"/v1/webhooks/{endpoint_id}"
    for method, rest in (
        *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/rotate_secret")),
        *(("GET", "/dead_letters"), ("POST", "/dead_letters/evt_1/resend")),
    ):
        assert api.refused(method, path + rest)[:2] == (404, "resource_not_found")


def test_an_unknown_dead_letter(api: Api, hook: dict[str, Any]):
    """Only what is a dead letter can be sent again."""
    told = api.refused("POST", f"/v1/webhooks/{hook['id']}/dead_letters/evt_1/resend")
    assert told[:2] == (404, "resource_not_found")


def test_there_is_a_most(api: Api):
    """The endpoint after the twentieth is refused, since every event costs each of them."""
    made = []
    while (
        answer := api.call("POST", "/v1/webhooks", {"url": "https://a.example", "events": ["user.deleted"]})
    ).is_success:
        made.append(answer.json()["id"])
        assert len(made) <= 20
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "webhook_limit_reached")
    for endpoint_id in made:
        api.good("DELETE", f"/v1/webhooks/{endpoint_id}")


def test_no_private_address_in_production(public_broker: RunningBroker):
    """Outside development loopback is private too."""
    headers = {"authorization": f"Bearer {public_broker.secret_key}"}
    body = {"url": "http://127.0.0.1:8080/x"}
    answer = httpx2.post(f"{public_broker.address}/v1/webhooks", json=body, headers=headers, **LOCAL)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["meta"] == {"param_name": "url"}


def test_the_secret_is_nowhere(api: Api, hook: dict[str, Any], broker: RunningBroker, valkey: str):
    """A signing secret is not in the log, in the audit log, or in Redis."""
    secret = hook["secret"].removeprefix("whsec_")
    rotated = api.good("POST", f"/v1/webhooks/{hook['id']}/rotate_secret")["secret"].removeprefix("whsec_")
    told = api.call("GET", "/v1/events?limit=100").text
    with redis.Redis.from_url(valkey) as state:
        dump = [state.dump(key) or b"" for key in state.scan_iter("*webhook*")]
    for text in (secret, rotated):
        assert text not in broker.log()
        assert text not in told
        assert not any(text.encode() in each for each in dump)
