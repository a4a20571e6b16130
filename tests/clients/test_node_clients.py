"""OAuth clients that others wrote sign in, refresh and revoke here without knowing of us (node/README.md)."""

from typing import Any

import jwt
import pytest

from tests.clients.conftest import Upstream, run_node
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker

SCOPE = "openid profile email offline_access"
STRICT = ("openid_client.mjs", "oauth4webapi.mjs")
EXPO = "expo_auth_session.mjs"


def trip(broker: RunningBroker, app: dict[str, str], **more: object) -> dict[str, Any]:
    return {"issuer": broker.issuer, **app, "scope": SCOPE, "provider": "upstream", **more}


def check(told: dict[str, Any], sub_of: str = "alice@example.com") -> None:
    """What every client must have got."""
    assert told["userinfo"]["email"] == sub_of
    assert told["sub"].startswith("user_")
    assert told["token_type"].lower() == "bearer"
    assert set(told["scope"].split()) == set(SCOPE.split())
    assert 0 < told["expires_in"] <= 900
    assert told["refreshed"]
    assert told["revoked"]
    assert told["refused_after_revoke"] == "invalid_grant"


@pytest.mark.parametrize("par", [False, True], ids=["plain", "pushed"])
@pytest.mark.parametrize("app", ["public_app", "web_app", "desktop_app"])
@pytest.mark.parametrize("program", STRICT)
def test_strict_clients(
    request: pytest.FixtureRequest,
    broker: RunningBroker,
    upstream: Upstream,
    program: str,
    app: str,
    par: bool,
):
    """openid-client and oauth4webapi, which check iss, state, nonce and every signature, make the whole trip with an
    independent provider behind us: custom scheme, https and loopback, with and without a pushed request."""
    app_of = request.getfixturevalue(app)
    before = upstream.seen().get("signed_in", 0)
    told = run_node(program, trip(broker, app_of, par=par)).told
    check(told)
    assert upstream.seen()["signed_in"] == before + 1
    assert told["id_token"]["aud"] == app_of["client_id"]
    assert bool(told.get("introspected")) == ("client_secret" in app_of)


@pytest.mark.parametrize("program", STRICT)
def test_client_secret_post(broker: RunningBroker, upstream: Upstream, web_app: dict[str, str], program: str):
    """A client that sends its secret in the body is served as one that sends it in the header."""
    check(run_node(program, trip(broker, web_app, client_auth="client_secret_post")).told)


def test_expo_auth_session(broker: RunningBroker, upstream: Upstream, public_app: dict[str, str]):
    """The request code that Expo apps ship, unchanged, signs in by custom scheme, refreshes and revokes."""
    told = run_node(EXPO, trip(broker, public_app)).told
    check(told)
    assert told["has_id_token"]


def test_expo_auth_session_with_a_slash_in_the_issuer(
    broker: RunningBroker, upstream: Upstream, public_app: dict[str, str]
):
    """The issuer as people paste it, with a slash behind, works in expo-auth-session too."""
    check(run_node(EXPO, trip(broker, public_app, issuer=f"{broker.issuer}/")).told)


def test_expo_auth_session_without_openid(
    broker: RunningBroker, honest: ProviderStub, public_app: dict[str, str]
):
    """An app that asks for plain OAuth gets no ID token, and all else; the suite's own provider is behind us here."""
    told = run_node(EXPO, trip(broker, public_app, provider="stub", scope="email offline_access")).told
    assert not told["has_id_token"]
    assert told["userinfo"]["email"] == "ada@example.com"
    assert told["refused_after_revoke"] == "invalid_grant"


def test_expo_auth_session_reads_our_errors(broker: RunningBroker, public_app: dict[str, str]):
    """Each refusal of the token endpoint reaches an Expo app as the library's TokenError, with our code."""
    url, redirect_uri = f"{broker.address}/token", public_app["redirect_uri"]
    known = {"url": url, "client_id": public_app["client_id"], "redirect_uri": redirect_uri}
    cases = [
        {**known, "error": "invalid_grant", "status": 400},
        {**known, "client_id": "app_unknown", "error": "invalid_client", "status": 401},
        {**known, "client_secret": "wrong", "error": "invalid_client", "status": 401},
        {**known, "body_bytes": 200_000, "error": "invalid_request", "status": 413},
        {**known, "url": f"{broker.address}/nowhere", "error": "not_found", "status": 404},
        {**known, "url": f"{broker.address}/authorize", "status": 405},
    ]
    outcomes = run_node(EXPO, {"mode": "errors", "cases": cases}).told["outcomes"]
    assert {outcome["thrown"] for outcome in outcomes} == {"TokenError"}


@pytest.mark.parametrize("program", [*STRICT, EXPO])
def test_refusal_at_the_provider_reaches_the_app(
    broker: RunningBroker, upstream: Upstream, public_app: dict[str, str], program: str
):
    """Who says no at the provider comes back to the app as access_denied, in the client library's own error."""
    upstream.queue(error="access_denied")
    ended = run_node(program, trip(broker, public_app))
    assert ended.code == 1
    assert "access_denied" in ended.error
    assert "The person said no" not in ended.error


def test_two_people_are_two_users(broker: RunningBroker, upstream: Upstream, public_app: dict[str, str]):
    """Different people at the independent provider are different users here, and each the same one again."""
    subjects = []
    for account in ("carol", "dave", "carol"):
        upstream.queue(account=account)
        told = run_node("oauth4webapi.mjs", trip(broker, public_app)).told
        check(told, f"{account}@example.com")
        subjects.append(told["sub"])
    assert subjects[0] == subjects[2] != subjects[1]


def test_the_providers_key_set_is_really_used(
    broker: RunningBroker, upstream: Upstream, web_app: dict[str, str]
):
    """Our ID token is signed by our RSA key and names us, not the provider behind us."""
    claims = run_node("openid_client.mjs", trip(broker, web_app)).told["id_token"]
    assert claims["iss"] == broker.issuer != upstream.issuer
    keys = jwt.PyJWKSet.from_dict(broker.get("/.well-known/jwks.json").json()).keys
    assert {key.algorithm_name for key in keys} == {"ES256", "RS256"}
