"""`broker providers list`, `show`, `test` and `guides`: what an admin sees of a provider."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.providers import CATALOGUE
from broker.providers.guide import overview, page
from tests.cli.conftest import Run
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub, answer_json
from tests.running import RunningBroker

GOOGLE = {"GOOGLE_CLIENT_ID": "g", "GOOGLE_CLIENT_SECRET": "hush-hush"}
HOME = "https://id.example.com/a"


@pytest.fixture
def acme(broker: RunningBroker, provider: ProviderStub) -> Iterator[ProviderStub]:
    """The stub as the plain OAuth 2 provider `acme`, which nobody signs in with."""
    body = {
        "id": "acme",
        "name": "Acme",
        "authorization_endpoint": f"{provider.issuer}/authorize",
        "token_endpoint": f"{provider.issuer}/token",
        "userinfo_endpoint": f"{provider.issuer}/userinfo",
        "attributes": {"subject": "data.id"},
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "sign_in": False,
    }
    assert broker.admin("POST", "/v1/providers", body).status_code == 200
    yield provider
    broker.admin("DELETE", "/v1/providers/acme")


@pytest.mark.usefixtures("acme")
def test_list(broker_command: Run):
    """Each provider stands with its state, kind, sign-in, source and the callback URL to paste; secrets stay unseen."""
    told = broker_command("providers", "list", ISSUER=HOME, DEVELOPMENT=None, **GOOGLE)
    assert told.code == 0
    rows = [line.split() for line in told.output.splitlines()]
    assert rows[0][:5] == ["ID", "STATE", "KIND", "SIGN-IN", "SOURCE"]
    assert ["google", "on", "oidc", "yes", "environment", f"{HOME}/callback/google"] in rows
    assert ["github", "off", "oauth2", "no", "-", f"{HOME}/callback/github"] in rows
    assert ["acme", "on", "oauth2", "no", "stored", f"{HOME}/callback/acme"] in rows
    assert "hush-hush" not in told.everything
    simulated = broker_command("providers", "list", SIMULATED_PROVIDERS="1").output
    assert ["github", "on", "oauth2", "yes", "simulated"] in [
        line.split()[:5] for line in simulated.splitlines()
    ]


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_show_the_catalogue(broker_command: Run, provider_id: str):
    """The guide to a provider is shown with this broker's own callback URL, whether or not it is configured."""
    told = broker_command("providers", "show", provider_id, ISSUER=HOME, DEVELOPMENT=None)
    assert told.code == 0
    assert told.output.startswith(f"# {CATALOGUE[provider_id].name}\n")
    assert f"{HOME}/callback/{provider_id}" in told.output
    assert f"BROKER_{provider_id.upper()}_CLIENT_ID" in told.output
    assert "configured by: nobody" in told.output


def test_show_what_is_configured(broker_command: Run):
    """What the environment configures is shown, and no secret of it."""
    told = broker_command("providers", "show", "google", **GOOGLE)
    assert "configured by: environment" in told.output
    assert "client_id: g\n" in told.output
    assert "hush-hush" not in told.everything


def test_show_a_custom_provider(broker_command: Run, acme: ProviderStub):
    """All that an admin told of a custom provider is shown but its secret."""
    told = broker_command("providers", "show", "acme")
    assert told.code == 0
    assert told.output.startswith("# Acme\n")
    for line in (
        "attributes: subject=data.id",
        f"userinfo_endpoint: {acme.issuer}/userinfo",
        "on; sign-in off",
        "configured by: stored",
    ):
        assert f"- {line}\n" in told.output
    assert CLIENT_SECRET not in told.everything
    assert "BROKER_ACME" not in told.output


@pytest.mark.parametrize("command", ["show", "test"])
def test_unknown_provider(broker_command: Run, command: str):
    """An id that nobody configured is named as the mistake."""
    told = broker_command("providers", command, "nowhere")
    assert (told.code, told.output) == (2, "")
    assert "Invalid value for ID" in told.error


EXITS = {
    "accepted": (answer_json({"error": "invalid_grant"}, 400), 0, "credentials are good"),
    "refused": (
        answer_json({"error": "invalid_client"}, 401),
        1,
        "the provider refuses this client id or secret",
    ),
    "unclear": (
        answer_json({"error": "slow_down"}, 418),
        2,
        "not clear: the provider answers status 418 unknown",
    ),
}


@pytest.mark.parametrize("verdict", EXITS)
def test_test(broker_command: Run, acme: ProviderStub, verdict: str):
    """The verdict is said in words and by the exit code."""
    acme.answers["/token"], code, words = EXITS[verdict]
    told = broker_command("providers", "test", "acme")
    assert (told.code, told.error) == (code, "")
    assert words in told.output
    assert CLIENT_SECRET not in told.output


def test_test_of_nobody(broker_command: Run, broker: RunningBroker, acme: ProviderStub):
    """A provider that does not answer is exit code 3."""
    broker.admin(
        "PATCH", "/v1/providers/acme", {"token_endpoint": "http://127.0.0.1:1/", "client_secret": "x"}
    )
    told = broker_command("providers", "test", "acme")
    assert told.code == 3
    assert "does not answer" in told.output


def test_guides(broker_command: Run, tmp_path: Path):
    """A guide for each provider and the table are written, with no setting at all."""
    few = {"REDIS_URL": None, "ISSUER": None, "DEVELOPMENT": None}
    assert broker_command("providers", "guides", "made/here", **few).code == 0
    written = {path.name: path.read_text() for path in (tmp_path / "made/here").iterdir()}
    guides = {f"{provider.id}.md": page(provider) for provider in CATALOGUE.values()}
    assert written == {**guides, "README.md": overview(CATALOGUE)}
