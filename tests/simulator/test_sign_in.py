"""Whole sign-ins of the broker's true client at every simulated provider, over HTTP."""

import json

import pytest

from broker.core.errors import ErrorCode, OAuthError
from broker.core.pkce import challenge_of
from broker.providers import CATALOGUE
from broker.simulator.personas import BY_KEY
from tests.simulator.conftest import now

pytestmark = pytest.mark.anyio

EVERY_PROVIDER = pytest.mark.parametrize("provider", CATALOGUE)
EVERY_PERSONA = pytest.mark.parametrize("persona", BY_KEY)


def answers(provider):
    """What a provider says of a person, as its file documents it."""
    told = CATALOGUE[provider].documented
    return json.dumps(told.claims if CATALOGUE[provider].issuer else [told.profile, told.token])


EMAILS = pytest.mark.parametrize("provider", [each for each in CATALOGUE if "email" in answers(each)])


@EVERY_PROVIDER
@EVERY_PERSONA
async def test_identity(broker, provider, persona):
    """Each persona arrives at each provider with what it tells, and none vouches for an address that was never checked."""
    identity, _ = await broker.sign_in(provider, persona)
    who, told = BY_KEY[persona], answers(provider)
    only_verified = "{verified_email" in told
    tells_email = "{email" in told.replace("{email_", "") or only_verified
    reachable = who.email if who.email_verified or not only_verified else None
    assert identity.email == (reachable if tells_email else None)
    assert identity.email_verified in ({None, who.email_verified} if identity.email else {None, False})
    told_name = who.name if "name" in told and provider != "apple" else None
    assert identity.name in {told_name, who.username, None}


@EVERY_PROVIDER
async def test_stable_subject(broker, provider):
    """The same person has one subject at a provider, and nobody else has it."""
    first, _ = await broker.sign_in(provider, "ada")
    again, _ = await broker.sign_in(provider, "ada")
    other, _ = await broker.sign_in(provider, "grace")
    assert first.subject == again.subject != other.subject


async def test_subjects_differ_between_providers(broker):
    """No two providers know a person by the same subject."""
    subjects = {(await broker.sign_in(provider, "ada"))[0].subject for provider in CATALOGUE}
    assert len(subjects) == len(CATALOGUE)


@EMAILS
async def test_anybody_by_email(broker, provider):
    """An e-mail in place of a persona makes the same person every time, whatever its case."""
    one, _ = await broker.sign_in(provider, "Jo@Example.org")
    two, _ = await broker.sign_in(provider, "jo@example.org")
    assert one.email == "jo@example.org"
    assert one.subject == two.subject


@EVERY_PROVIDER
async def test_deny(broker, provider):
    """A refusal comes to the callback as access_denied with our state and without a code."""
    _, url = broker.start(provider)
    told = await broker.submit(url, persona="ada", outcome="deny")
    assert (told["error"], told["state"]) == ("access_denied", "the-state")
    assert "code" not in told


@EVERY_PROVIDER
async def test_slow(broker, provider):
    """A slow provider's sign-in works all the same."""
    identity, _ = await broker.sign_in(provider, "ada", "slow")
    assert identity.subject


async def test_fail(broker):
    """A provider that fails is one to try again later."""
    with pytest.raises(OAuthError) as raised:
        await broker.sign_in("google", "ada", "fail")
    assert raised.value.code is ErrorCode.TEMPORARILY_UNAVAILABLE


async def test_github_fails_with_a_500_too(broker):
    """GitHub says its errors with status 200, but an outage is no such error."""
    with pytest.raises(OAuthError) as raised:
        await broker.sign_in("github", "ada", "fail")
    assert raised.value.code is ErrorCode.TEMPORARILY_UNAVAILABLE


@EVERY_PROVIDER
async def test_used_code(broker, provider):
    """A code serves once."""
    pending, url = broker.start(provider)
    told = await broker.submit(url, persona="ada", outcome="approve")
    await broker.upstream.sign_in(broker.connection(provider), pending, told["code"], now())
    with pytest.raises(OAuthError):
        await broker.upstream.sign_in(broker.connection(provider), pending, told["code"], now())


WRONG = {"apple": {"team_id": "WRONGTEAM0"}}


@EVERY_PROVIDER
async def test_wrong_secret(broker, provider):
    """A wrong secret gets no tokens and leaves the code good."""
    pending, url = broker.start(provider)
    told = await broker.submit(url, persona="ada", outcome="approve")
    with pytest.raises(OAuthError):
        await broker.upstream.sign_in(
            broker.connection(provider, **WRONG.get(provider, {"client_secret": "wrong"})),
            pending,
            told["code"],
            now(),
        )
    await broker.upstream.sign_in(broker.connection(provider), pending, told["code"], now())


@pytest.mark.parametrize("provider", [provider.id for provider in CATALOGUE.values() if provider.pkce])
async def test_wrong_verifier(broker, provider):
    """The verifier of another flow gets no tokens."""
    _, url = broker.start(provider)
    other, _ = broker.start(provider)
    told = await broker.submit(url, persona="ada", outcome="approve")
    with pytest.raises(OAuthError):
        await broker.upstream.sign_in(broker.connection(provider), other, told["code"], now())


async def test_another_flows_nonce(broker):
    """An ID token carries the nonce of its own flow, so the code of another flow is found out without PKCE."""
    _, url = broker.start("apple")
    other, _ = broker.start("apple")
    told = await broker.submit(url, persona="ada", outcome="approve")
    with pytest.raises(OAuthError) as raised:
        await broker.upstream.sign_in(broker.connection("apple"), other, told["code"], now())
    assert raised.value.detail == "ID token: nonce"


async def test_wrong_redirect_uri_at_the_token_endpoint(broker):
    """The exchange must name the redirect URI of the authorization request."""
    pending, url = broker.start("google")
    told = await broker.submit(url, persona="ada", outcome="approve")
    status, body = await broker.call(
        "google",
        "token",
        grant_type="authorization_code",
        code=told["code"],
        redirect_uri=f"{broker.issuer}/callback/github",
        code_verifier=pending.upstream_verifier,
    )
    assert (status, body["error"]) == (400, "invalid_grant")


async def test_code_of_another_provider(broker):
    """A code is good at the provider that gave it and nowhere else."""
    pending, url = broker.start("google")
    told = await broker.submit(url, persona="ada", outcome="approve")
    with pytest.raises(OAuthError):
        await broker.upstream.sign_in(broker.connection("microsoft"), pending, told["code"], now())


async def test_apple_tells_a_name_once(broker):
    """Apple's form carries the name beside the first code and never again."""
    _, url = broker.start("apple")
    first = await broker.submit(url, persona="Once.Only@example.org", outcome="approve")
    again = await broker.submit(url, persona="once.only@example.org", outcome="approve")
    assert json.loads(first["user"])["email"] == "once.only@example.org"
    assert "user" not in again


@EVERY_PROVIDER
async def test_get_signs_nobody_in(broker, provider):
    """Coming to the sign-in page shows a page, and is not a sign-in."""
    _, url = broker.start(provider)
    async with broker.browser.get(url, allow_redirects=False) as answer:
        assert answer.status == 200
        html = await answer.text()
    assert "&lt;b&gt;&#34;Zoë&#34; &amp; co&lt;/b&gt;" in html
    assert "callback" not in html


@pytest.mark.parametrize(
    ("provider", "name", "value"),
    [
        ("google", "client_id", "another"),
        ("google", "redirect_uri", "https://evil.example/callback/google"),
        ("google", "response_type", "token"),
        ("google", "code_challenge_method", "plain"),
        ("google", "code_challenge", ""),
        ("google", "response_mode", "form_post"),
        ("apple", "response_mode", "query"),
    ],
)
async def test_refused_request(broker, provider, name, value):
    """A request that a real provider would refuse is refused on a page, before and after the form."""
    _, url = broker.start(provider, **{name: value})
    for method, form in (("GET", None), ("POST", {"persona": "ada", "outcome": "approve"})):
        async with broker.browser.request(method, url, data=form, allow_redirects=False) as answer:
            assert answer.status == 400
            assert "location" not in answer.headers


@pytest.mark.parametrize(
    "form",
    [
        {"persona": "nobody", "outcome": "approve"},
        {"persona": "ada", "outcome": "maybe"},
        {"persona": "ada"},
        {"persona": "ada", "outcome": "approve", "expires_in": "soon"},
    ],
)
async def test_refused_form(broker, form):
    """A form that asks for what there is not is refused on a page."""
    _, url = broker.start("google")
    async with broker.browser.post(url, data=form, allow_redirects=False) as answer:
        assert answer.status == 400


async def test_typed_email_wins(broker):
    """Who types an e-mail and leaves the first choice set signs in by the e-mail."""
    pending, url = broker.start("google")
    told = await broker.submit(url, persona="ada", email="jo@example.org", outcome="approve")
    identity, _ = await broker.upstream.sign_in(broker.connection("google"), pending, told["code"], now())
    assert identity.email == "jo@example.org"


async def test_first_button(broker):
    """A script that presses the first button with the text fields as they are signs in as Ada."""
    pending, url = broker.start("google")
    told = await broker.submit(url, email="", expires_in="3600", outcome="approve")
    identity, _ = await broker.upstream.sign_in(broker.connection("google"), pending, told["code"], now())
    assert identity.email == "ada@example.com"


async def test_challenge_is_the_pending_one(broker):
    """The tests' own start is the broker's: its challenge is that of the pending verifier."""
    pending, url = broker.start("google")
    assert challenge_of(pending.upstream_verifier) in url
