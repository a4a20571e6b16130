"""Authlib's clients sign in, refresh and revoke here, and its validators find nothing wrong with our metadata."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuth2Client
from authlib.oauth2.rfc6749.errors import MissingCodeException
from authlib.oauth2.rfc6749.parameters import parse_authorization_code_response
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

from tests.clients.conftest import Upstream
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT
from tests.phone import Phone
from tests.running import RunningBroker, running_broker

SCOPE = "openid profile email offline_access"
VERIFIER = "authlib-verifier-" + "v" * 40
# Both AppAuths refuse a discovery document that lacks one of these, even for plain OAuth.
APPAUTH_KEYS = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
}


@pytest.fixture
def browser(broker: RunningBroker) -> Iterator[Phone]:
    """The person's browser; the app's part is Authlib's."""
    with httpx2.Client(timeout=20, follow_redirects=False) as client:
        yield Phone(broker, "", "", browser=client)


def come_back(browser: Phone, url: str, redirect_uri: str) -> str:
    """Where the browser lands after `url`, the return page's button pressed."""
    browser.redirect_uri = redirect_uri
    landing = browser.follow(browser.browser.get(url))
    landing = landing if landing.location else browser.press(landing.response)
    assert landing.location
    return landing.location


def settings_of(app: dict[str, str]) -> dict[str, Any]:
    return {
        "client_id": app["client_id"],
        "client_secret": app.get("client_secret"),
        "redirect_uri": app["redirect_uri"],
        "token_endpoint_auth_method": "client_secret_basic" if "client_secret" in app else "none",
        "scope": SCOPE,
        "code_challenge_method": "S256",
        "timeout": 20,
    }


@pytest.mark.parametrize("app", ["public_app", "web_app"])
def test_oauth2_client(
    request: pytest.FixtureRequest, broker: RunningBroker, upstream: Upstream, browser: Phone, app: str
):
    """Authlib's client makes the whole trip with an independent provider behind us: state and PKCE are its own."""
    app_of = request.getfixturevalue(app)
    with OAuth2Client(**settings_of(app_of)) as client:
        url, _ = client.create_authorization_url(
            f"{broker.issuer}/authorize", code_verifier=VERIFIER, provider="upstream", nonce="n-1"
        )
        back = come_back(browser, url, app_of["redirect_uri"])
        first = client.fetch_token(
            f"{broker.issuer}/token", authorization_response=back, code_verifier=VERIFIER
        )
        assert client.get(f"{broker.issuer}/userinfo").json()["email"] == "alice@example.com"
        second = client.refresh_token(f"{broker.issuer}/token")
        assert second["refresh_token"] != first["refresh_token"]
        revoked = client.revoke_token(
            f"{broker.issuer}/revoke", second["refresh_token"], token_type_hint="refresh_token"
        )
        assert revoked.status_code == 200
        with pytest.raises(OAuthError) as refusal:
            client.refresh_token(f"{broker.issuer}/token", second["refresh_token"])
    assert refusal.value.error == "invalid_grant"


@pytest.mark.anyio
async def test_async_oauth2_client(
    broker: RunningBroker, upstream: Upstream, browser: Phone, public_app: dict[str, str]
):
    """Authlib's asynchronous client makes the same trip."""
    async with AsyncOAuth2Client(**settings_of(public_app)) as client:
        url, _ = client.create_authorization_url(
            f"{broker.issuer}/authorize", code_verifier=VERIFIER, provider="upstream"
        )
        back = come_back(browser, url, SCHEME_REDIRECT)
        await client.fetch_token(
            f"{broker.issuer}/token", authorization_response=back, code_verifier=VERIFIER
        )
        assert (await client.get(f"{broker.issuer}/userinfo")).json()["sub"].startswith("user_")
        token = await client.refresh_token(f"{broker.issuer}/token")
        await client.revoke_token(f"{broker.issuer}/revoke", token["refresh_token"])
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.refresh_token(f"{broker.issuer}/token", token["refresh_token"])


def test_refusal_reaches_authlib(
    broker: RunningBroker, upstream: Upstream, browser: Phone, web_app: dict[str, str]
):
    """Who says no at the provider comes back with `access_denied` and the state that Authlib made, and no code."""
    upstream.queue(error="access_denied")
    with OAuth2Client(**settings_of(web_app)) as client:
        url, state = client.create_authorization_url(
            f"{broker.issuer}/authorize", code_verifier=VERIFIER, provider="upstream"
        )
        back = come_back(browser, url, HTTPS_REDIRECT)
        with pytest.raises(MissingCodeException):
            parse_authorization_code_response(back, state)
    assert parse_qs(urlsplit(back).query)["error"] == ["access_denied"]
    assert parse_qs(urlsplit(back).query)["state"] == [state]


@pytest.fixture(scope="module")
def public_broker(valkey: str) -> Iterator[RunningBroker]:
    """A broker with a public https issuer, since the validators demand https throughout."""
    with running_broker(valkey, ISSUER="https://id.example.com", DEVELOPMENT="0") as running:
        yield running


@pytest.mark.parametrize(
    ("path", "validator"),
    [
        ("/.well-known/oauth-authorization-server", AuthorizationServerMetadata),
        ("/.well-known/openid-configuration", OpenIDProviderMetadata),
    ],
)
def test_md_02_metadata_is_valid(public_broker: RunningBroker, path: str, validator: Any):
    """MD-02: Authlib's validators of RFC 8414 and OpenID Connect Discovery accept every key that we publish."""
    document = validator(public_broker.get(path).json())
    document.validate()
    assert document["issuer"] == "https://id.example.com"
    assert document["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize("key", ["issuer", "token_endpoint", "response_types_supported"])
def test_the_validator_does_refuse(public_broker: RunningBroker, key: str):
    """The validator is no rubber stamp: without a required key it refuses the same document."""
    document = public_broker.get("/.well-known/oauth-authorization-server").json()
    del document[key]
    with pytest.raises(ValueError, match=key):
        AuthorizationServerMetadata(document).validate()


@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
)
def test_metadata_has_what_appauth_demands(broker: RunningBroker, path: str):
    """Both discovery documents hold every key without which AppAuth lets nobody sign in."""
    document = broker.get(path).json()
    assert set(document) >= APPAUTH_KEYS
    assert document["subject_types_supported"] == ["public"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert document["issuer"] == broker.issuer
