"""The door itself: whom it opens to, the shapes it speaks, and what lies in Redis behind it."""

import re
from collections.abc import Callable

import httpx2
import pytest
import redis

from tests.clerk_sdk import NATIVE, Sdk, address_of, error_of
from tests.conftest import HTTPS_REDIRECT
from tests.journeys.canaries import everything, found_in
from tests.phone import Phone
from tests.running import LOCAL, RunningBroker

Devices = Callable[..., Sdk]
CLOSED = (400, "native_api_disabled")


def test_the_environment(sdk: Sdk):
    """The environment names the providers that people can use, without an envelope."""
    told = sdk.call("GET", "/environment").json()
    assert told["object"] == "environment"
    social = told["user_settings"]["social"]["oauth_stub"]
    assert (social["enabled"], social["authenticatable"], social["strategy"]) == (True, True, "oauth_stub")


def test_a_device_that_is_new(sdk: Sdk, broker: RunningBroker):
    """Looking keeps nothing: a device is made when it first asks for something, and its token comes in the header."""
    assert sdk.client() is None
    assert sdk.tokens == []
    made = sdk.ask("PUT", "/client")
    assert made["id"].startswith("client_")
    assert re.fullmatch(r"ct_[0-9a-f]{24}_[A-Za-z0-9_-]{43}", sdk.token)
    assert sdk.ask("PUT", "/client")["id"] == made["id"]
    assert len(sdk.tokens) == 1
    assert sdk.call("GET", "/client").headers["cache-control"] == "no-store"
    assert broker.get(f"/clerk/{sdk.client_id}/v1/client").status_code == 400


def test_mutations_bring_the_client(sdk: Sdk):
    """Every change answers with the whole client beside it, the begun sign-in and its address included."""
    form = {"strategy": "oauth_stub", "redirect_url": HTTPS_REDIRECT}
    answer = sdk.call("POST", "/client/sign_ins", form).json()
    assert answer["client"]["sign_in"] == answer["response"]
    assert sdk.client()["sign_in"] == answer["response"]
    assert sdk.client()["sign_up"] is None
    done = sdk.sign_in()
    assert sdk.client()["sign_in"] is None
    assert sdk.ask("GET", f"/client/sign_ins/{done['id']}") == done


@pytest.mark.parametrize("authorization", ["", "ct_x"])
def test_origin_and_authorization(sdk: Sdk, authorization: str):
    """Origin and Authorization together are refused, whatever they are: a browser has no business here."""
    answer = sdk.call("GET", "/client", token=authorization, headers={"origin": "https://app.example.com"})
    assert error_of(answer) == (400, "origin_authorization_headers_conflict")
    assert "access-control-allow-origin" not in answer.headers


def test_to_whom_the_door_is_open(device: Devices, broker: RunningBroker):
    """Only a native app of a public client with Clerk's profile is served; everybody else is told the same."""
    plain = broker.make_client()["client_id"]
    secret = broker.make_client(type="confidential", token_profile="clerk")["client_id"]
    for client_id in (plain, secret, "default", "nobody", "a:b"):
        assert error_of(device(client_id=client_id).call("GET", "/environment")) == CLOSED
        form = {"strategy": "oauth_stub", "redirect_url": HTTPS_REDIRECT}
        assert error_of(device(client_id=client_id).call("POST", "/client/sign_ins", form)) == CLOSED
    for query in ({"_is_native": "0"}, {"_is_native": ""}):
        assert error_of(device().call("GET", "/client", query=query)) == CLOSED


@pytest.mark.parametrize("development", [False, True])
def test_what_a_broker_in_production_tells(public_broker: RunningBroker, development: bool):
    """Outside development mode only the developer of a client in development is told its entries; the page's address is the
    issuer's."""
    made = public_broker.make_client(token_profile="clerk", development=development)
    public_broker.allow(HTTPS_REDIRECT, made["client_id"])
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        sdk = Sdk(public_broker, made["client_id"], Phone(public_broker, "", HTTPS_REDIRECT, browser=browser))
        form = {"strategy": "oauth_google", "redirect_url": f"{HTTPS_REDIRECT}/x"}
        answer = sdk.call("POST", "/client/sign_ins", form)
        assert error_of(answer) == (400, "resource_missmatch")
        told = answer.json()["errors"][0]["long_message"]
        assert ("nearest:" in told) is development
        address = address_of(sdk.start(strategy="oauth_google"))
        assert address.startswith("https://auth.example.com/authorize/begin?attempt=")
        begun = browser.get(public_broker.address + address.removeprefix(public_broker.issuer))
    assert begun.headers["location"].startswith("https://accounts.google.com/")
    assert begun.headers["set-cookie"].startswith("__Host-flow-")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/organizations"),
        ("POST", "/client/sign_ins/x/prepare_first_factor"),
        ("POST", "/waitlist"),
        ("GET", "/me/totp"),
        ("GET", ""),
    ],
)
def test_what_is_not_here(sdk: Sdk, method: str, path: str):
    """Any other path is 404 in Clerk's shape."""
    assert error_of(sdk.call(method, path)) == (404, "resource_not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/client"),
        ("DELETE", "/client/sign_ins"),
        ("POST", "/client/sessions"),
        ("DELETE", "/client/sign_ins/sia_x"),
        ("DELETE", "/client/hosted_auth"),
        ("DELETE", "/me/external_accounts"),
        ("PATCH", "/me/external_accounts/eac_x"),
        ("GET", "/client/sign_ins"),
    ],
)
def test_methods(sdk: Sdk, method: str, path: str):
    """A method that a path has not is 405 in Clerk's shape, sent as it is or as a POST."""
    assert error_of(sdk.call(method, path)) == (405, "method_not_allowed")


def test_bodies(sdk: Sdk):
    """A body that is no form is refused, and so is a parameter that comes twice; a query may not be forged into one."""
    url = f"{sdk.broker.address}/clerk/{sdk.client_id}/v1/client/sign_ins"
    answer = httpx2.post(url, params=NATIVE, json={"strategy": "oauth_stub"}, **LOCAL)
    assert error_of(answer) == (415, "unsupported_content_type")
    answer = httpx2.post(f"{url}?_is_native=1&_is_native=1", data={"strategy": "x"}, **LOCAL)
    assert error_of(answer) == (422, "form_param_format_invalid")
    query = {"strategy": "oauth_stub", "redirect_url": HTTPS_REDIRECT}
    assert error_of(sdk.call("POST", "/client/sign_ins", query=query)) == (422, "form_param_value_invalid")


def test_real_methods(sdk: Sdk):
    """A native SDK may send the method itself."""
    sdk.start()
    url = f"{sdk.broker.address}/clerk/{sdk.client_id}/v1/client"
    answer = httpx2.delete(url, params=NATIVE, headers={"authorization": sdk.token}, **LOCAL)
    assert answer.json()["response"]["deleted"] is True
    assert sdk.client() is None


def test_tv_redis_holds_no_token(sdk: Sdk, broker: RunningBroker):
    """Neither client token nor nonce nor the secret in the page's address stands anywhere in Redis."""
    attempt = sdk.start()
    address = address_of(attempt)
    nonce = sdk.open(address)["rotating_token_nonce"]
    held = everything(broker.redis_url)
    assert sdk.redeem(attempt, nonce).status_code == 200
    held += everything(broker.redis_url)
    texts = [address.partition("attempt=")[2], nonce[28:], *(token[28:] for token in sdk.tokens)]
    assert len(texts) == 4
    secrets = {text: text.encode() for text in texts}
    assert found_in(held, secrets) == []
    assert found_in(broker.log().encode(), secrets) == []


def test_how_long_a_device_is_known(sdk: Sdk, broker: RunningBroker):
    """A device that never signed anybody in is forgotten after a day."""
    made = sdk.ask("PUT", "/client")
    with redis.Redis.from_url(broker.redis_url) as memory:
        key = f"device:{{{made['id']}}}"
        assert 86_000 < memory.ttl(key) <= 86_400
        sdk.sign_in()
        assert memory.ttl(key) > 300 * 86_400
