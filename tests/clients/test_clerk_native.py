"""Clerk's SDK for phones as npm has it, pointed at the broker by `proxyUrl` and nothing else (clerk_native/README.md)."""

import base64
import secrets
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.clients.clerk import ClerkJs
from tests.clients.conftest import Ended, run_node
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT, connect
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker

HERE = Path(__file__).with_name("clerk_native")
PUBLISHABLE = "pk_live_" + base64.b64encode(b"broker.example.com$").decode()
ID_TOKEN = "e30.e30.e30"


@pytest.fixture(scope="module")
def client_id(broker: RunningBroker) -> str:
    """An app that is open to the SDK."""
    made = str(broker.make_client(name="Clerk app", token_profile="clerk")["client_id"])
    broker.allow(SCHEME_REDIRECT, made)
    broker.allow(HTTPS_REDIRECT, made)
    return made


@pytest.fixture
def trip(broker: RunningBroker, provider: ProviderStub, client_id: str) -> dict[str, Any]:
    """What a program needs to know of the broker; somebody new is at the provider."""
    assert (HERE / "node_modules" / "@clerk").is_dir(), "run `make test`: it installs the node programs"
    provider.subject = f"native-{secrets.token_hex(4)}"
    return {
        "proxy_url": f"{broker.address}/clerk/{client_id}",
        "publishable_key": PUBLISHABLE,
        "redirect_uri": SCHEME_REDIRECT,
        "strategy": "oauth_stub",
        "id_token": ID_TOKEN,
    }


def clerk_js_native(trip: dict[str, Any], mode: str, **more: Any) -> Ended:
    return run_node("clerk_js.mjs", {**trip, "mode": mode, **more}, HERE)


def expo(trip: dict[str, Any], mode: str, **more: Any) -> Ended:
    return run_node("expo.mjs", {**trip, "mode": mode, **more}, HERE)


def check_token(told: dict[str, Any], clerk_js: ClerkJs, broker: RunningBroker, client_id: str) -> None:
    """Clerk's own backend SDK verifies it by our JWKS, and it is the broker's own session, which signing out ended."""
    options = {"secretKey": broker.secret_key, "apiUrl": broker.address, "authorizedParties": [client_id]}
    claims = clerk_js.call("verifyToken", told["token"], options)
    assert (claims["sub"], claims["sid"], claims["azp"]) == (told["user_id"], told["session_id"], client_id)
    header = jwt.get_unverified_header(told["token"])
    assert (header["alg"], header["typ"], claims["exp"] - claims["iat"]) == ("RS256", "JWT", 60)
    assert told["signed_out"] is True
    session = broker.admin("GET", f"/v1/sessions/{told['session_id']}").json()
    assert (session["user_id"], session["status"]) == (told["user_id"], "revoked")


@pytest.mark.parametrize("redirect_uri", [SCHEME_REDIRECT, HTTPS_REDIRECT])
def test_clerk_js(
    trip: dict[str, Any],
    clerk_js: ClerkJs,
    broker: RunningBroker,
    client_id: str,
    provider: ProviderStub,
    redirect_uri: str,
):
    """clerk-js for React Native signs in, has its client token rotated, activates, gets tokens, signs out."""
    told = clerk_js_native(trip, "sign_in", redirect_uri=redirect_uri).told
    check_token(told, clerk_js, broker, client_id)
    assert told["email"] == f"{provider.subject}@example.com"
    assert told["accounts"] == ["stub"]
    assert told["fresh"]
    assert told["rotated"]
    assert (told["after"]["status"], told["after"]["code"]) == (401, "authentication_invalid")


def test_clerk_js_signs_up(trip: dict[str, Any]):
    """A sign-up ends complete, and the explicit transfer to a sign-in finds its session."""
    told = clerk_js_native(trip, "sign_up").told
    assert told["status"] == "complete"
    assert told["session_id"].startswith(f"sess_{told['user_id'].removeprefix('user_')}")


def test_clerk_js_connects(trip: dict[str, Any], broker: RunningBroker, provider: ProviderStub):
    """A user connects an account with scopes, asks for more, and gives it up; the app's one line is to reload with the
    nonce."""
    connect(broker, provider, "native_other", additional_scopes=["files", "calendar"])
    asked = {"other": "oauth_native_other", "scopes": ["files"], "more_scopes": ["files", "calendar"]}
    told = clerk_js_native(trip, "connect", **asked).told
    (_, second), left = told["connected"], told["left"]
    assert second[0] == "native_other"
    assert {"files", "calendar"} <= set(second[1].split())
    assert left == 1


def test_clerk_js_is_told(trip: dict[str, Any]):
    """The SDK's own error class has what was refused: an unlisted address with the nearest entry, an unknown provider, an ID
    token whose nonce nobody can check."""
    told = clerk_js_native(trip, "refused").told
    assert (told["unlisted"]["status"], told["unlisted"]["code"]) == (400, "resource_missmatch")
    assert SCHEME_REDIRECT in told["unlisted"]["message"]
    assert told["unknown"]["code"] == "oauth_provider_not_enabled"
    assert (told["native"]["status"], told["native"]["code"]) == (422, "form_param_value_invalid")


@pytest.mark.parametrize("mode", ["sso", "next_sso", "oauth", "hosted"])
def test_expo_hooks(
    trip: dict[str, Any], clerk_js: ClerkJs, broker: RunningBroker, client_id: str, mode: str
):
    """In an app under `ClerkProvider`, `useSSO` (its successor, and `useOAuth`) and `useHostedAuth` sign in, `useAuth` has a token, `signOut` ends it."""
    check_token(expo(trip, mode).told, clerk_js, broker, client_id)


def test_expo_sso_that_was_cancelled(trip: dict[str, Any], provider: ProviderStub):
    """Where the person says no at the provider, `useSSO` has no session, and its sign-in says why."""
    provider.callback = lambda back: {"error": "access_denied", "state": back["state"]}
    assert expo(trip, "sso").told == {"status": "needs_first_factor", "error": "oauth_access_denied"}


def test_expo_native_sign_in_is_refused(trip: dict[str, Any]):
    """`useSignInWithApple` and `useSignInWithGoogle` fail with the way that there is for ID tokens."""
    for told in expo(trip, "native").told.values():
        assert (told["status"], told["code"]) == (422, "form_param_value_invalid")
        assert "/token" in told["message"]
