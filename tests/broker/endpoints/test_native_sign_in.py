"""Sign-in by a provider's SDK: an ID token and a challenge of ours for a session (RFC 8693)."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import jwt
import pytest

from tests.broker.providers import forging
from tests.broker.providers.outcome import assert_nothing_stored, everything, reason
from tests.conftest import HTTPS_REDIRECT, connect
from tests.device import IDS, Device, assert_refused
from tests.phone import Phone
from tests.provider_stub import CLIENT_ID, ProviderStub, answer_json, running_provider
from tests.running import LOCAL, RunningBroker

FAILED = "native_sign_in_failed"


@pytest.fixture
def other(device: Device, broker: RunningBroker) -> Device:
    """Another app of ours, with ids of its own at the same provider."""
    ids = {"device": {"ios": "other-ios", "android": "other-android"}}
    client_id = broker.make_client(native_client_ids=ids)["client_id"]
    return Device(broker, client_id, device.stub, audience="other-ios")


@pytest.fixture
def attacker() -> Iterator[ProviderStub]:
    """A provider of the attacker's, with keys that it publishes."""
    with running_provider() as stub:
        stub.subject = "ada"
        yield stub


@pytest.fixture
def web(device: Device, broker: RunningBroker) -> Iterator[Phone]:
    """The same app's way through the browser."""
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        yield Phone(broker, device.client_id, HTTPS_REDIRECT, "device", browser=browser)


def claims_of(tokens: dict[str, Any], name: str = "access_token") -> dict[str, Any]:
    return dict(jwt.decode(tokens[name], options={"verify_signature": False}))


def test_the_answer(device: Device, provider: ProviderStub):
    """An SDK's ID token gives what a code gives, and says of what type it is (RFC 8693 section 2.2.1)."""
    provider.subject = "native-answer"
    answer = device.try_in()
    tokens = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert set(tokens) == {
        *("access_token", "issued_token_type", "token_type", "expires_in"),
        *("refresh_token", "scope", "id_token"),
    }
    assert tokens["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "openid profile email offline_access")
    told, ours = claims_of(tokens), claims_of(tokens, "id_token")
    assert (told["client_id"], ours["aud"]) == (device.client_id, device.client_id)
    assert (told["sub"], told["sid"]) == (ours["sub"], ours["sid"])
    assert "nonce" not in ours


def test_the_session_lives(device: Device, broker: RunningBroker, provider: ProviderStub):
    """Its tokens open userinfo, are refreshed, and end with the session, as those of a code do."""
    provider.subject = "native-session"
    tokens, phone = device.sign_in(), Phone(broker, device.client_id, "")
    who = phone.userinfo(tokens["access_token"]).json()
    assert (who["email"], who["name"]) == ("native-session@example.com", "Native-Session")
    refreshed = phone.refresh(tokens["refresh_token"])
    assert refreshed.status_code == 200
    sessions = broker.admin("GET", f"/v1/sessions?user_id={who['sub']}").json()
    assert [each["id"] for each in sessions] == [claims_of(tokens)["sid"]]
    phone.revoke(refreshed.json()["refresh_token"])
    assert phone.refresh(refreshed.json()["refresh_token"]).json()["error"] == "invalid_grant"


def test_the_scope_is_the_clients(device: Device):
    """A scope is granted as asked and never more; without one there is no id_token, and a foreign one is refused."""
    assert "id_token" not in device.sign_in(scope="profile")
    assert device.sign_in(scope=None)["scope"] == "profile email"
    assert device.try_in(scope="openid admin").json()["error"] == "invalid_scope"


def test_the_same_person_as_on_the_web(device: Device, web: Phone, provider: ProviderStub):
    """Who came by the SDK and comes by the browser, or the other way round, is one user with one account."""
    for subject, first, second in (("nw", device, web), ("wn", web, device)):
        provider.subject = f"same-{subject}"
        users = {claims_of(each.sign_in())["sub"] for each in (first, second)}
        assert len(users) == 1
        path = f"/v1/users/{users.pop()}/external_accounts"
        assert len(device.broker.admin("GET", path).json()) == 1


def test_without_a_code_custody_stays(device: Device, web: Phone, provider: ProviderStub):
    """A sign-in that brings no tokens leaves those in custody, and the scopes they have, as they were."""
    provider.subject = "native-custody"
    user_id = claims_of(web.sign_in())["sub"]
    path = f"/v1/users/{user_id}"
    read = f"{path}/oauth_access_tokens/device"
    before = device.broker.admin("GET", read).json()
    scopes = [
        each["approved_scopes"] for each in device.broker.admin("GET", f"{path}/external_accounts").json()
    ]
    assert claims_of(device.sign_in())["sub"] == user_id
    assert device.broker.admin("GET", read).json() == before
    after = device.broker.admin("GET", f"{path}/external_accounts").json()
    assert [each["approved_scopes"] for each in after] == scopes == ["openid email profile"]


def test_without_a_code_there_is_nothing_in_custody(device: Device, provider: ProviderStub):
    """A first sign-in without a code makes a user whose backend is told that there is no token."""
    provider.subject = "native-alone"
    user_id = claims_of(device.sign_in())["sub"]
    (account,) = device.broker.admin("GET", f"/v1/users/{user_id}/external_accounts").json()
    assert (account["health"], account["health_reason"]) == ("needs_reconnect", "no_grant")
    deleted = device.broker.admin("DELETE", f"/v1/users/{user_id}").json()
    assert [each["revocation"] for each in deleted["revocations"]] == ["nothing_to_revoke"]
    assert claims_of(device.sign_in())["sub"] != user_id


def test_a_name_that_nobody_signed(device: Device, provider: ProviderStub):
    """A name beside the token is Apple's way alone; of another provider's person it is not taken."""
    provider.subject = "native-nameless"
    user_id = claims_of(device.sign_in({"name": None}, given_name="Mallory"))["sub"]
    (account,) = device.broker.admin("GET", f"/v1/users/{user_id}/external_accounts").json()
    assert (account["first_name"], account["last_name"]) == ("", "")


def test_a_code_that_no_sdk_gives(device: Device, provider: ProviderStub):
    """A code from a provider whose SDK gives none is not passed on to anybody."""
    assert_refused(device.try_in(authorization_code="code"))
    assert not provider.asked("/token")


PARAMETERS = {
    "subject_token_type missing": ({"subject_token_type": None}, "invalid_request"),
    "subject_token_type of an access token": (
        {"subject_token_type": "urn:ietf:params:oauth:token-type:access_token"},
        "invalid_request",
    ),
    "requested_token_type of a refresh token": (
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        "invalid_request",
    ),
    "actor_token": ({"actor_token": "x"}, "invalid_request"),
    "audience": ({"audience": "https://api.example.com"}, "invalid_target"),
    "resource": ({"resource": "https://api.example.com"}, "invalid_target"),
    "provider missing": ({"provider": None}, "invalid_request"),
}


@pytest.mark.parametrize("wrong", PARAMETERS)
def test_parameters_that_are_not_taken(device: Device, wrong: str):
    """What RFC 8693 offers and we do not take is refused by name, and costs no challenge."""
    changes, error = PARAMETERS[wrong]
    made = device.challenge()
    token = device.id_token(made["nonce"])
    answer = device.exchange(made["challenge"], token, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    asked = {"requested_token_type": "urn:ietf:params:oauth:token-type:access_token"}
    assert device.exchange(made["challenge"], token, **asked).status_code == 200


def test_oc_08_an_attackers_issuer(device: Device, attacker: ProviderStub):
    """OC-08: A token of the attacker's issuer, rightly signed by his key which he publishes, is nobody's, and his key set
    is never asked for."""
    for issuer in (attacker.issuer, device.stub.issuer):
        before = everything(device.broker)
        made = device.challenge()
        forger = Device(device.broker, device.client_id, attacker, issuer=issuer)
        header = {"jku": f"{attacker.issuer}/jwks", "kid": "stub-1"}
        attacker.make_id_token = lambda claims: attacker.sign(claims, headers=header)  # noqa: B023
        assert_refused(device.exchange(made["challenge"], forger.id_token(made["nonce"])))
        assert reason(device.broker, FAILED) == "ID token: InvalidSignatureError"
        assert_nothing_stored(device.broker, before)
    assert not attacker.asked("/jwks")


def test_oc_08_another_provider_of_ours(device: Device, broker: RunningBroker, attacker: ProviderStub):
    """OC-08: The provider is the one that the request names: a token of another that is configured here, even with a
    challenge of that other, is refused."""
    connect(broker, attacker, "second", native_nonce="sha256-hex")
    broker.admin(
        "PATCH", f"/v1/clients/{device.client_id}", {"native_client_ids": {"device": IDS, "second": IDS}}
    )
    second = Device(broker, device.client_id, attacker, provider="second")
    assert second.sign_in()["access_token"]
    made = device.challenge()
    assert_refused(device.exchange(made["challenge"], second.id_token(made["nonce"])))
    made = second.challenge()
    assert_refused(device.exchange(made["challenge"], device.id_token(made["nonce"])))
    assert reason(broker, FAILED) == "the challenge was made for another client or provider"
    broker.admin("DELETE", "/v1/providers/second")


def test_oc_08_an_unknown_provider(device: Device):
    """OC-08: A provider that is not configured here, or has no SDK, takes no token."""
    for name in ("nobody", "stub", "{device}"):
        assert_refused(device.try_in(provider=name))


AUDIENCES = {
    "of a foreign app": {"aud": "somebody-elses-app"},
    "of another client of ours": {"aud": "other-ios"},
    "of our other platform": {"aud": IDS["android"]},
    "of several, made for us": {"aud": [CLIENT_ID, "somebody-elses-app"]},
    "ours, asked for by a foreign app": {"azp": "somebody-elses-app"},
    "ours, asked for by another client of ours": {"azp": "other-ios"},
    "of all and nobody": {"aud": "*"},
    "our client id at this broker": {"aud": "default"},
}


@pytest.mark.parametrize("wrong", AUDIENCES)
def test_oc_08_a_token_for_another_app(device: Device, other: Device, wrong: str):
    """OC-08: A token that the provider made for another app, though one of ours, signs nobody in to this one."""
    assert other.sign_in()["access_token"]
    before = everything(device.broker)
    assert_refused(device.try_in(AUDIENCES[wrong]))
    assert_nothing_stored(device.broker, before)


def test_oc_08_a_challenge_of_another_client(device: Device, other: Device):
    """OC-08: A challenge of another client is refused, spends that challenge, and lets neither of the two in."""
    made = other.challenge()
    assert_refused(device.exchange(made["challenge"], device.id_token(made["nonce"])))
    assert reason(device.broker, FAILED) == "the challenge was made for another client or provider"
    assert_refused(other.exchange(made["challenge"], other.id_token(made["nonce"])))


def test_oc_08_a_challenge_of_another_platform(device: Device):
    """OC-08: A challenge for one platform takes no token that was made for the app on another."""
    made = device.challenge(platform="android")
    assert_refused(device.exchange(made["challenge"], device.id_token(made["nonce"])))
    assert reason(device.broker, FAILED) == "ID token: InvalidAudienceError"
    made = device.challenge(platform="android")
    token = device.id_token(made["nonce"], aud=IDS["android"])
    assert device.exchange(made["challenge"], token).status_code == 200


def test_oc_08_a_challenge_serves_once(device: Device):
    """OC-08: The same challenge and token a second time are refused, and the first session lives on."""
    made = device.challenge()
    token = device.id_token(made["nonce"])
    tokens = device.exchange(made["challenge"], token).json()
    assert_refused(device.exchange(made["challenge"], token))
    assert_refused(device.exchange(made["challenge"], device.id_token(made["nonce"])))
    phone = Phone(device.broker, device.client_id, "")
    assert phone.refresh(tokens["refresh_token"]).status_code == 200


def test_oc_08_a_token_serves_once(device: Device):
    """OC-08: A token that was taken once, or seen by somebody, is refused with a new challenge."""
    made = device.challenge()
    token = device.id_token(made["nonce"])
    assert device.exchange(made["challenge"], token).status_code == 200
    assert_refused(device.exchange(device.challenge()["challenge"], token))
    assert reason(device.broker, FAILED) == "ID token: nonce"


def test_oc_08_the_nonce_is_no_challenge(device: Device):
    """OC-08: Who reads a token learns its nonce, and that opens nothing."""
    made = device.challenge()
    assert_refused(device.exchange(made["nonce"][:64], device.id_token(made["nonce"])))


@pytest.mark.parametrize("challenge", [None, ""])
def test_oc_08_no_challenge(device: Device, challenge: str | None):
    """OC-08: Without a challenge nobody comes in, whether or not the token has a nonce."""
    for nonce in (None, ""):
        answer = device.exchange(challenge, device.id_token(nonce))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_oc_08_a_challenge_that_was_never_made(device: Device):
    """OC-08: An invented challenge is refused, with a token that repeats it."""
    invented = "A" * 43
    assert_refused(device.exchange(invented, device.id_token(invented)))


FAILURES = {
    "a wrong token": {"subject_token": "x.y.z"},
    "a wrong client": {"client_id": "default"},
    "no client": {"client_id": "nobody"},
    "another provider": {"provider": "stub"},
    "a foreign scope": {"scope": "admin"},
}


@pytest.mark.parametrize("wrong", FAILURES)
def test_oc_08_a_failed_try_spends_the_challenge(device: Device, wrong: str):
    """OC-08: After one wrong try a challenge is worth nothing, though everything else were right."""
    made = device.challenge()
    token = device.id_token(made["nonce"])
    assert device.exchange(made["challenge"], token, **FAILURES[wrong]).status_code in (400, 401)
    assert_refused(device.exchange(made["challenge"], token))


def test_oc_08_many_at_once(device: Device, provider: ProviderStub):
    """OC-08: Of twenty exchanges of one challenge at the same time one succeeds, and one session begins."""
    provider.subject = "native-race"
    made = device.challenge()
    token = device.id_token(made["nonce"])
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: device.exchange(made["challenge"], token), range(20)))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    user_id = claims_of(good[0])["sub"]
    assert len(device.broker.admin("GET", f"/v1/sessions?user_id={user_id}").json()) == 1


def test_oc_08_over(device: Device):
    """OC-08: A token that is over is refused."""
    assert_refused(device.try_in({"exp": int(time.time()) - 70}))


def test_oc_08_a_token_of_ours(device: Device):
    """OC-08: An ID token of this broker's own is no provider's."""
    assert_refused(device.try_in(subject_token=device.sign_in()["id_token"]))


def test_oc_08_the_webs_token(device: Device, web: Phone, provider: ProviderStub):
    """OC-08: The ID token of a sign-in through the browser is of no use here: its nonce was for that flow."""
    seen: list[str] = []
    provider.make_id_token = lambda claims: seen.append(provider.sign(claims)) or seen[-1]  # type: ignore[func-returns-value]
    web.sign_in()
    provider.make_id_token = provider.sign
    assert_refused(device.try_in(subject_token=seen[0]))
    assert reason(device.broker, FAILED) == "ID token: nonce"


def test_a_provider_whose_keys_cannot_be_had(
    device: Device, broker: RunningBroker, provider: ProviderStub, attacker: ProviderStub
):
    """A provider that does not answer is told apart from a token that is wrong: try again, with a new challenge."""
    connect(broker, attacker, "silent", native_nonce="raw")
    broker.admin("PATCH", f"/v1/clients/{device.client_id}", {"native_client_ids": {"silent": IDS}})
    attacker.answers["/jwks"] = answer_json({}, 503)
    silent = Device(broker, device.client_id, attacker, provider="silent")
    answer = silent.try_in()
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    attacker.answers.clear()
    assert silent.sign_in()["access_token"]
    broker.admin("DELETE", "/v1/providers/silent")


def test_the_log_has_no_token(device: Device):
    """Of a refused sign-in the log has the client, the provider and the rule: no token, challenge or nonce."""
    made = device.challenge()
    token = forging.with_other_claims(device.id_token(made["nonce"]), nonce=made["nonce"])
    assert_refused(device.exchange(made["challenge"], token))
    log = device.broker.log()
    assert FAILED in log
    assert not [text for text in (made["challenge"], made["nonce"], token) if text in log]
