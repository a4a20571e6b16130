"""A broker as in production, for what development mode would hide."""

from collections.abc import Iterator

import httpx2
import jwt
import pytest

from tests.apple import CREDENTIALS
from tests.catalogue_at_stub import PROGRAM
from tests.phone import Phone
from tests.provider_stub import Claims, ProviderStub
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


@pytest.fixture(scope="session")
def catalogue_broker(provider_process: ProviderStub) -> Iterator[RunningBroker]:
    """Apple, Google and Facebook as the catalogue has them, with their credentials, played by the stub."""
    settings = {
        "APPLE_CLIENT_ID": "com.example.web",
        **{f"APPLE_{name.upper()}": value for name, value in CREDENTIALS.items()},
        "GOOGLE_CLIENT_ID": "google-web",
        "GOOGLE_CLIENT_SECRET": "google-secret-canary",
        "FACEBOOK_CLIENT_ID": "1234567890",
        "FACEBOOK_CLIENT_SECRET": "facebook-secret-canary",
    }
    program = [*PROGRAM, provider_process.issuer]
    with running_valkey() as url, running_broker(url, program=program, **settings) as running:
        running.allow(REDIRECT)
        yield running


@pytest.fixture
def rsa_provider(provider: ProviderStub) -> ProviderStub:
    """The stub, signing as the catalogue's providers do."""
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(provider.rsa_key.public_key(), as_dict=True)
    provider.keys = [{**jwk, "kid": "rsa-1", "use": "sig", "alg": "RS256"}]

    def sign(claims: Claims) -> str:
        return jwt.encode(claims, provider.rsa_key, "RS256", {"kid": "rsa-1"})

    provider.make_id_token = sign
    return provider
