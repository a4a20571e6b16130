"""POST /challenge: what an app asks for before the provider's SDK signs somebody in."""

import time
from collections.abc import Callable

import pytest
from redis import Redis

from tests.conftest import connect
from tests.device import IDS, Device, assert_refused, sha256_b64url, sha256_hex
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker

POLICIES: dict[str, Callable[[str], str]] = {
    "raw": lambda challenge: challenge,
    "sha256-hex": sha256_hex,
    "sha256-b64url": sha256_b64url,
}


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest, broker: RunningBroker, device: Device) -> str:
    """The provider's SDK is handed this of a challenge."""
    broker.admin("PATCH", "/v1/providers/device", {"native_nonce": request.param})
    return str(request.param)


def test_a_challenge(device: Device):
    """A challenge has 256 random bits, is told with its nonce and its end, and is for nobody to cache."""
    answers = [device.ask() for _ in range(5)]
    made = [answer.json() for answer in answers]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    assert {frozenset(each) for each in made} == {
        frozenset({"challenge", "nonce", "nonce_policy", "expires_in"})
    }
    assert len({each["challenge"] for each in made}) == 5
    assert {len(each["challenge"]) for each in made} == {43}
    assert {each["expires_in"] for each in made} == {300}


def test_the_nonce_is_of_the_policy(device: Device, policy: str):
    """The nonce is the challenge itself or its digest, as the provider's SDK takes it, and the answer says which."""
    made = device.challenge()
    assert made["nonce_policy"] == policy
    assert made["nonce"] == POLICIES[policy](made["challenge"])
    assert device.exchange(made["challenge"], device.id_token(made["nonce"])).status_code == 200


@pytest.mark.parametrize("other", POLICIES)
def test_oc_08_the_nonce_of_another_policy(device: Device, policy: str, other: str):
    """OC-08: A token whose nonce is another form of the challenge is refused; only the right form is taken."""
    made = device.challenge()
    answer = device.exchange(made["challenge"], device.id_token(POLICIES[other](made["challenge"])))
    if other == policy:
        assert answer.status_code == 200
    else:
        assert_refused(answer)


def test_oc_08_sealed_and_short_lived(device: Device, valkey: str):
    """OC-08: Neither the challenge nor its nonce stands in Redis, and what stands there is gone in five minutes."""
    with Redis.from_url(valkey) as redis:
        before = set(redis.keys("challenge:*"))
        made = device.challenge()
        (key,) = set(redis.keys("challenge:*")) - before
        stored = redis.get(key) or b""
        assert 0 < redis.ttl(key) <= 300
        assert made["challenge"].encode() not in key + stored
        assert made["nonce"].encode() not in key + stored
        assert device.client_id.encode() not in stored


def test_oc_08_too_late(device: Device, valkey: str):
    """OC-08: A challenge that was not used in its time is worth nothing."""
    with Redis.from_url(valkey) as redis:
        before = set(redis.keys("challenge:*"))
        made = device.challenge()
        (key,) = set(redis.keys("challenge:*")) - before
        redis.pexpire(key, 1)
        time.sleep(0.01)
    assert_refused(device.exchange(made["challenge"], device.id_token(made["nonce"])))


WRONG = {
    "no provider": {"provider": None},
    "an unknown provider": {"provider": "nobody"},
    "no text for a key": {"provider": "{device}"},
    "a provider without an SDK": {"provider": "stub"},
    "no platform": {"platform": None},
    "another platform": {"platform": "windows"},
    "a platform in capitals": {"platform": "iOS"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_makes_no_challenge(device: Device, wrong: str):
    """A challenge is made only for a provider with an SDK and a platform that it has, and the answer says what lacks."""
    answer = device.ask(**WRONG[wrong])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["error_description"]


def test_a_client_without_ids(device: Device, broker: RunningBroker):
    """An app that has no id at the provider on that platform gets no challenge, and is told what to set."""
    client_id = broker.make_client(native_client_ids={"device": {"android": "x"}, "other": IDS})["client_id"]
    answer = Device(broker, client_id, device.stub).ask()
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "native_client_ids" in answer.json()["error_description"]


def test_a_provider_that_is_off(device: Device, broker: RunningBroker, provider: ProviderStub):
    """A provider that is off, or not for signing in, makes no challenge and takes none that was made before."""
    made = device.challenge()
    for change in ({"enabled": False}, {"enabled": True, "sign_in": False}):
        broker.admin("PATCH", "/v1/providers/device", change)
        assert device.ask().json()["error"] == "invalid_request"
    assert_refused(device.exchange(made["challenge"], device.id_token(made["nonce"])))
    connect(broker, provider, "device", sign_in=True)
    assert device.sign_in()["access_token"]


@pytest.mark.parametrize("secret", [None, "", "wrong"])
def test_a_secret_client_proves_itself(device: Device, broker: RunningBroker, secret: str | None):
    """A client with a secret shows it for a challenge and for the exchange."""
    made = broker.make_client(type="confidential", native_client_ids={"device": IDS})
    app = Device(broker, made["client_id"], device.stub, client_secret=made["client_secret"])
    challenge = app.challenge()
    app.client_secret = secret
    refused = app.ask(), app.exchange(challenge["challenge"], app.id_token(challenge["nonce"]))
    assert {(each.status_code, each.json()["error"]) for each in refused} == {(401, "invalid_client")}
    app.client_secret = made["client_secret"]
    assert app.sign_in()["access_token"]


NATIVE_IDS = {
    "no platform of ours": {"google": {"windows": "x"}},
    "no provider's id": {"Google!": {"ios": "x"}},
    "no id": {"google": {"ios": ""}},
    "a space in it": {"google": {"ios": "a b"}},
    "too long": {"google": {"ios": "x" * 256}},
    "a list": {"google": ["x"]},
    "no text": {"google": {"ios": 7}},
    "null": None,
}


@pytest.mark.parametrize("wrong", NATIVE_IDS)
def test_native_client_ids_are_checked(broker: RunningBroker, wrong: str):
    """An app's ids at providers are text by provider and platform; anything else is refused, naming the field."""
    body = {"name": "App", "native_client_ids": NATIVE_IDS[wrong]}
    answer = broker.admin("POST", "/v1/clients", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["meta"]["param_name"].startswith("native_client_ids")


def test_native_client_ids_are_shown_and_replaced(broker: RunningBroker):
    """What was set is shown, and a change puts the whole in its place."""
    made = broker.make_client(native_client_ids={"apple": {"ios": "com.example.app"}})
    path = f"/v1/clients/{made['client_id']}"
    assert broker.admin("GET", path).json()["native_client_ids"] == {"apple": {"ios": "com.example.app"}}
    body = {"native_client_ids": {"google": {"web": "w"}}}
    assert broker.admin("PATCH", path, body).json()["native_client_ids"] == {"google": {"web": "w"}}
    assert broker.make_client()["native_client_ids"] == {}


def test_a_catalogues_policy_is_known(broker: RunningBroker):
    """What the SDK of a provider of the catalogue makes of a nonce is not for an admin to say."""
    body = {"id": "google", "client_id": "x", "client_secret": "y", "native_nonce": "raw"}
    answer = broker.admin("POST", "/v1/providers", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["meta"]["param_name"] == "native_nonce"
