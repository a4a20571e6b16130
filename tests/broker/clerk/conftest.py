"""An app whose client is opened to Clerk's SDK, and devices that have it."""

import secrets
from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.accounts.conftest import people, town
from tests.broker.clerk.apps import make_app
from tests.clerk_sdk import Sdk
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

__all__ = ["people", "town"]


@pytest.fixture(scope="session")
def app(broker: RunningBroker) -> str:
    """A public client of the Clerk profile."""
    return make_app(broker)


@pytest.fixture
def device(broker: RunningBroker, app: str, provider: ProviderStub) -> Iterator[Callable[..., Sdk]]:
    """Makes devices, each with a browser of its own. Who comes at the provider is somebody new in each test."""
    provider.subject = f"clerk-{secrets.token_hex(4)}"
    browsers: list[httpx2.Client] = []

    def make(redirect_uri: str = HTTPS_REDIRECT, client_id: str = app) -> Sdk:
        browsers.append(httpx2.Client(follow_redirects=False, **LOCAL))
        return Sdk(broker, client_id, Phone(broker, client_id, redirect_uri, browser=browsers[-1]))

    yield make
    for browser in browsers:
        browser.close()


@pytest.fixture
def sdk(device: Callable[..., Sdk]) -> Sdk:
    """A device whose app returns by an https link."""
    return device()
