"""`POST /v1/providers/{id}/test`: whether credentials are good, with nobody signing in."""

from collections.abc import Iterator

import pytest
from aiohttp import web

from tests.broker.backend_api.conftest import Api
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub, answer_json
from tests.running import RunningBroker


@pytest.fixture(autouse=True)
def _tidy(api: Api) -> Iterator[None]:
    yield
    api.call("DELETE", "/v1/providers/tested")


ANSWERS = {
    "code refused": (answer_json({"error": "invalid_grant"}, 400), "accepted"),
    "client refused": (answer_json({"error": "invalid_client"}, 401), "refused"),
    "client refused with 200": (answer_json({"error": "invalid_client"}), "refused"),
    "another word": (answer_json({"error": "redirect_uri_mismatch"}, 400), "unclear"),
    "grant type refused": (answer_json({"error": "unauthorized_client"}, 400), "unclear"),
    "no word": (lambda: web.Response(status=401), "unclear"),
    "a page": (lambda: web.Response(text="<html>", content_type="text/html"), "unclear"),
    "tokens": (answer_json({"access_token": "x"}), "unclear"),
    "an outage": (answer_json({"x": 1}, 503), "unclear"),
    "too much": (answer_json({"x": "y" * 300_000}, 400), "unclear"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_verdicts(api: Api, provider: ProviderStub, case: str):
    """Whoever refuses the made-up code has let the client in; whoever refuses the client has not; else it is not clear."""
    provider.answers["/token"], verdict = ANSWERS[case]
    body = {"id": "tested", "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    api.good("POST", "/v1/providers", {**body, "enabled": False})
    told = api.good("POST", "/v1/providers/tested/test")
    assert set(told) == {"object", "provider", "verdict", "detail"}
    assert (told["object"], told["provider"], told["verdict"]) == ("provider_test", "tested", verdict)
    sent = provider.asked("/token")[-1]
    assert sent["code"] not in provider.codes
    assert CLIENT_SECRET not in told["detail"]
    assert sent["code"] not in told["detail"]


def test_details_help(api: Api, provider: ProviderStub):
    """An unclear answer is told by its status and word."""
    provider.answers["/token"] = answer_json({"error": "redirect_uri_mismatch"}, 400)
    body = {"id": "tested", "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    api.good("POST", "/v1/providers", body)
    detail = api.good("POST", "/v1/providers/tested/test")["detail"]
    assert detail == "it is not clear: the provider answers status 400 redirect_uri_mismatch"


def test_unreachable(api: Api):
    """A provider that does not answer is told apart from one that answers oddly."""
    endpoints = dict.fromkeys(
        ("authorization_endpoint", "token_endpoint", "userinfo_endpoint"), "http://127.0.0.1:1/x"
    )
    body = {"id": "tested", "client_id": "x", "client_secret": "y", "attributes": {"subject": "id"}}
    api.good("POST", "/v1/providers", {**body, **endpoints})
    assert api.good("POST", "/v1/providers/tested/test")["verdict"] == "unreachable"


@pytest.mark.parametrize("provider_id", ["tested", "google", "x:y"])
def test_nothing_to_test(api: Api, provider_id: str):
    """What is not configured has no credentials."""
    assert api.refused("POST", f"/v1/providers/{provider_id}/test")[:2] == (404, "resource_not_found")


def test_reading_keys_do_not_test(broker: RunningBroker, stranger: Api, api: Api):
    """To test sends credentials out, so it takes the scope providers:write."""
    made = api.good("POST", "/v1/secret_keys", {"name": "reader", "scopes": ["providers:read"]})
    headers = {"authorization": f"Bearer {made['secret']}"}
    answer = stranger.call("POST", "/v1/providers/stub/test", headers=headers)
    assert answer.status_code == 403
