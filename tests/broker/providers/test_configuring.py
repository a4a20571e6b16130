"""The rules of what an admin asks of a provider that no call of the API can show: what was made by an earlier release."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from broker.core.records import Discovered, ProviderConfiguration
from broker.providers import CATALOGUE
from broker.providers.configured import Catalogue, provider_of
from broker.providers.configuring import Refused, configured, differences
from broker.providers.upstream import Upstream

HOME = "https://idp.example.com"
pytestmark = pytest.mark.anyio
EARLIER = ProviderConfiguration(  # an issuer that had this id before the catalogue did
    id="google",
    issuer=HOME,
    discovered=Discovered(authorization_endpoint=HOME, token_endpoint=HOME, jwks_uri=HOME),
    client_id="x",
    credentials={"client_secret": "y"},
)
GONE = ProviderConfiguration(id="acme", preset="gone", client_id="x", credentials={"client_secret": "y"})


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    made = Upstream(development=True)
    yield made
    await made.close()


async def test_a_custom_provider_stays_what_it_is(upstream: Upstream):
    """A custom provider whose id comes into the catalogue later goes on sending people to its own issuer, and can be
    changed; it becomes the catalogue's when its issuer is taken away."""
    after = await configured(EARLIER, {"enabled": False}, upstream, 1)
    assert differences(EARLIER, after) == ["enabled"]
    provider = provider_of(after)
    assert provider
    assert provider.authorization_endpoint == HOME
    moved = await configured(EARLIER, {"issuer": None, "client_secret": "z"}, upstream, 1)
    assert provider_of(moved) is CATALOGUE["google"]
    with pytest.raises(Refused) as refused:
        await configured(ProviderConfiguration(id="google"), {"issuer": HOME, "client_id": "x"}, upstream, 1)
    assert {fault.member for fault in refused.value.faults} == {"issuer", "client_secret"}


async def test_a_preset_that_is_gone():
    """A preset of an entry that this release has not is not offered, and breaks no other."""
    assert provider_of(GONE) is None
    catalogue = Catalogue("https://id.example.com")
    assert catalogue.connection("acme", GONE) is None
    assert [each.id for each in catalogue.connections([GONE, EARLIER])] == ["google"]


async def test_the_same_again(upstream: Upstream):
    """What is asked a second time differs in nothing, after a way through the store, too."""
    given = {
        **dict.fromkeys(["authorization_endpoint", "token_endpoint", "userinfo_endpoint"], HOME),
        "attributes": {"subject": "id"},
        "authorization_parameters": {"x": "y"},
        "scopes": [],
        "additional_scopes": ["a"],
        "client_id": "x",
        "client_secret": "y",
    }
    before = ProviderConfiguration(id="plain")
    once = await configured(before, given, upstream, 1, whole=True)
    assert set(differences(before, once)) == set(given)
    stored = msgspec.json.decode(msgspec.json.encode(once), type=ProviderConfiguration)
    assert differences(stored, await configured(stored, given, upstream, 2, whole=True)) == []
