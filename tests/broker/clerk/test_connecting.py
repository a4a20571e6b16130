"""Connecting by Clerk's SDK (LK-02): only the device and the session that asked attach what a browser brought."""

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import redis

from tests.clerk_sdk import Sdk, address_of, error_of
from tests.conftest import HTTPS_REDIRECT, connect
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker

Devices = Callable[..., Sdk]
BAD_NONCE = (422, "form_param_value_invalid")
OTHER = {"strategy": "oauth_clerk_other", "redirect_url": HTTPS_REDIRECT}


@pytest.fixture(autouse=True)
def other(broker: RunningBroker, provider: ProviderStub) -> Iterator[None]:
    connect(broker, provider, "clerk_other", additional_scopes=["files", "calendar"])
    yield
    broker.admin("DELETE", "/v1/providers/clerk_other")


@pytest.fixture
def ada(sdk: Sdk, provider: ProviderStub) -> Sdk:
    """Signed in, and somebody else at the other provider."""
    sdk.sign_in()
    provider.subject = f"other-{secrets.token_hex(4)}"
    return sdk


def ask(sdk: Sdk, **changes: Any) -> dict[str, Any]:
    return dict(sdk.ask("POST", "/me/external_accounts", {**OTHER, **changes}))


def reload(sdk: Sdk, nonce: str) -> httpx2.Response:
    """`user.reload({ rotatingTokenNonce })`"""
    return sdk.call("GET", "/me", query={"rotating_token_nonce": nonce})


def accounts(sdk: Sdk) -> list[str]:
    return [each["provider"] for each in sdk.ask("GET", "/me")["external_accounts"]]


def test_the_whole_trip(ada: Sdk, provider: ProviderStub):
    """An account is connected with the scopes that were asked for, and is the user's after the reload with the nonce."""
    asked = ask(ada, additional_scope=["files", "calendar"])
    assert asked["verification"]["status"] == "unverified"
    landing = ada.open(address_of(asked))
    assert "created_session_id" not in landing.parameters
    assert accounts(ada) == ["oauth_stub"]
    me = reload(ada, landing["rotating_token_nonce"]).json()["response"]
    assert [each["provider"] for each in me["external_accounts"]] == ["oauth_stub", "oauth_clerk_other"]
    assert {"files", "calendar"} <= set(provider.asked("/authorize")[-1]["scope"].split())


def test_more_scopes(ada: Sdk, provider: ProviderStub):
    """Reauthorizing asks for more and keeps what is held; it makes no second account."""
    reload(ada, ada.open(address_of(ask(ada, additional_scope="files")))["rotating_token_nonce"])
    (account,) = [
        each for each in ada.ask("GET", "/me")["external_accounts"] if each["provider"] == "oauth_clerk_other"
    ]
    form = {"redirect_url": HTTPS_REDIRECT, "additional_scope": "calendar"}
    more = ada.ask("PATCH", f"/me/external_accounts/{account['id']}/reauthorize", form)
    me = reload(ada, ada.open(address_of(more))["rotating_token_nonce"]).json()["response"]
    assert len(me["external_accounts"]) == 2
    assert {"files", "calendar"} <= set(provider.asked("/authorize")[-1]["scope"].split())
    unknown = ada.call("PATCH", "/me/external_accounts/eac_x/reauthorize", form)
    assert error_of(unknown) == (404, "resource_not_found")


def test_lk_02_a_link_for_somebody_else(device: Devices, ada: Sdk):
    """LK-02: who opens the link of another's connection attaches nothing to them; without the nonce a reload changes nothing,
    and the nonce is dead on the device of who opened it."""
    victim = device()
    victim.start()
    nonce = victim.open(address_of(ask(ada)))["rotating_token_nonce"]
    assert accounts(ada) == ["oauth_stub"]
    victim_session = victim.sign_in()["created_session_id"]
    assert error_of(reload(victim, nonce)) == BAD_NONCE
    ask(victim)
    assert error_of(reload(victim, nonce)) == BAD_NONCE
    assert victim.jwt(victim_session).status_code == 200
    assert error_of(reload(ada, nonce)) == BAD_NONCE
    assert accounts(ada) == ["oauth_stub"]


def test_lk_02_the_session_that_asked(ada: Sdk, provider: ProviderStub):
    """LK-02: another session on the same device attaches nothing of what the first one asked for."""
    nonce = ada.open(address_of(ask(ada)))["rotating_token_nonce"]
    (first,) = (each["id"] for each in ada.client()["sessions"])
    ada.sign_in()
    query = {"rotating_token_nonce": nonce, "_clerk_session_id": first}
    assert error_of(ada.call("GET", "/me", query=query)) == BAD_NONCE
    assert error_of(reload(ada, nonce)) == BAD_NONCE
    assert provider.subject


def test_lk_02_while_the_session_lives(ada: Sdk, broker: RunningBroker):
    """LK-02: once the session that asked is over its nonce attaches nothing."""
    nonce = ada.open(address_of(ask(ada)))["rotating_token_nonce"]
    session = ada.client()["sessions"][0]
    broker.admin("POST", f"/v1/sessions/{session['id']}/revoke")
    assert error_of(reload(ada, nonce)) == (401, "authentication_invalid")
    assert len(broker.admin("GET", f"/v1/users/{session['user_id']}/external_accounts").json()) == 1


def test_once(ada: Sdk):
    """A nonce that connects is good once; coming back it attaches nothing and ends no session."""
    nonce = ada.open(address_of(ask(ada)))["rotating_token_nonce"]
    assert reload(ada, nonce).status_code == 200
    assert error_of(reload(ada, nonce)) == BAD_NONCE
    assert len(accounts(ada)) == 2


def test_it_signs_nobody_in(ada: Sdk):
    """The nonce of a connection is not taken as that of a sign-in, nor the other way round, nor at /token."""
    nonce = ada.open(address_of(ask(ada)))["rotating_token_nonce"]
    attempt = ada.start()
    assert error_of(ada.redeem(attempt, nonce)) == BAD_NONCE
    again = ada.open(address_of(attempt))["rotating_token_nonce"]
    ask(ada)
    assert error_of(reload(ada, again)) == BAD_NONCE
    assert ada.phone.exchange(nonce).json()["error"] == "invalid_grant"


def test_another_user_s(device: Devices, ada: Sdk, provider: ProviderStub):
    """An account that is somebody else's is refused, in the link and on the device, and stays theirs."""
    bob = device()
    bob.phone.provider = "clerk_other"
    done = bob.sign_in()
    landing = ada.open(address_of(ask(ada)))
    assert landing["__clerk_error_code"] == "oauth_identification_claimed"
    assert error_of(reload(ada, landing["rotating_token_nonce"])) == (400, "oauth_identification_claimed")
    assert accounts(ada) == ["oauth_stub"]
    assert bob.jwt(done["created_session_id"]).status_code == 200


def test_scopes_that_nobody_allowed(ada: Sdk):
    """A scope that the admin did not allow is refused before a browser opens."""
    answer = ada.call("POST", "/me/external_accounts", {**OTHER, "additional_scope": "everything"})
    assert error_of(answer) == BAD_NONCE
    assert answer.json()["errors"][0]["meta"]["param_name"] == "additional_scope"


def test_signed_out(sdk: Sdk):
    """Without a session nothing is connected, shown or deleted."""
    for method, path in (("POST", ""), ("DELETE", "/eac_x"), ("PATCH", "/eac_x/reauthorize")):
        answer = sdk.call(method, f"/me/external_accounts{path}", OTHER)
        assert error_of(answer) == (401, "authentication_invalid")


def test_lk_04_disconnecting(ada: Sdk, broker: RunningBroker):
    """LK-04: an account is given up soon after a sign-in only, never the last one, never somebody else's."""
    reload(ada, ada.open(address_of(ask(ada)))["rotating_token_nonce"])
    first, second = (each["id"] for each in ada.ask("GET", "/me")["external_accounts"])
    session = ada.client()["sessions"][0]
    with redis.Redis.from_url(broker.redis_url) as memory:
        key = f"session:{{{session['user_id']}}}:{session['id']}"
        memory.hset(key, "signed_in_at", int(time.time()) - 700)
        answer = ada.call("DELETE", f"/me/external_accounts/{second}")
        assert error_of(answer) == (403, "session_reverification_required")
        memory.hset(key, "signed_in_at", int(time.time()))
    assert ada.ask("DELETE", f"/me/external_accounts/{second}")["deleted"] is True
    last = ada.call("DELETE", f"/me/external_accounts/{first}")
    assert error_of(last) == (400, "last_required_identification_deletion_failed")
    gone = ada.call("DELETE", f"/me/external_accounts/{second}")
    assert error_of(gone) == (404, "resource_not_found")
