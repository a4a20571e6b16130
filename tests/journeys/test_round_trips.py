"""What the hot doors cost in round trips to Redis, counted on the wire."""

import time
from collections.abc import Iterator

import httpx2
import pytest
from redis import Redis

from tests.conftest import HTTPS_REDIRECT, connect
from tests.device import IDS, Device
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.redis_proxy import RedisProxy, running_proxy
from tests.running import running_broker
from tests.valkey import running_valkey


@pytest.fixture(scope="module")
def counted(provider_process: ProviderStub) -> Iterator[tuple[RedisProxy, Phone]]:
    """A phone at a broker that reaches its Valkey through the counter; one sign-in has loaded the scripts."""
    provider_process.reset()
    with running_valkey() as url, running_proxy(url) as (proxy, proxied), running_broker(proxied) as broker:
        Redis.from_url(url).set("leader", "another process")  # whose chores this broker then leaves alone
        connect(broker, provider_process)
        broker.allow(HTTPS_REDIRECT)
        with httpx2.Client(timeout=20, follow_redirects=False) as browser:
            phone = Phone(broker, "default", HTTPS_REDIRECT, browser=browser)
            phone.refresh(phone.sign_in()["refresh_token"])
            yield proxy, phone


def test_authorize_takes_two(counted: tuple[RedisProxy, Phone]):
    """/authorize proves client, redirect URI and provider in one round trip and remembers the flow in another."""
    proxy, phone = counted
    proxy.reset()
    assert phone.authorize().status_code == 303
    assert proxy.round_trips == 2


def test_callback_takes_three(counted: tuple[RedisProxy, Phone]):
    """/callback of somebody who came before takes the flow, proves, and writes: three round trips."""
    proxy, phone = counted
    start = phone.authorize()
    proxy.reset()
    phone.follow(start)
    assert proxy.round_trips == 3


def test_a_first_callback_takes_five(counted: tuple[RedisProxy, Phone], provider: ProviderStub):
    """/callback of somebody unknown, with a verified address, takes two more: who has the address, and the identity given."""
    proxy, phone = counted
    provider.subject = "nobody-yet"
    start = phone.authorize()
    proxy.reset()
    phone.follow(start)
    provider.subject = "ada"
    assert proxy.round_trips == 5


def test_token_takes_two(counted: tuple[RedisProxy, Phone]):
    """/token takes two round trips, for a code and for a refresh token."""
    proxy, phone = counted
    code = phone.land()["code"]
    proxy.reset()
    tokens = phone.exchange(code).json()
    assert proxy.round_trips == 2
    proxy.reset()
    assert phone.refresh(tokens["refresh_token"]).status_code == 200
    assert proxy.round_trips == 2


def test_native_sign_in_takes_two_and_four(counted: tuple[RedisProxy, Phone], provider_process: ProviderStub):
    """/challenge takes two round trips; its exchange, by somebody who came before, four: take, know, what they granted
    before, write."""
    proxy, phone = counted
    connect(phone.broker, provider_process, "device", native_nonce="sha256-hex")
    phone.broker.admin("PATCH", "/v1/clients/default", {"native_client_ids": {"device": IDS}})
    device = Device(phone.broker, "default", provider_process)
    provider_process.subject = "device-ada"  # whose address no other provider of this broker tells
    device.sign_in()
    proxy.reset()
    made = device.challenge()
    assert proxy.round_trips == 2
    token = device.id_token(made["nonce"])
    provider_process.subject = "ada"
    proxy.reset()
    assert device.exchange(made["challenge"], token).status_code == 200
    assert proxy.round_trips == 4


def test_a_token_read_takes_one(counted: tuple[RedisProxy, Phone]):
    """A provider token that is good costs one round trip, secret key and provider's configuration included."""
    proxy, phone = counted
    user_id = phone.userinfo(phone.sign_in()["access_token"]).json()["sub"]
    path = f"/v1/users/{user_id}/oauth_access_tokens/stub"
    made = phone.broker.admin("POST", "/v1/secret_keys", {"name": "reader", "scopes": ["tokens:read"]}).json()
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert phone.broker.get(path, headers=headers).status_code == 200
    proxy.reset()
    assert phone.broker.get(path, headers=headers).json()[0]["token"].startswith("at-canary-")
    assert proxy.round_trips == 1


def test_noting_takes_none(counted: tuple[RedisProxy, Phone]):
    """The steps and counters of a sign-in go out in bursts of their own, about two a second, and only where there are any."""
    proxy, phone = counted
    time.sleep(1)
    proxy.reset()
    time.sleep(1)
    assert proxy.flushes == 0
    phone.sign_in()
    time.sleep(1)
    assert proxy.sent.count(b"XADD") == 5
    assert 1 <= proxy.flushes <= 3


def test_a_write_is_never_repeated(counted: tuple[RedisProxy, Phone]):
    """When Redis's answer is lost the app is told to come back, and the command was sent once."""
    proxy, phone = counted
    token = phone.sign_in()["refresh_token"]
    proxy.reset()
    proxy.losing_answers = True
    answer = phone.refresh(token)
    proxy.losing_answers = False
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"]
    assert proxy.sent.count(b"GET") <= 2
    assert phone.refresh(token).status_code == 200
