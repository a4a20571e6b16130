"""The props: a real Valkey, a real broker process, a provider of our choosing, a phone. Shared by all tests of a process."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.device import IDS, Device
from tests.phone import Phone
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub, running_provider
from tests.running import LOCAL, RunningBroker, running_broker
from tests.valkey import running_valkey

HTTPS_REDIRECT = "https://app.example.com/cb"
SCHEME_REDIRECT = "com.example.app:/oauth"
LOOPBACK_REDIRECT = "http://127.0.0.1/cb"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """URL of a Valkey that the tests of this process share."""
    with running_valkey() as url:
        yield url


@pytest.fixture(scope="session")
def provider_process() -> Iterator[ProviderStub]:
    with running_provider() as stub:
        yield stub


@pytest.fixture
def provider(provider_process: ProviderStub) -> ProviderStub:
    """The provider, honest again."""
    provider_process.reset()
    return provider_process


@pytest.fixture(scope="session")
def broker(valkey: str, provider_process: ProviderStub) -> Iterator[RunningBroker]:
    """A broker in development mode that has the provider as `stub`. Tests add it under other ids, too, where it tells the
    same addresses of the same people: whether these are one person is asked in tests/accounts, and here it is nobody's."""
    with running_broker(valkey, ACCOUNT_LINKING="off") as running:
        connect(running, provider_process)
        for url in (HTTPS_REDIRECT, SCHEME_REDIRECT, LOOPBACK_REDIRECT):
            running.allow(url)
        yield running


def connect(
    running: RunningBroker, stub: ProviderStub, provider_id: str = "stub", **changes: object
) -> httpx2.Response:
    """Configure the provider at the broker."""
    body = {
        "id": provider_id,
        "issuer": stub.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        **changes,
    }
    answer = running.admin("POST", "/v1/providers", body)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.fixture
def phone(broker: RunningBroker, provider: ProviderStub) -> Iterator[Phone]:
    """A phone whose app returns by an https link; the flow ends without a page."""
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        yield Phone(broker, "default", HTTPS_REDIRECT, browser=browser)


@pytest.fixture
def scheme_phone(broker: RunningBroker, provider: ProviderStub) -> Iterator[Phone]:
    """A phone whose app returns by a custom scheme; a person must press the button of the return page."""
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        yield Phone(broker, "default", SCHEME_REDIRECT, browser=browser)


@pytest.fixture
def device(broker: RunningBroker, provider: ProviderStub) -> Iterator[Device]:
    """An app with the SDK of a provider `device`, which is the stub once more."""
    connect(broker, provider, "device", native_nonce="sha256-hex")
    client_id = broker.make_client(native_client_ids={"device": IDS})["client_id"]
    broker.allow(HTTPS_REDIRECT, client_id)
    yield Device(broker, client_id, provider)
    broker.admin("DELETE", f"/v1/clients/{client_id}")
    broker.admin("DELETE", "/v1/providers/device")
