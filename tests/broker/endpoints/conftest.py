"""A broker as in public, beside the one in development mode; both on one Valkey."""

from collections.abc import Iterator

import pytest

from tests.running import RunningBroker, running_broker


@pytest.fixture(scope="session")
def production(valkey: str, broker: RunningBroker) -> Iterator[RunningBroker]:
    """Development mode off, an https issuer, as behind a proxy that ends TLS; the entries are the other broker's."""
    google = {"GOOGLE_CLIENT_ID": "google-app", "GOOGLE_CLIENT_SECRET": "google-secret-canary"}
    issuer = "https://auth.example.test"
    with running_broker(valkey, DEVELOPMENT="0", ISSUER=issuer, **google) as running:
        yield running
