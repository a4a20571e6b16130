"""docs/custom-providers.md: every example does what it says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.core.records import Told
from tests.cli.conftest import Run
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker

DOCUMENT = (Path(__file__).parents[2] / "docs/custom-providers.md").read_text()
BODIES = [json.loads(text) for text in re.findall(r"-d '(\{.*?\})'\n```", DOCUMENT, re.DOTALL)]
(FILE,) = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture(autouse=True)
def _tidy(broker: RunningBroker) -> Iterator[None]:
    yield
    for provider in ("acme", "forge", "google", "microsoft_acme"):
        broker.admin("DELETE", f"/v1/providers/{provider}")


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body["id"])
def test_bodies(broker: RunningBroker, provider: ProviderStub, body: dict[str, object]):
    """Each body configures a provider that is offered at once; the stub stands in for the issuer that is to be discovered."""
    sent = body | ({"issuer": provider.issuer} if "issuer" in body else {})
    made = broker.admin("POST", "/v1/providers", sent)
    assert made.status_code == 200, made.text
    assert made.json()["offered"] is True


def test_file(broker_command: Run, tmp_path: Path):
    """The file is applied as it stands, with secrets in files."""
    secret = tmp_path / "secret"
    secret.write_text("hush-hush")
    secret.chmod(0o400)
    told = broker_command("providers", "apply", "-", said=re.sub(r"/run/secrets/\w+", str(secret), FILE))
    assert (told.code, told.error) == (0, "")
    assert told.output == "google: created\nmicrosoft_acme: created\nforge: created\n"


def test_members_are_all_told():
    """Every member of a custom provider stands in the document."""
    assert all(f"`{name}`" in DOCUMENT or f'"{name}"' in DOCUMENT for name in Told.__struct_fields__)


def test_there_are_examples():
    """One for each kind."""
    assert [body["id"] for body in BODIES] == ["acme", "forge", "microsoft_acme"]
