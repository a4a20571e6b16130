"""Two processes and their Valkey, whole again before every test; three providers that differ in what a refresh token is."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults.deployment import Deployment, running_deployment
from tests.provider_stub import ProviderStub, running_provider

# What each provider does, and what an admin declares of it.
KINDS = {
    "strict": {"rotates": True},
    "grace": {"rotates": True, "rotation_grace": 30},
    "none": {"rotates": False},
}


@pytest.fixture(scope="session")
def deployment_process() -> Iterator[Deployment]:
    with running_deployment() as deployment:
        yield deployment


@pytest.fixture
def deployment(deployment_process: Deployment) -> Deployment:
    deployment_process.revive()
    return deployment_process


@pytest.fixture(scope="session")
def stub_processes() -> Iterator[dict[str, ProviderStub]]:
    with ExitStack() as stack:
        yield {kind: stack.enter_context(running_provider()) for kind in KINDS}


@pytest.fixture
def stubs(stub_processes: dict[str, ProviderStub]) -> dict[str, ProviderStub]:
    """The provider that rotates strictly, the one with a grace, and the one whose refresh tokens stay."""
    for kind, stub in stub_processes.items():
        stub.reset()
        stub.rotation = kind  # type: ignore[assignment]
    return stub_processes


@pytest.fixture
def strict(stubs: dict[str, ProviderStub]) -> ProviderStub:
    return stubs["strict"]
