"""What comes after the sign-in: refresh, revocation, profiles, discovery; and the pages."""

import asyncio
import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from broker.core.identity import ProviderTokens
from broker.providers import CATALOGUE
from broker.providers.custom import read_discovery
from broker.providers.lifecycle import Lifecycle
from broker.providers.token_answer import read_json, read_tokens, was_revoked
from broker.providers.token_requests import (
    Request,
    basic,
    profile_requests,
    renewal_request,
    revocation_request,
)
from broker.simulator import memory
from broker.simulator.memory import Drawer, Grant
from broker.simulator.personas import PERSONAS
from broker.simulator.routes import simulator_routes
from broker.simulator.simulated import simulated_connections
from broker.simulator.simulator import Simulator
from broker.simulator.token import refreshed
from tests.simulator.conftest import NOW, now

pytestmark = pytest.mark.anyio

META = ["facebook", "instagram", "threads"]
GRANT = {
    "provider": "microsoft",
    "persona": PERSONAS[0],
    "redirect_uri": "",
    "scopes": (),
    "challenge": None,
    "nonce": None,
    "offline": True,
    "outcome": "approve",
    "lifetime": 60,
}


def refresh(broker, provider, token):
    return broker.call(provider, "token", grant_type="refresh_token", refresh_token=token)


async def long_granted(broker, provider, **form):
    """Tokens of a sign-in that asks for consent, as it must for a second refresh token of Google's."""
    pending, url = broker.start(provider, prompt="consent")
    told = await broker.submit(url, **{"persona": "ada", "outcome": "approve"} | form)
    _, tokens = await broker.upstream.sign_in(broker.connection(provider), pending, told["code"], now())
    return tokens


@pytest.mark.parametrize("provider", ["google", "apple"])
async def test_refresh_token_that_stays(broker, provider):
    """Google's and Apple's refresh tokens serve again and again, and no answer to one brings another."""
    tokens = await long_granted(broker, provider)
    for _ in range(2):
        status, fresh = await refresh(broker, provider, tokens.refresh_token)
        assert status == 200
        assert fresh["access_token"] != tokens.access_token
        assert "refresh_token" not in fresh


async def test_refresh_token_that_is_replaced(broker):
    """Microsoft's comes with a new one each time, and the old one is not ended by that."""
    tokens = await long_granted(broker, "microsoft")
    _, fresh = await refresh(broker, "microsoft", tokens.refresh_token)
    assert fresh["refresh_token"] != tokens.refresh_token
    for token in (tokens.refresh_token, fresh["refresh_token"]):
        assert (await refresh(broker, "microsoft", token))[0] == 200


@pytest.mark.parametrize(("grace", "status"), [(0, 400), (60, 200)])
async def test_refresh_token_that_rotates(grace, status):
    """A refresh token that rotates is spent by its first use, once its declared grace is over."""
    rotating = Lifecycle(rotates=True, grace=grace)
    provider = replace(simulated_connections("http://127.0.0.1:1")["microsoft"].provider, lifecycle=rotating)
    simulator = Simulator("http://127.0.0.1:1", {}, 0)
    given = Grant(**GRANT)
    token = simulator.refresh_tokens.put(given, 60)
    assert refreshed(simulator, provider, token, "simulated") is given
    found = simulator.refresh_tokens.find(token)
    assert (found is given) is (status == 200)


async def test_consent_at_google(broker):
    """Google gives a refresh token with the first consent, with another that was asked for, and after a revocation."""

    async def given(**changes):
        pending, url = broker.start("google", **changes)
        told = await broker.submit(url, persona="Consent@example.com", outcome="approve")
        return (await broker.upstream.sign_in(broker.connection("google"), pending, told["code"], now()))[1]

    first = await given()
    assert first.refresh_token
    assert (await given()).refresh_token is None
    assert (await given(prompt="consent")).refresh_token
    await broker.call("google", "revocation", token=first.refresh_token)
    assert (await given()).refresh_token


@pytest.mark.parametrize("provider", META)
async def test_long_lived(broker, provider):
    """Meta's sign-in ends with a long-lived token, which lasts 60 days unless the form said otherwise."""
    tokens = await long_granted(broker, provider)
    assert tokens.refresh_token is None
    assert tokens.expires_at == pytest.approx(now() + 60 * 86_400, abs=5)
    short = await long_granted(broker, provider, expires_in="90")
    assert short.expires_at == pytest.approx(now() + 90, abs=5)


async def test_instagram_tells_the_granted_scopes(broker):
    """What Instagram calls permissions are the scopes of the tokens, also after the exchange."""
    assert (await long_granted(broker, "instagram")).scope == ("instagram_business_basic",)


@pytest.mark.parametrize("provider", META)
async def test_renewal(broker, provider):
    """A long-lived token gets a younger one that opens the profile, by the broker's own request."""
    tokens = await long_granted(broker, provider)
    connection = broker.connection(provider)
    answer = await broker.upstream.send(renewal_request(connection, tokens, NOW))
    fresh = read_tokens(read_json(answer), NOW + 100)
    assert (fresh.access_token != tokens.access_token, fresh.expires_at) == (True, NOW + 100 + 60 * 86_400)
    for request in profile_requests(connection, fresh.access_token, {}, NOW).values():
        assert (await broker.upstream.send(request)).status == 200


@pytest.mark.parametrize("provider", META)
async def test_renewal_of_a_dead_token(broker, provider):
    """What is over is not renewed, and the answer has Meta's number for it."""
    tokens = ProviderTokens(access_token="unknown")
    answer = await broker.upstream.send(renewal_request(broker.connection(provider), tokens, NOW))
    assert answer.status == 400
    assert json.loads(answer.content)["error"]["code"] == 190


@pytest.mark.parametrize("door", ["exchange", "renewal"])
async def test_trades_are_checked(broker, door):
    """A trade needs the right grant type, and the app's secret where it must be shown."""
    tokens = await long_granted(broker, "facebook")
    query = {"grant_type": "fb_exchange_token", "client_id": "simulated", "client_secret": "simulated"}
    query["fb_exchange_token"] = tokens.access_token
    for wrong in ({"grant_type": "ig_refresh_token"}, {"client_secret": "wrong"}, {}):
        path = f"/simulator/facebook/{door}?{urlencode(query | wrong)}"
        assert (await broker.get(path))[0] == (400 if wrong else 200)


REVOCABLE = [each.id for each in CATALOGUE.values() if each.lifecycle.revokes]


@pytest.mark.parametrize("provider", REVOCABLE)
async def test_revocation_in_each_dialect(broker, provider):
    """The broker's own request ends a grant wherever there is a call for it; sent again it ends nothing and hurts nobody."""
    tokens, connection = await long_granted(broker, provider), broker.connection(provider)
    request = revocation_request(connection, tokens, now())
    assert (await broker.upstream.send(request)).status in {200, 204}
    for opened in profile_requests(connection, tokens.access_token, {}, now()).values():
        assert (await broker.upstream.send(opened)).status in {400, 401}
    again = await broker.upstream.send(request)
    assert again.status == 200 or not was_revoked(again, connection.provider.errors)


@pytest.mark.parametrize("provider", ["github", "facebook"])
async def test_revocation_needs_proof(broker, provider):
    """GitHub asks for the app's secret, Facebook for the proof made of it; with a wrong one nothing ends."""
    tokens = await long_granted(broker, provider)
    request = revocation_request(broker.connection(provider, client_secret="wrong"), tokens, NOW)
    assert (await broker.upstream.send(request)).status in {400, 404}
    request = revocation_request(broker.connection(provider), tokens, NOW)
    assert (await broker.upstream.send(request)).status in {200, 204}


async def test_github_revocation_without_a_token(broker):
    """GitHub's call without a token in its body ends nothing."""
    url = f"{broker.issuer}/simulator/github/revocation"
    headers = {"Authorization": basic("simulated", "simulated"), "Content-Type": "application/json"}
    answer = await broker.upstream.send(Request(method="DELETE", url=url, headers=headers, body="{}"))
    assert answer.status >= 400


async def test_github_has_nothing_to_refresh(broker):
    """A token of GitHub has no ID token, no refresh token and no end, and its scopes stand with commas."""
    pending, url = broker.start("github")
    told = await broker.submit(url, persona="ada", outcome="approve")
    _, body = await broker.call(
        "github",
        "token",
        grant_type="authorization_code",
        code=told["code"],
        redirect_uri=f"{broker.issuer}/callback/github",
        code_verifier=pending.upstream_verifier,
    )
    assert set(body) == {"access_token", "token_type", "scope"}
    assert body["scope"] == "read:user,user:email"


async def test_github_errors(broker):
    """GitHub says an error with status 200 and in words of its own."""
    form = {"grant_type": "authorization_code", "code": "unknown", "redirect_uri": "x", "code_verifier": "y"}
    status, body = await broker.call("github", "token", **form)
    assert (status, body["error"]) == (200, "bad_verification_code")


async def test_google_offline(broker):
    """Without access_type=offline Google gives no refresh token."""
    pending, url = broker.start("google", access_type="online")
    told = await broker.submit(url, persona="ada", outcome="approve")
    _, tokens = await broker.upstream.sign_in(broker.connection("google"), pending, told["code"], now())
    assert tokens.refresh_token is None


async def test_unknown_grant_type(broker):
    """A grant type that no provider has is refused by its own error."""
    status, body = await broker.call("google", "token", grant_type="password")
    assert (status, body["error"]) == (400, "unsupported_grant_type")


async def test_expiry(broker):
    """An access token lives as long as the sign-in form said."""
    pending, url = broker.start("google")
    told = await broker.submit(url, persona="ada", outcome="approve", expires_in="1")
    _, tokens = await broker.upstream.sign_in(broker.connection("google"), pending, told["code"], now())
    assert tokens.expires_at == pytest.approx(now() + 1, abs=2)
    assert (await broker.get("/simulator/google/userinfo", tokens.access_token))[0] == 200
    await asyncio.sleep(1.05)
    assert (await broker.get("/simulator/google/userinfo", tokens.access_token))[0] == 401


@pytest.mark.parametrize("provider", ["apple"])
async def test_revoke(broker, provider):
    """Revoking one token of a grant ends all of them; another grant of the same person stays."""
    tokens = await long_granted(broker, provider)
    others = await long_granted(broker, provider)
    status, _ = await broker.call(provider, "revoke", token=tokens.access_token)
    assert status == 200
    assert (await refresh(broker, provider, tokens.refresh_token))[0] == 400
    assert (await refresh(broker, provider, others.refresh_token))[0] == 200


async def test_revoke_unknown(broker):
    """An unknown token is as good as revoked, though Google says that it knows none; a wrong secret is an error."""
    assert (await broker.call("apple", "revoke", token="unknown"))[0] == 200
    assert (await broker.call("google", "revocation", token="unknown"))[0] == 400
    status, body = await broker.call("apple", "revoke", token="unknown", client_secret="wrong")
    assert (status, body["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "path",
    [
        "google/userinfo",
        "microsoft/userinfo",
        "github/profile/user",
        "github/profile/emails",
    ],
)
async def test_profile_needs_its_own_token(broker, path):
    """A profile opens to no token but one of the same provider."""
    _, stranger = await broker.sign_in("apple")
    assert (await broker.get(f"/simulator/{path}", stranger.access_token))[0] == 401
    assert (await broker.get(f"/simulator/{path}"))[0] == 401


@pytest.mark.parametrize(
    "path",
    [
        "nobody/authorize",
        "nobody/jwks",
        "apple/userinfo",
        "github/userinfo",
        "google/profile/user",
        "threads/profile/emails",
        "google/exchange",
        "github/renewal",
        "github/jwks",
        "github/.well-known/openid-configuration",
    ],
)
async def test_doors_that_the_real_one_lacks(broker, path):
    """A door that the real provider does not have is not there."""
    assert (await broker.get(f"/simulator/{path}"))[0] == 404


@pytest.mark.parametrize("provider", ["google", "apple"])
async def test_discovery(broker, provider):
    """The discovery document says what the broker's catalogue says."""
    simulated = simulated_connections(broker.issuer)[provider].provider
    _, text = await broker.get(f"/simulator/{provider}/.well-known/openid-configuration")
    found = read_discovery(simulated.issuer, json.loads(text))
    assert found.token_endpoint == simulated.token_endpoint
    assert found.jwks_uri == simulated.jwks_uri


def own_calls(lifecycle):
    calls = (lifecycle.exchange, lifecycle.renewal_call, lifecycle.revocation_call)
    return [call for call in calls if call]


def test_everybody_stays_at_home():
    """No simulated provider keeps an address of the real one."""
    for provider in (each.provider for each in simulated_connections("http://127.0.0.1:1").values()):
        addresses = (
            provider.authorization_endpoint,
            provider.token_endpoint,
            provider.userinfo_endpoint,
            provider.revocation_endpoint,
            provider.issuer,
            provider.jwks_uri,
            *(call.url for call in [*own_calls(provider.lifecycle), *provider.profile.values()]),
        )
        home = f"http://127.0.0.1:1/simulator/{provider.id}"
        assert all(address is None or address.startswith(home) for address in addresses)


def test_dialect_is_kept():
    """What makes a provider itself survives the simulation, down to Apple's signed client secret."""
    for provider_id, connection in simulated_connections("http://127.0.0.1:1").items():
        provider, real = connection.provider, CATALOGUE[provider_id]
        assert (provider.pkce, provider.response_mode, provider.scopes) == (
            real.pkce,
            real.response_mode,
            real.scopes,
        )
        assert provider.to_identity is real.to_identity
        assert (provider.lifecycle.rotates, provider.lifecycle.grace, provider.lifecycle.renewable_after) == (
            real.lifecycle.rotates,
            real.lifecycle.grace,
            0,
        )
        assert provider.mint_client_secret is real.mint_client_secret


def test_only_in_development():
    """Outside development there is no simulator to mount."""
    with pytest.raises(RuntimeError):
        simulator_routes("https://sso.example.com", development=False)


def test_memory_is_bounded(monkeypatch):
    """A full drawer lets its oldest value go."""
    monkeypatch.setattr(memory, "MOST", 2)
    drawer = Drawer()
    oldest, middle, newest = (drawer.put(n, 60) for n in range(3))
    assert drawer.find(oldest) is None
    assert (drawer.find(middle), drawer.find(newest)) == (1, 2)


def test_values_expire():
    """A value past its time is not found and not taken."""
    drawer = Drawer()
    key = drawer.put("code", -1)
    assert drawer.find(key) is None
    assert drawer.take(key) is None


async def test_start_page(broker):
    """The start page offers every provider and shows what an app must be told."""
    status, html = await broker.get("/")
    assert status == 200
    assert all(f'data-provider="{provider}"' in html for provider in CATALOGUE)
    assert broker.issuer in html
    assert "com.example.app:/signed-in" in html


@pytest.mark.parametrize("path", ["/", "/try?code=%3Cscript%3E&state=x"])
async def test_try_pages_hold_no_inline_script(broker, path):
    """Both pages load one script of ours, allow nothing else, and repeat nothing of the address."""
    async with broker.browser.get(f"{broker.issuer}{path}") as answer:
        policy = answer.headers["content-security-policy"]
        html = await answer.text()
    assert "script-src 'self'; connect-src 'self'" in policy
    assert html.count("<script") == 1
    assert '<script type="module" src="/assets/try.js"></script>' in html
