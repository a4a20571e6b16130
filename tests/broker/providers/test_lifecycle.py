"""How the tokens of each provider live: every fact has its source, and the rules that follow from them."""

from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from broker.core.records import Discovered, ProviderConfiguration
from broker.providers import CATALOGUE
from broker.providers.custom import custom_provider
from broker.providers.lifecycle import Lifecycle, may_repeat, offline_parameters
from broker.providers.provider import connect

GUIDES = Path(__file__).parents[3] / "docs/providers"
ELSEWHERE = {  # pages of a provider's own that are not on its domain
    "https://dropbox.tech/developers/using-oauth-2-0-with-offline-access",
    "https://github.com/discord/discord-api-docs/issues/5942",
}
OWN_RULES = {"sources", "margin"}  # what is no fact of the provider's


def facts(lifecycle: Lifecycle) -> set[str]:
    """What differs from knowing nothing."""
    unknown = Lifecycle()
    return {
        field.name
        for field in fields(Lifecycle)
        if field.name not in OWN_RULES and getattr(lifecycle, field.name) != getattr(unknown, field.name)
    }


def domain(url: str) -> str:
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_every_fact_has_its_source(provider_id: str):
    """No fact stands without a page of the provider's own documentation, and no page without a fact."""
    provider = CATALOGUE[provider_id]
    lifecycle = provider.lifecycle
    assert {fact for page in lifecycle.sources.values() for fact in page} == facts(lifecycle)
    for page in set(lifecycle.sources) - ELSEWHERE:
        assert page.startswith("https://")
        assert domain(page) in {domain(provider.source), domain(provider.token_endpoint)}


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_every_source_is_documented(provider_id: str):
    """Each provider's guide has each page that its facts rest on."""
    guide = (GUIDES / f"{provider_id}.md").read_text()
    assert all(f"<{page}>" in guide for page in CATALOGUE[provider_id].lifecycle.sources)


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_renewal_is_possible(provider_id: str):
    """What is renewed with the access token has a call for it, and what is traded after the sign-in is renewed so."""
    lifecycle = CATALOGUE[provider_id].lifecycle
    by_itself = lifecycle.renewal == "access_token"
    assert by_itself == (lifecycle.renewal_call is not None) == (lifecycle.exchange is not None)


STAYS, STRICT = Lifecycle(rotates=False), Lifecycle(rotates=True, grace=0)
GRACEFUL, SILENT = Lifecycle(rotates=True, grace=30), Lifecycle()
REPEATS = [
    ("one that stays", STAYS, 10_000, 5, True),
    ("strict", STRICT, 0, 0, False),
    ("in its grace", GRACEFUL, 29, 3, True),
    ("after its grace", GRACEFUL, 30, 0, False),
    ("rotating, grace unknown", Lifecycle(rotates=True), 0, 0, False),
    ("unknown, once", SILENT, 10_000, 0, True),
    ("unknown, twice", SILENT, 0, 1, False),
    ("grace told, rotation not", Lifecycle(grace=30), 30, 0, False),
    ("no refresh token at all", Lifecycle(renewal="access_token", rotates=True), 0, 9, True),
]


@pytest.mark.parametrize(("lifecycle", "spent_for", "repeated", "allowed"), [row[1:] for row in REPEATS])
def test_may_repeat(lifecycle: Lifecycle, spent_for: int, repeated: int, allowed: bool):
    """A refresh token whose answer was lost is sent again where that cannot end the grant: while it stays, within a
    declared grace, and once where nothing is known."""
    assert may_repeat(lifecycle, spent_for, repeated) is allowed


@pytest.mark.parametrize(("holds", "sent"), [(True, False), (None, False), (False, True)])
def test_offline_parameters(holds: bool | None, sent: bool):
    """Google is always asked for offline access, and for consent only when no live refresh token is held."""
    asked = offline_parameters(CATALOGUE["google"].lifecycle, holds_live_refresh_token=holds)
    assert asked.get("access_type") == "offline"
    assert asked.get("prompt") == ("consent" if sent else None)


def custom(**changes: object) -> Lifecycle:
    """The lifecycle of a custom issuer, as a connection has it."""
    home = "https://idp.example.com"
    found = {name: f"{home}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    given = {"discovered": Discovered(**found)} | changes
    configuration = ProviderConfiguration(id="acme", issuer=home, client_id="x", **given)
    return connect(custom_provider(configuration), configuration, "https://id.example.com").lifecycle


def test_custom_provider():
    """Nothing is known of a custom issuer's tokens but what an admin says, and that its revocation endpoint takes a
    refresh token."""
    assert custom() == Lifecycle()
    told = custom(rotates=True, rotation_grace=30)
    assert (told.rotates, told.grace, told.revokes) == (True, 30, None)
    home = "https://idp.example.com"
    revoking = Discovered(
        authorization_endpoint=home, token_endpoint=home, jwks_uri=home, revocation_endpoint=home
    )
    assert custom(discovered=revoking).revokes == "refresh_token"


@pytest.mark.parametrize("ahead", [True, False])
def test_refresh_ahead(ahead: bool):
    """A connection is refreshed ahead when its configuration says so, and not by itself."""
    configuration = ProviderConfiguration(id="google", client_id="x", refresh_ahead=ahead)
    assert connect(CATALOGUE["google"], configuration, "https://id.example.com").refresh_ahead is ahead
    assert ProviderConfiguration(id="google").refresh_ahead is False
