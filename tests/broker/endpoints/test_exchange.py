"""POST /token with a code."""

import re
import time
from typing import Any

import httpx2
import jwt
import pytest
import redis

from tests.phone import Phone, challenge_of
from tests.running import RunningBroker

OTHER_VERIFIER = "v" * 43


def refused(answer: httpx2.Response, error: str = "invalid_grant", status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text


def test_tk_01_codes_are_long_and_never_repeat(phone: Phone):
    """TK-01: a code has 256 random bits, and no two of fifty are alike."""
    codes = {phone.land()["code"] for _ in range(50)}
    assert len(codes) == 50
    assert all(re.fullmatch(r"ac_[0-9a-f]{24}_[A-Za-z0-9_-]{43}", code) for code in codes)


def test_tk_01_codes_stand_hashed_for_a_minute(phone: Phone, valkey: str):
    """TK-01: Redis holds a code's fingerprint and never the code, for 60 seconds at most."""
    code = phone.land()["code"]
    with redis.Redis.from_url(valkey) as state:
        keys = [key for key in state.scan_iter("code:*") if state.ttl(key) > 55]
        assert keys
        assert all(state.ttl(key) <= 60 or b"spent" in (state.get(key) or b"") for key in keys)
        assert not [key for key in state.scan_iter("*") if code.encode() in key]


def test_tk_01_an_expired_code_is_worth_nothing(phone: Phone, valkey: str):
    """TK-01: a code that Redis has let go is refused like one that never was."""
    code = phone.land()["code"]
    with redis.Redis.from_url(valkey) as state:
        for key in state.scan_iter("code:*"):
            state.pexpire(key, 1)
    time.sleep(0.05)
    refused(phone.exchange(code))


def test_tk_03_a_replayed_code_ends_what_it_gave(phone: Phone):
    """TK-03: a second exchange with every proof is refused and ends the first one's session."""
    code = phone.land()["code"]
    tokens = phone.exchange(code).json()
    refused(phone.exchange(code))
    refused(phone.refresh(tokens["refresh_token"]))
    assert phone.userinfo(tokens["access_token"]).status_code == 401


def test_tk_03_a_thief_without_the_verifier_ends_nothing(phone: Phone):
    """TK-03: whoever replays a spent code without its verifier is refused and harms nobody."""
    code = phone.land()["code"]
    tokens = phone.exchange(code).json()
    refused(phone.exchange(code, code_verifier=OTHER_VERIFIER))
    assert phone.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("other", ["client_id", "redirect_uri"])
def test_tk_04_a_code_is_bound(phone: Phone, broker: RunningBroker, other: str):
    """TK-04: another client or another redirect URI is refused, and the code is dead afterwards."""
    changes = {
        "client_id": broker.make_client()["client_id"],
        "redirect_uri": "https://app.example.com/other",
    }
    code = phone.land()["code"]
    refused(phone.exchange(code, **{other: changes[other]}))
    refused(phone.exchange(code))


def test_tk_05_a_wrong_verifier_kills_the_code(phone: Phone):
    """TK-05: after a wrong verifier the right one comes too late."""
    code = phone.land()["code"]
    refused(phone.exchange(code, code_verifier=OTHER_VERIFIER))
    refused(phone.exchange(code))


def test_tk_06_a_challenge_is_required(phone: Phone):
    """TK-06: a request without code_challenge goes back to the app as invalid_request."""
    assert phone.land(code_challenge=None)["error"] == "invalid_request"


@pytest.mark.parametrize("method", ["plain", "", "s256", None])
def test_tk_07_only_s256(phone: Phone, method: str | None):
    """TK-07: every other challenge method, and none at all, is invalid_request."""
    assert phone.land(code_challenge_method=method)["error"] == "invalid_request"


@pytest.mark.parametrize("challenge", ["a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "+", "a" * 42 + "/"])
def test_tk_08_a_challenge_is_43_base64url_characters(phone: Phone, challenge: str):
    """TK-08: anything but 43 base64url characters is invalid_request."""
    assert phone.land(code_challenge=challenge)["error"] == "invalid_request"


@pytest.mark.parametrize("verifier", ["v" * 42, "v" * 129, "v" * 42 + " ", "v" * 42 + "é"])
def test_tk_09_a_verifier_has_its_own_shape(phone: Phone, verifier: str):
    """TK-09: a verifier of the wrong shape is refused though its hash fits."""
    fitting = challenge_of(verifier)
    code = phone.land(code_challenge=fitting)["code"]
    refused(phone.exchange(code, code_verifier=verifier))


def test_tk_10_no_downgrade(phone: Phone):
    """TK-10: leaving the verifier out, or sending the challenge in its place, gives nothing."""
    code = phone.land()["code"]
    refused(phone.exchange(code, code_verifier=None), "invalid_request")
    refused(phone.exchange(code, code_verifier=challenge_of(phone.verifier)))


@pytest.mark.parametrize("path", ["/token", "/revoke", "/introspect", "/par"])
def test_tk_11_post_and_form_only(broker: RunningBroker, path: str):
    """TK-11: GET is 405, a JSON body 415, and parameters in the URL are refused even beside a good body."""
    refused(broker.get(path), "method_not_allowed", 405)
    refused(broker.post(path, json={"token": "x"}), "invalid_request", 415)
    form = {"client_id": "default", "token": "x"}
    refused(broker.post(f"{path}?client_id=default", data=form), "invalid_request")


@pytest.mark.parametrize("grant", ["password", "client_credentials", "implicit", "AUTHORIZATION_CODE", "x"])
def test_tk_12_other_grants_are_refused(phone: Phone, grant: str):
    """TK-12: a grant type that is not offered is unsupported_grant_type."""
    refused(phone.call("/token", {"grant_type": grant}), "unsupported_grant_type")


def test_tk_13_good_answers_are_plain_json(phone: Phone):
    """TK-13: a token answer is application/json, cached by nobody, and holds no null."""
    answer = phone.exchange(phone.land()["code"])
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert None not in answer.json().values()


def test_tk_13_unknown_and_wrong_codes_look_alike(phone: Phone):
    """TK-13: an invented, a spent and a misused code get the same words."""
    invented = phone.exchange("ac_" + "0" * 24 + "_" + "x" * 43)
    code = phone.land()["code"]
    misused = phone.exchange(code, code_verifier=OTHER_VERIFIER)
    spent = phone.exchange(code)
    assert invented.text == misused.text == spent.text == phone.exchange("garbage").text


@pytest.fixture
def confidential(broker: RunningBroker, phone: Phone) -> Phone:
    """The phone's app as a confidential client."""
    client = broker.make_client(type="confidential")
    broker.allow(phone.redirect_uri, client["client_id"])
    phone.client_id, phone.client_secret = client["client_id"], client["client_secret"]
    return phone


def basic(phone: Phone, code: str, secret: str, **form: str) -> httpx2.Response:
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": phone.redirect_uri}
    body = {**grant, "code_verifier": phone.verifier, **form}
    return phone.broker.post("/token", data=body, auth=(phone.client_id, secret))


def test_tk_14_a_confidential_client_proves_itself(confidential: Phone):
    """TK-14: without its secret or with a wrong one a confidential client is refused, and the code lives on."""
    code = confidential.land()["code"]
    refused(confidential.exchange(code, client_secret=None), "invalid_client", 401)
    refused(confidential.exchange(code, client_secret="cs_wrong"), "invalid_client", 401)
    wrong = basic(confidential, code, "cs_wrong")
    refused(wrong, "invalid_client", 401)
    assert wrong.headers["www-authenticate"].startswith("Basic")
    assert confidential.exchange(code).status_code == 200


def test_tk_14_one_method_at_a_time(confidential: Phone):
    """TK-14: header and body at once, or two different client ids, are invalid_request; the header alone works."""
    secret = str(confidential.client_secret)
    code = confidential.land()["code"]
    refused(basic(confidential, code, secret, client_secret=secret), "invalid_request")
    refused(basic(confidential, code, secret, client_id="default"), "invalid_request")
    assert basic(confidential, code, secret).status_code == 200


def test_tk_14_a_public_client_is_not_asked(phone: Phone):
    """TK-14: a public client's refusal carries no WWW-Authenticate, which would hide the error from its library."""
    answer = phone.exchange("garbage", client_id="nobody")
    refused(answer, "invalid_client", 401)
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("missing", ["grant_type", "code", "redirect_uri", "code_verifier", "client_id"])
def test_a_missing_field_is_named(phone: Phone, missing: str):
    """What is missing from the form is named in the error."""
    grant = {
        "grant_type": "authorization_code",
        "code": "garbage",
        "redirect_uri": "x",
        "code_verifier": "v" * 43,
    }
    answer = phone.call("/token", {**grant, missing: None})
    refused(answer, "invalid_request")
    assert missing in answer.json()["error_description"]


def test_the_id_token_echoes_the_nonce(phone: Phone):
    """An ID token comes with scope openid only, with the app's nonce if it sent one and none if it did not."""

    def id_claims(**changes: str | None) -> dict[str, Any]:
        token = phone.sign_in(**changes)["id_token"]
        return jwt.decode(token, options={"verify_signature": False})

    assert id_claims(nonce="n-1")["nonce"] == "n-1"
    assert "nonce" not in id_claims()
    assert "id_token" not in phone.sign_in(scope="profile")
