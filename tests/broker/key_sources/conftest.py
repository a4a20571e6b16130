"""Stand-ins that speak HTTP: AWS KMS (moto's server), and Vault's transit engine."""

import os
from collections.abc import Iterator

import pytest

from tests.broker.key_sources.vault_transit import TOKEN, running_vault
from tests.key_services import running_kms


@pytest.fixture(scope="module")
def kms_environment() -> Iterator[dict[str, str]]:
    with running_kms() as environment:
        yield environment


@pytest.fixture
def kms(kms_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """KMS with the key alias/broker."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in kms_environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def vault_address() -> Iterator[str]:
    with running_vault() as address:
        yield address


@pytest.fixture
def vault(vault_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vault with the transit key `broker`, and the same again below the mount secrets/transit."""
    monkeypatch.setenv("VAULT_ADDR", vault_address)
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
