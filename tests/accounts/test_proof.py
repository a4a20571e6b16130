"""The page that asks for proof: the honest way, and every way in which it must lead nowhere."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx2
import jwt
import pytest
import redis

from tests.accounts.people import People, SignedIn, finish, keys
from tests.conftest import SCHEME_REDIRECT
from tests.phone import form_of
from tests.provider_stub import ProviderStub
from tests.running import LOCAL

OLD = "Continue with Stub"
APART = "Keep them apart"


@pytest.fixture
def ada(people: People) -> SignedIn:
    """Who is here already, at `stub`."""
    return people.sign_in("ada")


def test_the_honest_way(people: People, ada: SignedIn):
    """Who signs in at the old provider as the old user gets the app's code for that user, with the new account added, and
    from then on either account is enough."""
    phone, page = people.asked("ada-too", "other")
    people.tell("ada")
    landing = phone.press(page, OLD)
    assert (landing["state"], landing["iss"]) == (phone.state, people.broker.issuer)
    both = finish(phone, landing)
    assert both.user_id == ada.user_id
    assert both.claims["sid"] != ada.claims["sid"]
    assert {each["provider"] for each in both.accounts()} == {"oauth_stub", "oauth_other"}
    assert people.sign_in("ada-too", "other").user_id == ada.user_id
    (token,) = people.broker.admin("GET", f"/v1/users/{ada.user_id}/oauth_access_tokens/other").json()
    assert f"{people.address}-ada-too" in token["token"]


def test_the_flow_goes_on_as_it_was_asked(people: People, ada: SignedIn):
    """Nonce, scope and challenge of the app's first request hold to the end, and the code is bound to them."""
    phone = people.phone("other")
    people.tell("ada-too")
    page = phone.follow(phone.authorize(provider="other", nonce="n-1", scope="openid email")).response
    people.tell("ada")
    code = phone.press(page, OLD)["code"]
    assert phone.exchange(code, code_verifier="x" * 43).json()["error"] == "invalid_grant"
    phone = people.phone("third")
    people.tell("ada-three")
    page = phone.follow(phone.authorize(provider="third", nonce="n-2", scope="openid email")).response
    people.tell("ada")
    tokens = phone.exchange(phone.press(page, OLD)["code"]).json()
    assert tokens["scope"] == "openid email"
    assert jwt.decode(tokens["id_token"], options={"verify_signature": False})["nonce"] == "n-2"


def test_az_11_a_custom_scheme_still_takes_an_act(people: People, ada: SignedIn):
    """AZ-11: after the proof a flow to a custom scheme ends on the return page as always, and its button makes the code."""
    phone = people.phone("other", SCHEME_REDIRECT)
    landing = people.come("ada-too", "other", phone)
    people.tell("ada")
    shown = phone.press(landing.response, OLD)
    assert shown.location is None
    assert "/continue" in shown.response.text
    assert finish(phone, phone.press(shown.response)).user_id == ada.user_id


def test_kept_apart(people: People, ada: SignedIn):
    """Who says that they are somebody else is a new user, and sees nothing of the other."""
    phone, page = people.asked("eve", "other")
    eve = finish(phone, phone.press(page, APART))
    assert eve.user_id != ada.user_id
    assert [each["provider"] for each in eve.accounts()] == ["oauth_other"]
    assert people.sign_in("eve", "other").user_id == eve.user_id
    assert len(ada.accounts()) == 1


@pytest.mark.parametrize("who", ["ada-too", "eve"])
def test_the_wrong_account(people: People, ada: SignedIn, who: str):
    """Any other identity that comes back, new with that address or a known stranger's, is refused and nothing is joined."""
    stranger = people.sign_in("eve", email=f"eve-{people.address}")
    phone, page = people.asked("newcomer", "other")
    people.tell(who, **({"email": f"eve-{people.address}"} if who == "eve" else {}))
    before = keys(people.broker, "identity:*")
    landing = phone.press(page, OLD)
    assert landing["error"] == "access_denied"
    assert "code" not in landing.parameters
    assert keys(people.broker, "identity:*") == before
    assert len(ada.accounts()) == len(stranger.accounts()) == 1
    people.asked("newcomer", "other")


def test_cancelled_at_the_provider(people: People, ada: SignedIn, provider: ProviderStub):
    """Who turns back at the old provider goes to the app with access_denied, and nothing is joined."""
    phone, page = people.asked("ada-too", "other")
    provider.callback = lambda back: {"error": "access_denied", "state": back["state"]}
    assert phone.press(page, OLD)["error"] == "access_denied"
    assert len(ada.accounts()) == 1


def test_cb_01_another_browser_at_the_buttons(people: People, ada: SignedIn):
    """CB-01: the page's form, posted by another browser, does nothing and is spent."""
    _, page = people.asked("ada-too", "other")
    people.tell("ada")
    for label in (OLD, APART):
        action, filled = form_of(page, label)
        with httpx2.Client(follow_redirects=False, **LOCAL) as thief:
            answer = thief.post(action, data=filled)
        assert answer.status_code == 400
        assert "location" not in answer.headers
        _, page = people.asked("ada-too", "other")
        people.tell("ada")
    assert len(ada.accounts()) == 1


def test_cb_01_another_browser_at_the_callback(people: People, ada: SignedIn):
    """CB-01: the way to the old provider, finished by another browser (the victim's, who would approve), joins nothing."""
    phone, page = people.asked("eve", "other")
    people.tell("ada")
    action, filled = form_of(page, OLD)
    upstream = phone.browser.post(action, data=filled).headers["location"]
    victim = people.phone()
    shown = victim.follow(victim.browser.get(upstream))
    assert shown.location is None
    assert shown.response.status_code == 400
    assert len(ada.accounts()) == 1


def test_replayed(people: People, ada: SignedIn):
    """A button works once, whichever is pressed: fifty presses at once start one trip."""
    phone, page = people.asked("ada-too", "other")
    people.tell("ada")
    action, filled = form_of(page, OLD)
    cookies = dict(phone.browser.cookies)

    def press(_: int) -> int:
        return httpx2.post(action, data=filled, cookies=cookies, follow_redirects=False, **LOCAL).status_code

    with ThreadPoolExecutor(10) as crowd:
        statuses = list(crowd.map(press, range(50)))
    assert sorted(statuses) == [303] + [400] * 49
    assert phone.press(page, APART).response.status_code == 400
    assert len(ada.accounts()) == 1


def test_ten_minutes(people: People, ada: SignedIn):
    """What waits lives ten minutes, is sealed, and once it is gone the buttons say so."""
    phone, page = people.asked("ada-too", "other")
    with redis.Redis.from_url(people.broker.redis_url) as memory:
        waiting = memory.keys("proof:*")
        assert waiting
        assert all(0 < memory.ttl(each) <= 600 for each in waiting)
        for each in waiting:
            held = memory.get(each)
            assert people.address.encode() not in held
            assert b"at-canary" not in held
            memory.expire(each, 0)
    shown = phone.press(page, OLD)
    assert shown.response.status_code == 400
    assert "longer than ten minutes" in shown.response.text
    assert len(ada.accounts()) == 1


@pytest.mark.parametrize("chosen", ["other", "third", "nobody", ""])
def test_a_choice_that_was_not_offered(people: People, ada: SignedIn, chosen: str):
    """Only a provider that the page named is gone to."""
    phone, page = people.asked("ada-too", "other")
    action, filled = form_of(page, OLD)
    answer = phone.browser.post(action, data={**filled, "provider": chosen})
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("change", ["enabled", "sign_in"])
def test_old_provider_switched_off(people: People, ada: SignedIn, change: str):
    """A way in that is off, or for connecting only, is not offered; a person can still keep apart."""
    with people.switched_off("stub", **{change: False}):
        phone, page = people.asked("ada-too", "other")
        assert OLD not in page.text
        assert "switched off" in page.text
        assert finish(phone, phone.press(page, APART)).user_id != ada.user_id


@pytest.mark.parametrize("change", ["enabled", "sign_in"])
def test_old_provider_switched_off_meanwhile(people: People, ada: SignedIn, change: str):
    """A way in that was switched off since the page was shown leads nowhere."""
    phone, page = people.asked("ada-too", "other")
    with people.switched_off("stub", **{change: False}):
        answer = phone.press(page, OLD).response
    assert answer.status_code == 400
    assert len(ada.accounts()) == 1


def test_connect_only_meanwhile_at_the_callback(people: People, ada: SignedIn):
    """A provider that became one for connecting only while the person was there proves nobody."""
    phone, page = people.asked("ada-too", "other")
    people.tell("ada")
    action, filled = form_of(page, OLD)
    away = phone.browser.post(action, data=filled)
    with people.switched_off("stub", sign_in=False):
        assert phone.follow(away)["error"] == "access_denied"
    assert len(ada.accounts()) == 1


def test_new_provider_switched_off_meanwhile(people: People, ada: SignedIn):
    """A new account whose provider was switched off meanwhile is not added."""
    for label in (OLD, APART):
        phone, page = people.asked("ada-too", "other")
        people.tell("ada")
        with people.switched_off("other"):
            assert phone.press(page, label)["error"] == "access_denied"
    assert len(ada.accounts()) == 1


def test_taken_meanwhile(people: People, ada: SignedIn):
    """A new account that became another user's while the old one was proven stays there, and is refused."""
    phone, page = people.asked("ada-too", "other")
    second, second_page = people.asked("ada-too", "other")
    apart = finish(second, second.press(second_page, APART))
    people.tell("ada")
    landing = phone.press(page, OLD)
    assert landing["error"] == "access_denied"
    assert "another user" in landing["error_description"]
    assert len(ada.accounts()) == len(apart.accounts()) == 1


def test_removed_redirect(people: People, ada: SignedIn):
    """A redirect URL that left the allowlist while the person chose gets no code."""
    url = f"https://gone-{people.address.partition('@')[0]}.example.com/cb"
    entry = people.broker.allow(url)
    for label in (OLD, APART):
        phone = people.phone("other", url)
        page = people.come("ada-too", "other", phone).response
        people.tell("ada")
        people.broker.admin("DELETE", f"/v1/redirect_urls/{entry['id']}")
        shown = phone.press(page, label)
        assert shown.location is None
        assert shown.response.status_code == 400
        entry = people.broker.allow(url)
    assert len(ada.accounts()) == 1


def test_the_old_user_deleted_meanwhile(people: People, ada: SignedIn):
    """An old user who was deleted while the person was there is not brought back, and the new account stays nobody's."""
    phone, page = people.asked("ada-too", "other")
    people.broker.admin("DELETE", f"/v1/users/{ada.user_id}")
    people.tell("ada")
    landing = phone.press(page, OLD)
    assert landing["error"] == "access_denied"
    assert people.users() == []
    assert people.sign_in("ada-too", "other").user_id != ada.user_id


def test_the_forms_may_lead_to_the_provider(people: People, ada: SignedIn):
    """The page's policy lets its forms lead to the provider and to the app, which browsers hold every redirect against."""
    phone = people.phone("other", SCHEME_REDIRECT)
    page = people.come("ada-too", "other", phone).response
    (policy,) = re.findall(r"form-action ([^;]*);", page.headers["content-security-policy"])
    assert set(policy.split()) == {"'self'", people.provider.issuer, "com.example.app:"}


def test_the_person_chooses_the_account(people: People, ada: SignedIn):
    """The old provider is asked to let the person choose, and for no scope beyond its own."""
    phone = people.phone("other")
    people.tell("ada-too")
    page = phone.follow(phone.authorize(provider="other", provider_scopes="files")).response
    people.tell("ada")
    phone.press(page, OLD)
    asked = people.provider.asked("/authorize")[-1]
    assert asked["prompt"] == "select_account"
    assert "files" not in asked["scope"]
