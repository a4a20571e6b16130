"""The demo backend of the example app: it lets in exactly the app's own users, and says why it lets in nobody else."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker, clean_environment

PROGRAM = Path(__file__).parents[2] / "mobile_example" / "backend" / "app.py"


@pytest.fixture(scope="module")
def backend(broker: RunningBroker, provider_process: ProviderStub) -> Iterator[str]:
    """Its address; it calls the stub's userinfo, with a key that can do nothing but read tokens."""
    made = broker.admin("POST", "/v1/secret_keys", {"name": "demo", "scopes": ["tokens:read"]}).json()
    settings = {
        "PORT": "0",
        "DEMO_ISSUER": broker.issuer,
        "DEMO_SECRET_KEY": made["secret"],
        "DEMO_CLIENT_IDS": "default another",
        "DEMO_API_STUB": f"{provider_process.issuer}/userinfo",
        "DEMO_WEB_ORIGINS": "https://app.example.com",
    }
    process = subprocess.Popen(
        [sys.executable, PROGRAM], env=clean_environment(settings), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.communicate(timeout=10)


def ask(backend: str, token: str | None, path: str = "/profile/stub", **headers: str) -> tuple[int, Any]:
    bearer = {"authorization": f"Bearer {token}"} if token is not None else {}
    answer = httpx2.get(backend + path, headers={**bearer, **headers}, **LOCAL)
    return answer.status_code, answer.json()


def test_a_user_of_the_app(backend: str, phone: Phone, provider: ProviderStub):
    """The session's access token is enough: the provider's API is called with the person's own token, which stays here."""
    tokens = phone.sign_in()
    status, told = ask(backend, tokens["access_token"])
    assert status == 200
    assert told["user_id"] == phone.userinfo(tokens["access_token"]).json()["sub"]
    assert told["data"]["sub"] == provider.subject
    assert "token" not in json.dumps(told)


def test_who_is_let_in_without_asking_the_broker(backend: str, phone: Phone):
    """The JWT is verified offline: one of a session that was ended just now still opens, until it is over."""
    tokens = phone.sign_in()
    phone.revoke(tokens["refresh_token"])
    assert ask(backend, tokens["access_token"])[0] == 200


@pytest.mark.parametrize("token", [None, "x", "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30."])
def test_no_token_at_all(backend: str, token: str | None):
    """No token, and what is none, is 401 in JSON."""
    status, told = ask(backend, token)
    assert (status, told["error"]) == (401, "not_signed_in")


def test_tokens_that_are_others(backend: str, broker: RunningBroker, phone: Phone):
    """An ID token, a token with a changed claim, and one of another app of the same broker open nothing."""
    tokens = phone.sign_in()
    header, claims, signature = tokens["access_token"].split(".")
    other = str(broker.make_client(name="Other")["client_id"])
    broker.allow(HTTPS_REDIRECT, other)
    foreign = Phone(broker, other, HTTPS_REDIRECT, browser=phone.browser).sign_in()["access_token"]
    for token in (tokens["id_token"], f"{header}.{claims[:-4]}AAAA.{signature}", foreign):
        status, told = ask(backend, token)
        assert (status, told["error"]) == (401, "not_signed_in")


def test_a_provider_that_it_does_not_call(backend: str, phone: Phone):
    """A name that is in no setting is 404, whatever the broker would make of it."""
    status, told = ask(backend, phone.sign_in()["access_token"], "/profile/google")
    assert (status, told["error"]) == (404, "unknown_provider")


def test_a_grant_that_is_over(backend: str, broker: RunningBroker, phone: Phone):
    """Where only the person can help the app is told so, with the place to go to."""
    token = phone.sign_in()["access_token"]
    user_id = phone.userinfo(token).json()["sub"]
    (account,) = broker.admin("GET", f"/v1/users/{user_id}/external_accounts").json()
    broker.admin("DELETE", f"/v1/users/{user_id}/external_accounts/{account['id']}/tokens")
    status, told = ask(backend, token)
    assert (status, told["error"]) == (409, "reconnect")
    assert told["reconnect_url"].startswith(f"{broker.issuer}/reconnect/stub?")


def test_the_web_version_may_read_it(backend: str, phone: Phone):
    """Its origin may, another may not."""
    headers = {"authorization": f"Bearer {phone.sign_in()['access_token']}"}
    answers = [
        httpx2.get(f"{backend}/profile/stub", headers={**headers, "origin": origin}, **LOCAL)
        for origin in ("https://app.example.com", "https://evil.example")
    ]
    allowed = [answer.headers.get("access-control-allow-origin") for answer in answers]
    assert allowed == ["https://app.example.com", None]
