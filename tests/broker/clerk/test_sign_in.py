"""Signing in by Clerk's SDK: the nonce, whose it is, and every way to be somebody else with it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import redis

from broker.core.flows import Kind
from tests.clerk_sdk import Sdk, address_of, error_of
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT
from tests.flow_steps import names, newest
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker

Devices = Callable[..., Sdk]
BAD_NONCE = (422, "form_param_value_invalid")
SIGNED_OUT = (401, "authentication_invalid")


def nonce_of(sdk: Sdk, attempt: dict[str, object]) -> str:
    return sdk.open(address_of(attempt))["rotating_token_nonce"]


@pytest.mark.parametrize("redirect_uri", [HTTPS_REDIRECT, SCHEME_REDIRECT])
def test_the_whole_trip(device: Devices, broker: RunningBroker, redirect_uri: str):
    """A sign-in goes from unverified to complete, and its session is the broker's own, with a token of Clerk's profile for a
    minute."""
    sdk = device(redirect_uri)
    attempt = sdk.start()
    assert attempt["status"] == "needs_first_factor"
    assert attempt["first_factor_verification"]["status"] == "unverified"
    assert address_of(attempt).startswith(f"{broker.issuer}/authorize/begin?attempt=")
    answer = sdk.redeem(attempt, nonce_of(sdk, attempt)).json()
    done, client = answer["response"], answer["client"]
    assert (done["status"], done["first_factor_verification"]["status"]) == ("complete", "verified")
    (session,) = client["sessions"]
    assert session["id"] == done["created_session_id"] == client["last_active_session_id"]
    assert session["user"]["id"] == session["public_user_data"]["user_id"]
    claims = jwt.decode(sdk.jwt(session["id"]).json()["jwt"], options={"verify_signature": False})
    assert (claims["sid"], claims["azp"], claims["exp"] - claims["iat"]) == (
        session["id"],
        sdk.client_id,
        60,
    )
    assert broker.admin("GET", f"/v1/sessions/{session['id']}").json()["status"] == "active"


def test_az_11_custom_schemes_ask_first(device: Devices):
    """AZ-11: into a custom scheme there is no nonce before a person pressed the button of the return page; pressed again, it
    hands out the same one."""
    sdk = device(SCHEME_REDIRECT)
    shown = sdk.phone.follow(sdk.phone.browser.get(address_of(sdk.start())))
    assert shown.location is None
    assert "rotating_token_nonce" not in shown.response.text
    first, second = (sdk.phone.press(shown.response)["rotating_token_nonce"] for _ in range(2))
    assert first == second


def test_the_provider_s_address_is_never_given_to_the_app(sdk: Sdk, broker: RunningBroker):
    """The app is sent to a page of ours, which gives this browser the cookie of the flow (CB-01)."""
    answer = sdk.phone.browser.get(address_of(sdk.start()))
    assert answer.status_code == 303
    assert "flow-" in answer.headers["set-cookie"]
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    stranger = Phone(broker, sdk.client_id, HTTPS_REDIRECT)
    back = broker.get(f"/callback/stub?code=x&state={state}")
    assert "another browser" in back.text
    stranger.browser.close()


def test_ru_unlisted_is_told_at_the_start(sdk: Sdk):
    """A redirect URL off the list is 400 resource_missmatch when the flow starts, with the nearest entry in development."""
    form = {"strategy": "oauth_stub", "redirect_url": f"{HTTPS_REDIRECT}/x"}
    answer = sdk.call("POST", "/client/sign_ins", form)
    assert error_of(answer) == (400, "resource_missmatch")
    told = answer.json()["errors"][0]["long_message"]
    assert f"nearest: {HTTPS_REDIRECT}" in told
    assert "authorization" not in answer.headers


@pytest.mark.parametrize("when", ["before the page", "at the provider", "on the return page"])
def test_ru_removed_meanwhile(device: Devices, broker: RunningBroker, when: str):
    """A redirect URL that is taken off the list while the flow is under way gets no nonce any more."""
    url = "com.example.leaving:/cb"
    sdk = device(url)
    entry = broker.allow(url, sdk.client_id)
    address = address_of(sdk.start())
    answer = None
    if when != "before the page":
        answer = sdk.phone.browser.get(address)
    if when == "on the return page":
        answer = sdk.phone.follow(answer).response
        assert "/continue" in answer.text
    broker.admin("DELETE", f"/v1/redirect_urls/{entry['id']}")
    if when == "before the page":
        landing = sdk.phone.follow(sdk.phone.browser.get(address))
    elif when == "at the provider":
        landing = sdk.phone.follow(answer)
    else:
        landing = sdk.phone.press(answer)
    assert landing.location is None
    assert "not on the allowlist" in landing.response.text


def test_tk_02_the_nonce_is_good_once(sdk: Sdk):
    """TK-02: a nonce that comes back is refused, and what it began is over, as with a code."""
    attempt = sdk.start()
    nonce = nonce_of(sdk, attempt)
    done = sdk.redeem(attempt, nonce).json()["response"]
    assert error_of(sdk.redeem(attempt, nonce)) == BAD_NONCE
    assert error_of(sdk.jwt(done["created_session_id"])) == SIGNED_OUT
    assert sdk.client()["sessions"] == []


def test_the_nonce_with_the_token_it_rotated_away(sdk: Sdk):
    """Whoever shows nonce and client token a second time was second to another, or lost the answer: the session ends."""
    attempt = sdk.start()
    before, nonce = sdk.token, nonce_of(sdk, attempt)
    done = sdk.redeem(attempt, nonce).json()["response"]
    assert error_of(sdk.redeem(attempt, nonce, token=before)) == SIGNED_OUT
    assert error_of(sdk.jwt(done["created_session_id"])) == SIGNED_OUT


def test_tk_02_of_many_at_once_one(sdk: Sdk, broker: RunningBroker):
    """TK-02: of eight that redeem a nonce at once one gets a session, at most, and there is never a second."""
    attempt = sdk.start()
    token, nonce = sdk.token, nonce_of(sdk, attempt)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sdk.redeem(attempt, nonce, token=token), range(8)))
    won = [each for each in answers if each.status_code == 200]
    assert len(won) <= 1
    user_id = f"user_{nonce[3:27]}"
    assert len(broker.admin("GET", f"/v1/sessions?user_id={user_id}").json()) <= 1


def test_session_fixation(sdk: Sdk):
    """A client token that somebody knew before the sign-in has nothing of it after."""
    attempt = sdk.start()
    before = sdk.token
    done = sdk.redeem(attempt, nonce_of(sdk, attempt)).json()["response"]
    assert sdk.token != before
    assert sdk.jwt(done["created_session_id"]).status_code == 200
    assert error_of(sdk.jwt(done["created_session_id"], token=before)) == SIGNED_OUT
    assert sdk.call("GET", "/client", token=before).json()["response"] is None
    assert error_of(sdk.call("GET", "/me", token=before)) == SIGNED_OUT


def test_a_link_for_somebody_else(device: Devices):
    """Who opens the page of another's sign-in attaches nothing to the other: the nonce is in the app on their own device,
    where it is worth nothing, and the starter has none and gets nothing."""
    attacker, victim = device(), device()
    attempt = attacker.start()
    theirs = victim.start()
    nonce = victim.open(address_of(attempt))["rotating_token_nonce"]
    assert attacker.ask("GET", f"/client/sign_ins/{attempt['id']}")["status"] == "needs_first_factor"
    assert attacker.client()["sessions"] == []
    assert error_of(victim.redeem(attempt, nonce)) == (404, "resource_not_found")
    assert error_of(victim.redeem(theirs, nonce)) == BAD_NONCE
    assert victim.client()["sessions"] == []
    assert error_of(attacker.redeem(attempt, nonce)) == BAD_NONCE


def test_tk_05_shown_elsewhere_it_is_dead(device: Devices):
    """TK-05: a nonce that was shown with another device's attempt is good for nobody any more."""
    sdk, thief = device(), device()
    attempt, other = sdk.start(), thief.start()
    nonce = nonce_of(sdk, attempt)
    assert error_of(thief.redeem(other, nonce)) == BAD_NONCE
    assert error_of(sdk.redeem(attempt, nonce)) == BAD_NONCE


@pytest.mark.parametrize("token", ["", "nonsense", f"ct_{'0' * 24}_{'A' * 43}"])
def test_the_nonce_alone(sdk: Sdk, token: str):
    """Without the client token that began the flow the nonce is worth nothing, and stays good for who has it."""
    attempt = sdk.start()
    nonce = nonce_of(sdk, attempt)
    assert error_of(sdk.redeem(attempt, nonce, token=token)) == SIGNED_OUT
    assert sdk.redeem(attempt, nonce).status_code == 200


def test_another_client(sdk: Sdk, broker: RunningBroker):
    """A device is one client's: at another client's door its token and its nonce are unknown."""
    attempt = sdk.start()
    nonce = nonce_of(sdk, attempt)
    other = str(broker.make_client(name="Other app", token_profile="clerk")["client_id"])
    elsewhere = Sdk(broker, other, sdk.phone, list(sdk.tokens))
    assert error_of(elsewhere.redeem(attempt, nonce)) == SIGNED_OUT
    assert elsewhere.client() is None
    assert sdk.redeem(attempt, nonce).status_code == 200
    assert Sdk(broker, other, sdk.phone, list(sdk.tokens)).client() is None


def test_tk_01_after_a_minute(sdk: Sdk, broker: RunningBroker):
    """TK-01: a nonce lives sixty seconds."""
    attempt = sdk.start()
    nonce = nonce_of(sdk, attempt)
    with redis.Redis.from_url(broker.redis_url) as memory:
        (key,) = memory.scan_iter(f"code:{{user_{nonce[3:27]}}}:*", count=1000)
        assert 0 < memory.ttl(key) <= 60
        memory.delete(key)
    assert error_of(sdk.redeem(attempt, nonce)) == BAD_NONCE
    assert sdk.ask("GET", f"/client/sign_ins/{attempt['id']}")["status"] == "needs_first_factor"


def test_an_attempt_in_the_place_of_another(sdk: Sdk):
    """A device has one attempt in hand; the nonce of one before is refused."""
    first = sdk.start()
    nonce = nonce_of(sdk, first)
    second = sdk.start()
    assert error_of(sdk.redeem(first, nonce)) == (404, "resource_not_found")
    assert error_of(sdk.redeem(second, nonce)) == BAD_NONCE


def test_a_page_that_is_opened_twice(sdk: Sdk):
    """Of two nonces of one attempt, from a page that was opened twice, one signs in."""
    attempt = sdk.start()
    first, second = nonce_of(sdk, attempt), nonce_of(sdk, attempt)
    done = sdk.redeem(attempt, second).json()["response"]
    assert error_of(sdk.redeem(attempt, first)) == BAD_NONCE
    assert sdk.jwt(done["created_session_id"]).status_code == 200


def test_a_nonce_is_no_code(sdk: Sdk):
    """/token takes no nonce, not even with a verifier that fits, and a code is no nonce."""
    form = {
        "redirect_url": HTTPS_REDIRECT,
        "state": "s",
        "code_challenge": sdk.phone.request()["code_challenge"],
    }
    url = sdk.ask("POST", "/client/hosted_auth", form)["url"]
    nonce = sdk.open(f"{url}&provider=stub")["rotating_token_nonce"]
    assert sdk.phone.exchange(nonce).json()["error"] == "invalid_grant"
    attempt = sdk.start()
    assert error_of(sdk.redeem(attempt, sdk.phone.land()["code"])) == BAD_NONCE
    assert error_of(sdk.redeem(attempt, "nonsense")) == BAD_NONCE


def test_without_a_nonce_nothing_comes_of_it(sdk: Sdk):
    """A finished trip through the browser signs nobody in before its nonce is back."""
    attempt = sdk.start()
    nonce_of(sdk, attempt)
    for query in ({}, {"rotating_token_nonce": ""}):
        still = sdk.ask("GET", f"/client/sign_ins/{attempt['id']}", query=query)
        assert (still["status"], still["created_session_id"]) == ("needs_first_factor", None)
    assert sdk.client()["sessions"] == []


def test_a_deleted_user(sdk: Sdk, broker: RunningBroker):
    """A user who was deleted while the nonce was on its way does not come back by it."""
    attempt = sdk.start()
    nonce = nonce_of(sdk, attempt)
    broker.admin("DELETE", f"/v1/users/user_{nonce[3:27]}")
    assert error_of(sdk.redeem(attempt, nonce)) == BAD_NONCE


def test_sign_up_is_the_same(sdk: Sdk):
    """A sign-up ends complete, for somebody new and for somebody known; transferring either way names the same session."""
    for _ in range(2):
        attempt = sdk.start("sign_ups")
        assert attempt["status"] == "missing_requirements"
        patched = sdk.ask("PATCH", f"/client/sign_ups/{attempt['id']}", {"legal_accepted": "true"})
        assert patched["id"] == attempt["id"]
        nonce = nonce_of(sdk, attempt)
        done = sdk.redeem(attempt, nonce, "sign_ups").json()["response"]
        assert (done["status"], done["missing_fields"]) == ("complete", [])
        assert done["created_user_id"] == f"user_{nonce[3:27]}"
        moved = sdk.ask("POST", "/client/sign_ins", {"transfer": "true"})
        assert (moved["status"], moved["created_session_id"]) == ("complete", done["created_session_id"])
    done = sdk.sign_in()
    moved = sdk.ask("POST", "/client/sign_ups", {"transfer": "true"})
    assert moved["created_session_id"] == done["created_session_id"]


def test_nothing_to_transfer(device: Devices):
    """A transfer before anything is finished is refused."""
    new, begun = device(), device()
    begun.start()
    for sdk in (new, begun):
        for kind in ("sign_ins", "sign_ups"):
            answer = sdk.call("POST", f"/client/{kind}", {"transfer": "true"})
            assert error_of(answer) == (400, "account_transfer_invalid")


@pytest.mark.parametrize("strategy", ["oauth_token_apple", "oauth_token_stub", "google_one_tap"])
@pytest.mark.parametrize("kind", ["sign_ins", "sign_ups"])
def test_oc_08_id_tokens_of_unknown_nonce(sdk: Sdk, kind: str, strategy: str):
    """OC-08: an ID token whose nonce the SDK made and told nobody is refused, with the way that takes one."""
    answer = sdk.call("POST", f"/client/{kind}", {"strategy": strategy, "token": "e30.e30.e30"})
    assert error_of(answer) == (422, "form_param_value_invalid")
    assert "/token" in answer.json()["errors"][0]["long_message"]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"strategy": "password", "redirect_url": HTTPS_REDIRECT}, (422, "form_param_value_invalid")),
        ({"redirect_url": HTTPS_REDIRECT}, (422, "form_param_value_invalid")),
        ({"strategy": "oauth_stub"}, (422, "form_param_missing")),
        ({"strategy": "oauth_nowhere", "redirect_url": HTTPS_REDIRECT}, (400, "oauth_provider_not_enabled")),
        (
            {"strategy": "oauth_stub", "redirect_url": HTTPS_REDIRECT, "oidc_prompt": "none"},
            (422, "form_param_value_invalid"),
        ),
        (
            {"strategy": "oauth_stub", "redirect_url": [HTTPS_REDIRECT, SCHEME_REDIRECT]},
            (422, "form_param_format_invalid"),
        ),
        (
            {"strategy": "oauth_stub", "redirect_url": HTTPS_REDIRECT, "additional_scope": ["files", "mail"]},
            (422, "form_param_value_invalid"),
        ),
    ],
)
def test_what_cannot_be_asked(sdk: Sdk, form: dict[str, object], told: tuple[int, str]):
    """A sign-in that is asked for wrongly is refused before anything is kept."""
    answer = sdk.call("POST", "/client/sign_ins", form)
    assert error_of(answer) == told
    assert sdk.tokens == []


def test_a_prompt_reaches_the_provider(sdk: Sdk, provider: ProviderStub):
    """What the app asks of the provider's page goes there."""
    sdk.open(address_of(sdk.start(oidc_prompt="login")))
    assert provider.asked("/authorize")[-1]["prompt"] == "login"


def test_a_provider_that_the_app_named_stays(sdk: Sdk):
    """Nothing in the address changes the provider that the app chose."""
    address = address_of(sdk.start())
    answer = sdk.phone.browser.get(f"{address}&provider=nowhere")
    assert answer.status_code == 303


def test_an_address_that_is_too_old(sdk: Sdk, broker: RunningBroker):
    """An address that is made up, or older than ten minutes, leads to a page of ours and no further."""
    answer = sdk.phone.browser.get(f"{broker.address}/authorize/begin?attempt=nonsense")
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert "start again in the app" in answer.text


def test_inside_another_app(sdk: Sdk, broker: RunningBroker):
    """Inside an embedded webview the page shows the way to the browser, with the address that begins anew there."""
    address = address_of(sdk.start())
    agent = "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 Version/4.0 Chrome/130 Mobile Safari/537.36"
    answer = sdk.phone.browser.get(address, headers={"user-agent": agent})
    assert answer.status_code == 200
    assert f"{broker.issuer}/authorize/begin?attempt=" in answer.text


def test_one_s_own_earlier_session_makes_room(sdk: Sdk, broker: RunningBroker):
    """Who signs in again on the same device has one session there, the new one; somebody else's stays beside it."""
    first, second = sdk.sign_in(), sdk.sign_in()
    assert [each["id"] for each in sdk.client()["sessions"]] == [second["created_session_id"]]
    before = broker.admin("GET", f"/v1/sessions/{first['created_session_id']}").json()
    assert before["status"] == "revoked"


def test_the_inspector_sees_it(sdk: Sdk, broker: RunningBroker):
    """A sign-in by the SDK leaves the same steps as any other, from its first call to its nonce redeemed."""
    attempt = sdk.start()
    sdk.redeem(attempt, nonce_of(sdk, attempt))
    flow = newest(broker, Kind.SIGN_IN, "exchanged")
    assert names(flow) == ["started", "at_provider", "back", "code_handed_out", "exchanged"]
    assert flow.client_id == sdk.client_id
