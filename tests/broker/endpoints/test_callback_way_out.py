"""What the provider gets to see of a flow before it comes back: ours alone, and new each time."""

import hashlib
from base64 import urlsafe_b64encode

import pytest

from tests.broker.providers.outcome import query_of
from tests.conftest import connect
from tests.phone import Phone, challenge_of
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub

FLOWS = 200
OFTEN_ASKED = {
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
}


def on_the_way(phone: Phone, **changes: str | None) -> dict[str, str]:
    """The parameters with which the browser is sent to the provider."""
    answer = phone.authorize(**changes)
    assert answer.status_code == 303, answer.text
    return query_of(answer.headers["location"])


def test_cb_05_a_callback_of_its_own(phone: Phone, provider: ProviderStub):
    """CB-05: No two connections share a callback path, even where provider and client are the same."""
    ids = ["stub", "stub_2", "stub2"]
    for provider_id in ids[1:]:
        connect(phone.broker, provider, provider_id)
    try:
        seen = [on_the_way(phone, provider=provider_id)["redirect_uri"] for provider_id in ids]
    finally:
        for provider_id in ids[1:]:
            phone.broker.admin("DELETE", f"/v1/providers/{provider_id}")
    assert seen == [f"{phone.broker.issuer}/callback/{provider_id}" for provider_id in ids]


def test_cb_05_same_at_the_exchange(phone: Phone, provider: ProviderStub):
    """CB-05: The exchange names the callback path that the authorization request named."""
    asked = on_the_way(phone)
    phone.land()
    assert provider.asked("/token")[0]["redirect_uri"] == asked["redirect_uri"]


def test_cb_07_no_repeats(phone: Phone):
    """CB-07: Over two hundred flows with one app verifier, upstream state, nonce and S256 challenge never repeat, and
    none is a value of the app's own."""
    seen: list[str] = []
    for _ in range(FLOWS):
        asked = on_the_way(phone, nonce="nonce-of-the-app")
        assert asked["code_challenge_method"] == "S256"
        seen += [asked["state"], asked["nonce"], asked["code_challenge"]]
    assert all(len(value) == 43 for value in seen)
    own = {phone.state, phone.verifier, challenge_of(phone.verifier), "nonce-of-the-app"}
    assert len(set(seen) - own) == 3 * FLOWS


def test_cb_07_verifier(phone: Phone, provider: ProviderStub):
    """CB-07: The provider gets a verifier that fits the challenge, is not the app's, and nothing else of ours."""
    for _ in range(2):
        phone.land()
    sent = provider.asked("/token")
    for asked, exchanged in zip(provider.asked("/authorize"), sent, strict=True):
        digest = hashlib.sha256(exchanged["code_verifier"].encode()).digest()
        assert urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
        assert exchanged["code_verifier"] not in {phone.verifier, asked["state"], asked["nonce"]}
        assert set(exchanged) == {
            *("grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret")
        }
        assert (exchanged["client_id"], exchanged["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
    assert sent[0]["code_verifier"] != sent[1]["code_verifier"]


def test_cb_11_nothing_of_the_app(phone: Phone):
    """CB-11: Of an app's parameters none reaches the provider as it is: no hint, no unknown one, no address, no scope."""
    asked = on_the_way(
        phone,
        login_hint="victim@example.com",
        foo="1",
        nonce="nonce-of-the-app",
        display="popup",
        ui_locales="de",
        acr_values="9",
        max_age="1",
        id_token_hint="x",
        access_type="online",
        hd="example.com",
    )
    assert set(asked) == OFTEN_ASKED
    assert (asked["client_id"], asked["scope"]) == (CLIENT_ID, "openid email profile")
    assert not {phone.state, phone.redirect_uri, phone.client_id, "nonce-of-the-app"} & set(asked.values())


@pytest.mark.parametrize("prompt", ["login", "consent", "select_account", "login consent"])
def test_cb_11_known_prompt(phone: Phone, prompt: str):
    """CB-11: A prompt from the short list reaches the provider in those words."""
    assert set(on_the_way(phone, prompt=prompt)["prompt"].split()) == set(prompt.split())


@pytest.mark.parametrize("prompt", ["none", "create", "login&hd=x", "LOGIN", "login none", "x" * 100])
def test_cb_11_other_prompts(phone: Phone, provider: ProviderStub, prompt: str):
    """CB-11: Every other prompt goes back to the app as an error, and the provider hears nothing of the flow."""
    answer = phone.authorize(prompt=prompt)
    assert query_of(answer.headers["location"])["error"] in {"invalid_request", "interaction_required"}
    assert not provider.requests


def test_cb_11_prompt_a_provider_does_not_know(public_phone: Phone):
    """CB-11: A prompt that this provider does not take is left out."""
    assert "prompt" not in on_the_way(public_phone, provider="google", prompt="login")
    assert on_the_way(public_phone, provider="google", prompt="consent")["prompt"] == "consent"


def test_cb_11_provider_scopes(phone: Phone, provider: ProviderStub):
    """CB-11: Of additional scopes only those that an admin has listed are asked of the provider."""
    connect(phone.broker, provider, "wide", additional_scopes=["calendar"])
    try:
        asked = on_the_way(phone, provider="wide", provider_scopes="calendar")
        assert asked["scope"] == "openid email profile calendar"
        answer = phone.authorize(provider="wide", provider_scopes="calendar admin")
        assert query_of(answer.headers["location"])["error"] == "invalid_scope"
    finally:
        phone.broker.admin("DELETE", "/v1/providers/wide")


def test_cb_01_host_cookie(public_phone: Phone):
    """CB-01: Under an https name the flow's cookie is a `__Host-` one: Secure, HttpOnly, whole site, no domain."""
    answer = public_phone.authorize(provider="google")
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-flow-")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"} == set(attributes)
    assert len(answer.headers.get_list("set-cookie")) == 1


def test_cb_09_cookie_of_a_posted_callback(public_phone: Phone):
    """CB-09: Only a flow that is posted back across sites has a cookie that crosses them, and it is Secure too."""
    answer = public_phone.authorize(provider="apple")
    assert answer.headers["set-cookie"].startswith("__Host-flow-")
    assert {"Secure", "HttpOnly", "SameSite=None"} <= set(answer.headers["set-cookie"].split("; "))
    assert query_of(answer.headers["location"])["response_mode"] == "form_post"
