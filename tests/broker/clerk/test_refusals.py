"""How a flow ends that comes to nothing: in the link, on the device that asked, and nowhere else."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.accounts.people import People
from tests.broker.clerk.apps import make_app
from tests.clerk_sdk import Sdk, address_of, error_of
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT, connect
from tests.phone import Phone
from tests.provider_stub import ProviderStub, answer_json
from tests.running import LOCAL, running_broker
from tests.valkey import running_valkey

Devices = Callable[..., Sdk]


@pytest.mark.parametrize("redirect_uri", [HTTPS_REDIRECT, SCHEME_REDIRECT])
def test_cancelled_at_the_provider(device: Devices, provider: ProviderStub, redirect_uri: str):
    """A sign-in that was cancelled says so in the link, and with its nonce in the sign-in."""
    sdk = device(redirect_uri)
    provider.callback = lambda back: {"error": "access_denied", "state": back["state"]}
    attempt = sdk.start()
    landing = sdk.open(address_of(attempt))
    assert landing["__clerk_status"] == "failed"
    assert landing["__clerk_error_code"] == "oauth_access_denied"
    assert landing["error"] == "access_denied"
    told = sdk.redeem(attempt, landing["rotating_token_nonce"]).json()["response"]
    verification = told["first_factor_verification"]
    assert (verification["status"], verification["error"]["code"]) == ("failed", "oauth_access_denied")
    assert (told["status"], told["created_session_id"]) == ("needs_first_factor", None)
    provider.reset()
    assert sdk.sign_in()["status"] == "complete"


def test_a_provider_that_is_down(sdk: Sdk, provider: ProviderStub):
    """A provider that does not answer is no cancellation."""
    provider.answers["/token"] = answer_json({"error": "temporarily_unavailable"}, 503)
    landing = sdk.open(address_of(sdk.start()))
    assert landing["__clerk_error_code"] in ("oauth_token_exchange_error", "oauth_callback_invalid")


def test_who_began_is_not_told(device: Devices, provider: ProviderStub):
    """What became of somebody else's trip is told to nobody without its nonce, and a failure's nonce is good on its own
    device alone, once."""
    starter, opener = device(), device()
    provider.callback = lambda back: {"error": "access_denied", "state": back["state"]}
    attempt, own = starter.start(), opener.start()
    nonce = opener.open(address_of(attempt))["rotating_token_nonce"]
    still = starter.ask("GET", f"/client/sign_ins/{attempt['id']}")
    assert still["first_factor_verification"]["error"] is None
    assert error_of(opener.redeem(own, nonce)) == (422, "form_param_value_invalid")
    assert error_of(starter.redeem(attempt, nonce)) == (422, "form_param_value_invalid")


def test_a_failed_sign_up(sdk: Sdk, provider: ProviderStub):
    """A sign-up fails in its own words, and a finished one of another kind is not transferred from it."""
    provider.callback = lambda back: {"error": "access_denied", "state": back["state"]}
    attempt = sdk.start("sign_ups")
    nonce = sdk.open(address_of(attempt))["rotating_token_nonce"]
    told = sdk.redeem(attempt, nonce, "sign_ups").json()["response"]
    assert told["status"] == "missing_requirements"
    assert told["verifications"]["external_account"]["error"]["code"] == "oauth_access_denied"
    answer = sdk.call("POST", "/client/sign_ins", {"transfer": "true"})
    assert error_of(answer) == (400, "account_transfer_invalid")


@pytest.fixture
def closed(provider: ProviderStub) -> Iterator[Sdk]:
    """A device at a broker that takes no new accounts."""
    with running_valkey() as url, running_broker(url, SIGN_UP="closed") as running:
        connect(running, provider)
        client_id = make_app(running)
        with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
            yield Sdk(running, client_id, Phone(running, client_id, HTTPS_REDIRECT, browser=browser))


def test_new_accounts_are_not_taken(closed: Sdk):
    """Where sign-up is closed somebody new is told so, in Clerk's word for it."""
    attempt = closed.start()
    landing = closed.open(address_of(attempt))
    assert landing["__clerk_error_code"] == "sign_up_mode_restricted"
    told = closed.redeem(attempt, landing["rotating_token_nonce"]).json()["response"]
    assert told["first_factor_verification"]["error"]["code"] == "sign_up_mode_restricted"


@pytest.mark.parametrize("choice", ["apart", "prove"])
def test_lk_01_proof_is_asked_for_in_the_browser(people: People, choice: str):
    """LK-01: an address that is somebody's is proven on the page, or kept apart there, and the nonce comes after it."""
    ada = people.sign_in("ada")
    client_id = make_app(people.broker)
    phone = people.phone("other")
    phone.client_id = client_id
    sdk = Sdk(people.broker, client_id, phone)
    people.tell("ada-too")
    attempt = sdk.start()
    asked = sdk.phone.follow(sdk.phone.browser.get(address_of(attempt)))
    assert asked.location is None
    if choice == "apart":
        landing = phone.press(asked.response, "Keep them apart")
    else:
        people.tell("ada")
        landing = phone.press(asked.response, "Continue with Stub")
    done = sdk.redeem(attempt, landing["rotating_token_nonce"]).json()["response"]
    assert done["status"] == "complete"
    (session,) = sdk.client()["sessions"]
    assert (session["user_id"] == ada.user_id) is (choice == "prove")
