"""What comes after the sign-in: refresh, revocation, profiles, discovery; and the pages."""

import asyncio
import json

import pytest

from broker.providers import CATALOGUE
from broker.providers.custom import read_discovery
from broker.simulator import memory
from broker.simulator.memory import Drawer
from broker.simulator.routes import simulator_routes
from broker.simulator.simulated import simulated_providers

pytestmark = pytest.mark.anyio

REFRESHING = ["google", "apple", "microsoft"]


def refresh(broker, provider, token):
    return broker.call(provider, "token", grant_type="refresh_token", refresh_token=token)


@pytest.mark.parametrize("provider", REFRESHING)
async def test_refresh_rotates(broker, provider):
    """A refresh gives new tokens, and the refresh token it took is good no more."""
    _, tokens = await broker.sign_in(provider)
    status, fresh = await refresh(broker, provider, tokens.refresh_token)
    assert status == 200
    assert fresh["access_token"] != tokens.access_token
    status, refused = await refresh(broker, provider, tokens.refresh_token)
    assert (status, refused["error"]) == (400, "invalid_grant")
    status, _ = await refresh(broker, provider, fresh["refresh_token"])
    assert status == 200


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
    _, tokens = await broker.upstream.sign_in(broker.connection("google"), pending, told["code"], 0)
    assert tokens.refresh_token is None


async def test_unknown_grant_type(broker):
    """A grant type that no provider has is refused by its own error."""
    status, body = await broker.call("google", "token", grant_type="password")
    assert (status, body["error"]) == (400, "unsupported_grant_type")


async def test_expiry(broker):
    """An access token lives as long as the sign-in form said."""
    pending, url = broker.start("google")
    told = await broker.submit(url, persona="ada", outcome="approve", expires_in="1")
    _, tokens = await broker.upstream.sign_in(broker.connection("google"), pending, told["code"], 100)
    assert tokens.expires_at == 101
    assert (await broker.get("/simulator/google/userinfo", tokens.access_token))[0] == 200
    await asyncio.sleep(1.05)
    assert (await broker.get("/simulator/google/userinfo", tokens.access_token))[0] == 401


@pytest.mark.parametrize("provider", ["google", "apple"])
async def test_revoke(broker, provider):
    """Revoking one token of a grant ends all of them; another grant of the same person stays."""
    _, tokens = await broker.sign_in(provider)
    _, others = await broker.sign_in(provider)
    status, _ = await broker.call(provider, "revoke", token=tokens.access_token)
    assert status == 200
    assert (await refresh(broker, provider, tokens.refresh_token))[0] == 400
    assert (await refresh(broker, provider, others.refresh_token))[0] == 200


async def test_revoke_unknown(broker):
    """An unknown token is as good as revoked; a wrong secret is an error."""
    assert (await broker.call("google", "revoke", token="unknown"))[0] == 200
    status, body = await broker.call("google", "revoke", token="unknown", client_secret="wrong")
    assert (status, body["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "path",
    [
        "google/userinfo",
        "microsoft/userinfo",
        "github/user",
        "github/user/emails",
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
        "google/user",
        "google/user/emails",
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
    simulated = simulated_providers(broker.issuer)[provider]
    _, text = await broker.get(f"/simulator/{provider}/.well-known/openid-configuration")
    found = read_discovery(simulated.issuer, json.loads(text))
    assert found.token_endpoint == simulated.token_endpoint
    assert found.jwks_uri == simulated.jwks_uri


def test_everybody_stays_at_home():
    """No simulated provider keeps an address of the real one."""
    for provider in simulated_providers("http://127.0.0.1:1").values():
        addresses = (
            provider.authorization_endpoint,
            provider.token_endpoint,
            provider.userinfo_endpoint,
            provider.revocation_endpoint,
            provider.issuer,
            provider.jwks_uri,
        )
        home = f"http://127.0.0.1:1/simulator/{provider.id}"
        assert all(address is None or address.startswith(home) for address in addresses)


def test_dialect_is_kept():
    """What makes a provider itself survives the simulation, but for Apple's minted secret."""
    for provider_id, provider in simulated_providers("http://127.0.0.1:1").items():
        real = CATALOGUE[provider_id]
        assert (provider.pkce, provider.response_mode, provider.scopes) == (
            real.pkce,
            real.response_mode,
            real.scopes,
        )
        assert provider.to_identity is real.to_identity
        assert provider.mint_client_secret is None


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
