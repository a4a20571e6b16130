"""A development broker without a phone: the simulator plays the device, and what Apple tells by itself."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import jwt
import pytest

from broker.simulator.simulated import simulated_connections
from tests.device import EXCHANGE, ID_TOKEN
from tests.running import RunningBroker, running_broker
from tests.valkey import running_valkey

CLIENT = {"client_id": "default"}


@pytest.fixture(scope="module")
def dev() -> Iterator[RunningBroker]:
    """Every provider simulated, nothing configured."""
    with running_valkey() as url, running_broker(url, SIMULATED_PROVIDERS="1") as running:
        yield running


def challenge(dev: RunningBroker, provider: str, platform: str = "ios") -> dict[str, Any]:
    answer = dev.post("/challenge", data=CLIENT | {"provider": provider, "platform": platform})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def device(dev: RunningBroker, provider: str, nonce: str, **form: str) -> dict[str, Any]:
    """What the SDK gives the app."""
    asked = {"persona": "ada", "audience": "simulated", "nonce": nonce, **form}
    answer = dev.post(f"/simulator/{provider}/native", data=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def exchange(dev: RunningBroker, provider: str, made: str, given: dict[str, Any]) -> httpx2.Response:
    form = {
        **CLIENT,
        "grant_type": EXCHANGE,
        "subject_token_type": ID_TOKEN,
        "subject_token": given["id_token"],
        "provider": provider,
        "challenge": made,
    }
    beside = ("authorization_code", "given_name", "family_name")
    return dev.post("/token", data=form | {name: given[name] for name in beside if name in given})


def sign_in(dev: RunningBroker, provider: str, platform: str = "ios", **form: str) -> dict[str, Any]:
    made = challenge(dev, provider, platform)
    given = device(dev, provider, made["nonce"], **form)
    answer = exchange(dev, provider, made["challenge"], given)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def user_of(tokens: dict[str, Any]) -> str:
    return str(jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"])


@pytest.mark.parametrize(
    ("provider", "platform"),
    [("apple", "ios"), ("google", "ios"), ("google", "android"), ("google", "web"), ("facebook", "ios")],
)
def test_nothing_to_configure(dev: RunningBroker, provider: str, platform: str):
    """The default client can sign in by every simulated SDK at once, the same person each time."""
    form = {"persona": f"grace@{provider}.example"}
    if (provider, platform) == ("google", "web"):
        made = challenge(dev, provider, platform)
        given = device(dev, provider, made["nonce"], **form)
        given.pop("authorization_code")  # which the SDK for the web does not give
        tokens = exchange(dev, provider, made["challenge"], given).json()
    else:
        tokens = sign_in(dev, provider, platform, **form)
    assert user_of(tokens) == user_of(sign_in(dev, provider, **form))


def test_apples_device(dev: RunningBroker):
    """Apple's gives a code, whose tokens go into custody and are renewed, and the name at the first sign-in alone."""
    made = challenge(dev, "apple")
    given = device(dev, "apple", made["nonce"], persona="ada")
    assert set(given) == {"id_token", "authorization_code", "given_name", "family_name"}
    user_id = user_of(exchange(dev, "apple", made["challenge"], given).json())
    assert set(device(dev, "apple", "nonce")) == {"id_token", "authorization_code"}
    read = f"/v1/users/{user_id}/oauth_access_tokens/apple?force_refresh=true"
    assert dev.admin("GET", read).status_code == 200
    (account,) = dev.admin("GET", f"/v1/users/{user_id}/external_accounts").json()
    assert (account["first_name"], account["last_name"]) == ("Ada", "Lovelace")


def as_client(dev: RunningBroker, client_id: str) -> dict[str, str]:
    """The form of that app's exchange, with a secret that is signed for it."""
    apple = replace(simulated_connections(dev.issuer)["apple"], client_id=client_id)
    secret = apple.client_secret(int(time.time())) or ""
    return {"grant_type": "authorization_code", "client_id": client_id, "client_secret": secret}


def test_a_code_is_its_apps(dev: RunningBroker):
    """A code that Apple's SDK gave an app is good for that app's id alone, once, and takes no redirect URI."""
    given = device(dev, "apple", "nonce", audience="com.example.one")["authorization_code"]
    again = device(dev, "apple", "nonce", audience="com.example.two")["authorization_code"]
    one, two = as_client(dev, "com.example.one"), as_client(dev, "com.example.two")

    def tried(body: dict[str, str]) -> tuple[int, str | None]:
        answer = dev.post("/simulator/apple/token", data=body)
        return answer.status_code, answer.json().get("error")

    assert tried(two | {"code": given}) == (400, "invalid_grant")
    assert tried(two | {"code": again, "redirect_uri": "https://app.example.com"}) == (400, "invalid_grant")
    assert tried(as_client(dev, "com.example.three") | {"code": again}) == (401, "invalid_client")
    assert tried(one | {"code": again, "client_secret": two["client_secret"]}) == (401, "invalid_client")
    fresh = device(dev, "apple", "nonce", audience="com.example.one")["authorization_code"]
    assert tried(one | {"code": fresh}) == (200, None)
    assert tried(one | {"code": fresh}) == (400, "invalid_grant")


def test_facebooks_number(dev: RunningBroker):
    """Facebook's SDK and its Graph API know a person by one number, and neither says that an e-mail was checked."""
    user_id = user_of(sign_in(dev, "facebook", persona="unverified"))
    (account,) = dev.admin("GET", f"/v1/users/{user_id}/external_accounts").json()
    assert account["provider_user_id"].isdigit()
    assert account["email_address_verified"] is None


@pytest.mark.parametrize("wrong", [{"nonce": ""}, {"audience": ""}, {"persona": "nobody"}])
def test_what_a_device_must_be_told(dev: RunningBroker, wrong: dict[str, str]):
    """Without nonce, audience or a known person there is no token."""
    form = {"persona": "ada", "audience": "simulated", "nonce": "n"} | wrong
    assert dev.post("/simulator/apple/native", data=form).json()["error"] == "invalid_request"
    assert dev.post("/simulator/github/native", data=form).status_code == 404


def test_another_app_or_nonce(dev: RunningBroker):
    """The broker believes the simulated device no more than a true one."""
    for wrong in ({"audience": "another"}, {"azp": "another"}):
        made = challenge(dev, "google")
        given = device(dev, "google", made["nonce"], **wrong)
        assert exchange(dev, "google", made["challenge"], given).json()["error"] == "invalid_grant"
    made = challenge(dev, "google")
    given = device(dev, "google", made["challenge"])
    assert exchange(dev, "google", made["challenge"], given).json()["error"] == "invalid_grant"


def test_a_simulated_notification(dev: RunningBroker):
    """What the simulator says that Apple would post ends the person's session when it is posted."""
    tokens = sign_in(dev, "apple", persona="hidden")
    body = dev.post(
        "/simulator/apple/notification", data={"persona": "hidden", "type": "consent-revoked"}
    ).json()
    assert dev.post("/notifications/apple", json=body).status_code == 200
    form = CLIENT | {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert dev.post("/token", data=form).json()["error"] == "invalid_grant"
    assert dev.post("/simulator/google/notification", data={"type": "x"}).status_code == 404
    wrong = dev.post("/simulator/apple/notification", data={"persona": "hidden"})
    assert wrong.json()["error"] == "invalid_request"


def test_an_admins_ids_stay(dev: RunningBroker):
    """What an admin set for the default client is not overwritten by the next start."""
    ids = {"google": {"web": "my-own"}}
    dev.admin("PATCH", "/v1/clients/default", {"native_client_ids": ids})
    with running_broker(dev.redis_url, SIMULATED_PROVIDERS="1") as again:
        assert again.admin("GET", "/v1/clients/default").json()["native_client_ids"] == ids
        again.admin("PATCH", "/v1/clients/default", {"native_client_ids": {}})
    with running_broker(dev.redis_url, SIMULATED_PROVIDERS="1") as again:
        assert again.admin("GET", "/v1/clients/default").json()["native_client_ids"]["google"]
