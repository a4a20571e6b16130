"""A broker that has the provider under three ids, and a simulated world with the real ones' habits."""

from collections.abc import Iterator

import pytest

from tests.accounts.people import People
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT, connect
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker, running_broker
from tests.valkey import running_valkey

ADDITIONAL = ["files", "calendar", "contacts"]


@pytest.fixture(scope="module")
def town(provider_process: ProviderStub) -> Iterator[RunningBroker]:
    """`stub`, `other`, `third`: each a provider of its own, as far as the broker knows."""
    provider_process.reset()
    with running_valkey() as url, running_broker(url) as running:
        for provider_id in ("stub", "other", "third"):
            connect(
                running, provider_process, provider_id, name=provider_id.title(), additional_scopes=ADDITIONAL
            )
        running.allow(HTTPS_REDIRECT)
        running.allow(SCHEME_REDIRECT)
        yield running


@pytest.fixture
def people(town: RunningBroker, provider: ProviderStub) -> Iterator[People]:
    town_people = People(town, provider)
    yield town_people
    town_people.close()


@pytest.fixture(scope="module")
def simulating() -> Iterator[RunningBroker]:
    """The catalogue, simulated: Google's, Apple's and Microsoft's own words on an address."""
    with running_valkey() as url, running_broker(url, SIMULATED_PROVIDERS="1") as running:
        running.allow(HTTPS_REDIRECT)
        yield running
