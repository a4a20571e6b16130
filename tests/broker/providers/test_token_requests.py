"""The calls about a token that we hold, in each provider's own way, as they would leave us."""

import hmac
import json
from base64 import b64encode
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from broker.core.identity import ProviderTokens
from broker.core.records import ProviderConfiguration
from broker.providers import CATALOGUE
from broker.providers.provider import Connection, connect
from broker.providers.token_requests import Request, exchange_request, renewal_request, revocation_request

NOW = 1_800_000_000
TOKENS = ProviderTokens(access_token="at/1", refresh_token="rt 1", expires_at=NOW + 60)
BASIC = f"Basic {b64encode(b'the%2Fapp:hush%26hush').decode()}"
APP = {"client_id": ["the/app"], "client_secret": ["hush&hush"]}


def connection(provider_id: str, **changes: object) -> Connection:
    """Apple's minted secret is a plain one here; tests of its own hold it to its form."""
    provider = replace(CATALOGUE[provider_id], mint_client_secret=None, **changes)
    configuration = ProviderConfiguration(
        id=provider_id, client_id="the/app", credentials={"client_secret": "hush&hush"}
    )
    return connect(provider, configuration, "https://id.example.com")


def sent(request: Request | None) -> tuple[str, str, dict[str, list[str]], dict[str, list[str]]]:
    """Method, address, query and form."""
    assert request
    url = urlsplit(request.url)
    form = parse_qs(request.body) if request.body else {}
    return request.method, f"{url.scheme}://{url.netloc}{url.path}", parse_qs(url.query), form


EXCHANGES = {
    "facebook": (
        "https://graph.facebook.com/v23.0/oauth/access_token",
        {"grant_type": ["fb_exchange_token"], "fb_exchange_token": ["at/1"], **APP},
    ),
    "instagram": (
        "https://graph.instagram.com/access_token",
        {"grant_type": ["ig_exchange_token"], "access_token": ["at/1"], "client_secret": ["hush&hush"]},
    ),
    "threads": (
        "https://graph.threads.net/access_token",
        {"grant_type": ["th_exchange_token"], "access_token": ["at/1"], "client_secret": ["hush&hush"]},
    ),
}


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_exchange(provider_id: str):
    """Meta's three trade a short-lived token for a long-lived one, each in its own words; nobody else does."""
    request = exchange_request(connection(provider_id), TOKENS, NOW)
    if provider_id in EXCHANGES:
        assert sent(request) == ("GET", *EXCHANGES[provider_id], {})
    else:
        assert request is None


RENEWALS = {
    "facebook": EXCHANGES["facebook"],
    "instagram": (
        "https://graph.instagram.com/refresh_access_token",
        {"grant_type": ["ig_refresh_token"], "access_token": ["at/1"]},
    ),
    "threads": (
        "https://graph.threads.net/refresh_access_token",
        {"grant_type": ["th_refresh_token"], "access_token": ["at/1"]},
    ),
}


@pytest.mark.parametrize("provider_id", RENEWALS)
def test_renewal_by_access_token(provider_id: str):
    """A long-lived token is renewed with itself while it lives, and with nothing once it is over."""
    known = connection(provider_id)
    assert sent(renewal_request(known, TOKENS, NOW)) == ("GET", *RENEWALS[provider_id], {})
    assert renewal_request(known, TOKENS, NOW + 60) is None
    endless = ProviderTokens(access_token="at/1")
    assert renewal_request(known, endless, NOW) is not None


@pytest.mark.parametrize("provider_id", ["google", "apple", "github", "microsoft"])
def test_renewal_by_refresh_token(provider_id: str):
    """Others take the refresh token at the token endpoint, with the client's secret; without one there is no call."""
    known = connection(provider_id)
    form = {"grant_type": ["refresh_token"], "refresh_token": ["rt 1"], **APP}
    assert sent(renewal_request(known, TOKENS, NOW)) == ("POST", known.provider.token_endpoint, {}, form)
    assert renewal_request(known, ProviderTokens(access_token="at"), NOW) is None


def test_basic_authentication():
    """Where the token endpoint takes Basic, both halves are encoded first and the form has no secret."""
    known = connection("google", client_auth="client_secret_basic")
    request = renewal_request(known, TOKENS, NOW)
    assert request
    assert request.headers["Authorization"] == BASIC
    assert sent(request)[3] == {"grant_type": ["refresh_token"], "refresh_token": ["rt 1"]}


def test_revocation_at_google():
    """The token alone; the access token where there is no refresh token."""
    known = connection("google")
    endpoint = "https://oauth2.googleapis.com/revoke"
    assert sent(revocation_request(known, TOKENS, NOW)) == ("POST", endpoint, {}, {"token": ["rt 1"]})
    only = ProviderTokens(access_token="at/1")
    assert sent(revocation_request(known, only, NOW))[3] == {"token": ["at/1"]}


@pytest.mark.parametrize(
    ("tokens", "token", "hint"),
    [(TOKENS, "rt 1", "refresh_token"), (ProviderTokens(access_token="at/1"), "at/1", "access_token")],
    ids=["both", "access token"],
)
def test_revocation_by_rfc_7009(tokens: ProviderTokens, token: str, hint: str):
    """RFC 7009's form with the client's secret, and a hint of which token it is."""
    form = {"token": [token], "token_type_hint": [hint], **APP}
    request = revocation_request(connection("apple"), tokens, NOW)
    assert sent(request) == ("POST", "https://appleid.apple.com/auth/revoke", {}, form)


def test_the_client_that_tokens_were_given_to():
    """Tokens that an app's own id got are renewed and given back by that id, with a secret minted for it."""
    apple = replace(CATALOGUE["apple"], mint_client_secret=lambda asking, _: f"for {asking.client_id}")
    credentials = ProviderConfiguration(id="apple", client_id="the/app")
    known = connect(apple, credentials, "https://id.example.com")
    own = msgspec.structs.replace(TOKENS, client_id="com.example.app")
    for make in (renewal_request, revocation_request):
        form = sent(make(known, own, NOW))[3]
        assert (form["client_id"], form["client_secret"]) == (["com.example.app"], ["for com.example.app"])
        form = sent(make(known, TOKENS, NOW))[3]
        assert (form["client_id"], form["client_secret"]) == (["the/app"], ["for the/app"])


def test_revocation_at_github():
    """DELETE of the app's grant: the client by Basic, the access token in a JSON body."""
    request = revocation_request(connection("github"), TOKENS, NOW)
    assert request
    assert (request.method, request.url) == (
        "DELETE",
        "https://api.github.com/applications/the%2Fapp/grant",
    )
    assert request.headers == {"Authorization": BASIC, "Content-Type": "application/json"}
    assert json.loads(request.body or "") == {"access_token": "at/1"}


def test_revocation_at_facebook():
    """DELETE of all permissions: the token in the header, the proof that the call is ours in the query."""
    request = revocation_request(connection("facebook"), TOKENS, NOW)
    assert request
    proof = hmac.new(b"hush&hush", b"at/1", "sha256").hexdigest()
    address = "https://graph.facebook.com/v23.0/me/permissions"
    assert sent(request) == ("DELETE", address, {"appsecret_proof": [proof]}, {})
    assert request.headers == {"Authorization": "Bearer at/1"}


@pytest.mark.parametrize("provider_id", ["microsoft", "instagram", "threads"])
def test_no_revocation(provider_id: str):
    """Who has no call for it is not called."""
    assert revocation_request(connection(provider_id), TOKENS, NOW) is None


def test_nothing_is_shown():
    """A request in a log line or traceback shows no token and no secret, though some have them in the URL."""
    for provider_id in ("facebook", "github", "apple"):
        for make in (exchange_request, renewal_request, revocation_request):
            shown = repr(make(connection(provider_id), TOKENS, NOW))
            assert not [secret for secret in ("at/1", "at%2F1", "rt", "hush", BASIC) if secret in shown]
