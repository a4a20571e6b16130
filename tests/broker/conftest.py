"""A broker as in production, for what development mode would hide."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.apple import CREDENTIALS
from tests.phone import Phone
from tests.running import RunningBroker, running_broker
from tests.valkey import running_valkey

REDIRECT = "https://app.example.com/cb"


@pytest.fixture(scope="session")
def public_broker() -> Iterator[RunningBroker]:
    """Named by https, reached here without the proxy that would stand before it; two of the catalogue are set up."""
    credentials = {
        "GOOGLE_CLIENT_ID": "google-client",
        "GOOGLE_CLIENT_SECRET": "google-secret",
        "APPLE_CLIENT_ID": "apple-client",
        **{f"APPLE_{name.upper()}": value for name, value in CREDENTIALS.items()},
    }
    settings = {"DEVELOPMENT": "0", "ISSUER": "https://auth.example.com", **credentials}
    with running_valkey() as url, running_broker(url, **settings) as running:
        running.allow(REDIRECT)
        yield running


@pytest.fixture
def public_phone(public_broker: RunningBroker) -> Iterator[Phone]:
    with httpx2.Client(timeout=20, follow_redirects=False) as browser:
        yield Phone(public_broker, "default", REDIRECT, browser=browser)
