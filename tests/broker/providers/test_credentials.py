"""Testing credentials at every provider of the catalogue, in its own dialect."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from broker.providers import CATALOGUE
from broker.providers.credentials import UNUSABLE, Proof, judged
from broker.providers.provider import Connection, Errors
from broker.providers.token_answer import Answer
from broker.providers.upstream import Upstream
from broker.simulator.simulated import simulated_connections
from tests.running import RunningBroker, running_broker

pytestmark = pytest.mark.xdist_group("every_provider")


@pytest.fixture(scope="module")
def simulated(valkey: str) -> Iterator[RunningBroker]:
    """A broker with the whole catalogue simulated."""
    with running_broker(valkey, SIMULATED_PROVIDERS="1") as running:
        yield running


async def proof_of(connection: Connection) -> Proof:
    upstream = Upstream(development=True)
    try:
        return await upstream.prove(connection, int(time.time()))
    finally:
        await upstream.close()


def another_key() -> str:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_right_credentials(simulated: RunningBroker, provider_id: str):
    """A provider that refuses the made-up code in its own words has accepted the credentials."""
    told = simulated.admin("POST", f"/v1/providers/{provider_id}/test").json()
    assert (told["provider"], told["verdict"]) == (provider_id, "accepted"), told


@pytest.mark.anyio
@pytest.mark.parametrize("provider_id", CATALOGUE)
async def test_wrong_secret(simulated: RunningBroker, provider_id: str):
    """A provider that refuses the client in its own words has refused the credentials."""
    connection = simulated_connections(simulated.issuer)[provider_id]
    wrong = {"client_secret": "another", "private_key": another_key()}
    changed = {name: wrong.get(name, value) for name, value in connection.credentials.items()}
    proof = await proof_of(replace(connection, credentials=changed))
    assert proof.verdict == "refused"
    assert "the provider refuses" in proof.detail


@pytest.mark.anyio
@pytest.mark.parametrize("provider_id", CATALOGUE)
async def test_wrong_client_id(simulated: RunningBroker, provider_id: str):
    """So has one that does not know the client id."""
    connection = simulated_connections(simulated.issuer)[provider_id]
    assert (await proof_of(replace(connection, client_id="another"))).verdict == "refused"


@pytest.mark.anyio
@pytest.mark.parametrize("key", ["x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
async def test_a_key_that_signs_nothing(simulated: RunningBroker, key: str):
    """A private key that cannot be read is refused before anybody is asked."""
    connection = simulated_connections(simulated.issuer)["apple"]
    credentials = {**connection.credentials, "private_key": key}
    assert await proof_of(replace(connection, credentials=credentials)) == UNUSABLE


AMBIGUOUS = Errors(bad_code=("denied",), bad_client=("denied",))
NESTED = Errors(at="error.code", bad_code=("100",), bad_client=("101",))
JUDGED = [
    ("own word for the code", b'{"error": {"code": 100}}', NESTED, "accepted"),
    ("own word for the client", b'{"error": {"code": 101}}', NESTED, "refused"),
    ("RFC 6749's word where another is documented", b'{"error": "invalid_client"}', NESTED, "refused"),
    ("one word for both", b'{"error": "denied"}', AMBIGUOUS, "unclear"),
    ("prose", b'{"error": "Please ask for help"}', Errors(), "unclear"),
    ("nothing", b"", Errors(), "unclear"),
    ("no object", b"[1]", Errors(), "unclear"),
]


@pytest.mark.parametrize(("content", "errors", "expected"), [row[1:] for row in JUDGED])
def test_judgement(content: bytes, errors: Errors, expected: str):
    """Only a word that is documented for the one and not for the other says anything, and no prose is repeated."""
    proof = judged(Answer(400, {}, content), errors)
    assert proof.verdict == expected
    assert "help" not in proof.detail
