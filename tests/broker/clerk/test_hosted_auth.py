"""Hosted authentication: state and PKCE around the nonce."""

import html
import re
import secrets
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.clerk_sdk import Sdk, error_of
from tests.conftest import HTTPS_REDIRECT
from tests.phone import challenge_of

Devices = Callable[..., Sdk]
VERIFIER = secrets.token_hex(32)


def begin(sdk: Sdk, **changes: str) -> str:
    form = {
        "redirect_url": HTTPS_REDIRECT,
        "state": "xyz",
        "code_challenge": challenge_of(VERIFIER),
        **changes,
    }
    return str(sdk.ask("POST", "/client/hosted_auth", form)["url"])


def redeem(sdk: Sdk, nonce: str, verifier: str = VERIFIER, **kwargs: Any) -> httpx2.Response:
    form = {"_method": "GET", "rotating_token_nonce": nonce, "code_verifier": verifier}
    return sdk.call("POST", "/client", form, **kwargs)


def land(sdk: Sdk) -> Any:
    return sdk.open(f"{begin(sdk)}&provider=stub")


def test_the_whole_trip(sdk: Sdk):
    """The person picks a provider on our page, the app gets its state, nonce and the session's id, and the client with that
    session under a new token."""
    picker = sdk.phone.browser.get(begin(sdk))
    (choice,) = re.findall(r'href="([^"]*/begin[^"]*provider=stub)"', picker.text)
    landing = sdk.open(html.unescape(choice))
    before = sdk.token
    assert landing["state"] == "xyz"
    client = redeem(sdk, landing["rotating_token_nonce"]).json()["response"]
    assert client["object"] == "client"
    assert [each["id"] for each in client["sessions"]] == [landing["created_session_id"]]
    assert sdk.token != before
    assert sdk.jwt(landing["created_session_id"]).status_code == 200


@pytest.mark.parametrize("verifier", ["", "x", "0" * 64])
def test_tk_04_a_wrong_verifier(sdk: Sdk, verifier: str):
    """TK-04: a verifier that does not fit is 422 pkce_verification_failed, and the nonce's end."""
    landing = land(sdk)
    assert error_of(redeem(sdk, landing["rotating_token_nonce"], verifier)) == (
        422,
        "pkce_verification_failed",
    )
    assert error_of(redeem(sdk, landing["rotating_token_nonce"])) == (422, "form_param_value_invalid")
    assert sdk.client()["sessions"] == []


def test_the_verifier_alone(device: Devices, sdk: Sdk):
    """Nonce and verifier together are worth nothing on another device, nor without a client token."""
    stranger = device()
    begin(stranger)
    nonce = land(sdk)["rotating_token_nonce"]
    assert error_of(redeem(sdk, nonce, token="")) == (401, "authentication_invalid")
    assert error_of(redeem(stranger, nonce)) == (422, "form_param_value_invalid")
    assert error_of(redeem(sdk, nonce)) == (422, "form_param_value_invalid")


def test_tk_02_once(sdk: Sdk):
    """TK-02: redeemed a second time, the nonce ends the session."""
    landing = land(sdk)
    assert redeem(sdk, landing["rotating_token_nonce"]).status_code == 200
    assert error_of(redeem(sdk, landing["rotating_token_nonce"])) == (422, "form_param_value_invalid")
    assert error_of(sdk.jwt(landing["created_session_id"])) == (401, "authentication_invalid")


def test_az_04_no_way_around_pkce(sdk: Sdk):
    """AZ-04: there is no hosted flow without a challenge or state, its nonce is not taken as that of a sign-in, and a sign-in's
    nonce is not taken here."""
    for missing in ({"code_challenge": ""}, {"code_challenge": "short"}, {"state": ""}):
        form = {
            "redirect_url": HTTPS_REDIRECT,
            "state": "s",
            "code_challenge": challenge_of(VERIFIER),
            **missing,
        }
        assert sdk.call("POST", "/client/hosted_auth", form).status_code == 422
    nonce = land(sdk)["rotating_token_nonce"]
    attempt = sdk.start()
    assert error_of(sdk.redeem(attempt, nonce)) == (422, "form_param_value_invalid")
    first = sdk.open(str(attempt["first_factor_verification"]["external_verification_redirect_url"]))
    assert error_of(redeem(sdk, first["rotating_token_nonce"])) == (422, "form_param_value_invalid")


def test_unlisted(sdk: Sdk):
    """A redirect URL off the list is told when the flow starts."""
    form = {
        "redirect_url": "https://evil.example.com",
        "state": "s",
        "code_challenge": challenge_of(VERIFIER),
    }
    assert error_of(sdk.call("POST", "/client/hosted_auth", form)) == (400, "resource_missmatch")


def test_a_provider_that_is_not_here(sdk: Sdk):
    """A provider that was made up in the address ends the flow, in the app, with a code."""
    landing = sdk.open(f"{begin(sdk)}&provider=nowhere")
    assert (landing["__clerk_status"], landing["state"]) == ("failed", "xyz")
    assert redeem(sdk, landing["rotating_token_nonce"]).status_code == 400
