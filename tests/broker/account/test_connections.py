"""Connected accounts on the account page: connect, allow more, reconnect; and in whose browser alone that works."""

import httpx2
import pytest

from tests.accounts.people import People, SignedIn
from tests.broker.account.portal import (
    Portal,
    address_of,
    age,
    come_in,
    events,
    heading,
    main_of,
    notice,
    open_portal,
    stranger,
)
from tests.broker.endpoints.html_page import attributes
from tests.conftest import HTTPS_REDIRECT
from tests.conftest import connect as configure
from tests.phone import Phone, form_of
from tests.provider_stub import ProviderStub, answer_json
from tests.running import LOCAL, RunningBroker


@pytest.fixture
def here(people: People, ada: SignedIn) -> Portal:
    """Ada, who signed in at the page itself."""
    return come_in(people, "ada")


def accounts(people: People, one: SignedIn) -> dict[str, dict[str, object]]:
    """The user's accounts by provider, as backends see them."""
    return {each["provider"].removeprefix("oauth_"): each for each in people.accounts(one.user_id)}


def account_page(portal: Portal, one: SignedIn, people: People, provider: str = "stub"):
    return portal.get(f"connections/{accounts(people, one)[provider]['id']}")


def leave(portal: Portal, page, label: str, **changes: str):
    """Press, and stop before the provider: where the browser would go."""
    action, filled = form_of(page, label)
    answer = portal.phone.browser.post(action, data={**filled, **changes})
    assert answer.status_code == 303, answer.text
    return answer


def test_connecting(people: People, ada: SignedIn, here: Portal):
    """Whoever signed in at the page connects another provider, whose account is theirs from then on, and it is told."""
    people.tell("ada-elsewhere", email=address_of(people, "elsewhere"))
    page = here.press(here.get("connections"), "Connect Other")
    assert notice(page) == "The account is connected."
    assert address_of(people, "elsewhere") in main_of(page)
    assert set(accounts(people, ada)) == {"stub", "other"}
    told = events(people.broker, ada.user_id, "connection.created")
    assert {each["data"]["provider"] for each in told} >= {"stub"}
    assert all(each["actor"] == "user" for each in told)


def test_connecting_a_provider_that_is_for_that_only(people: People, ada: SignedIn, here: Portal):
    """A provider that nobody may sign in with is offered for connecting, and connects."""
    configure(people.broker, people.provider, "third", name="Third", sign_in=False)
    people.tell("ada-third")
    page = here.press(here.get("connections"), "Connect Third")
    assert notice(page) == "The account is connected."
    configure(people.broker, people.provider, "third", name="Third", sign_in=True)
    assert "third" in accounts(people, ada)


def test_two_accounts_of_one_provider(people: People, ada: SignedIn, here: Portal):
    """A second account of a provider is connected beside the first."""
    people.tell("ada-two", email=address_of(people, "two"))
    here.press(here.get("connections"), "Connect another Stub account")
    assert len(people.accounts(ada.user_id)) == 2


def test_lk_02_a_link_of_an_app_alone_adds_nothing(people: People, ada: SignedIn, portal: Portal):
    """LK-02: who came by an app's link is asked to sign in with an account of that user before any is added: a victim who
    opened somebody else's link cannot, and keeps their own account out of it."""
    page = portal.press(portal.get("connections"), "Connect Other")
    assert heading(page) == "Sign in again"
    people.tell("victim", email=address_of(people, "victim"))
    refused = portal.press(page, "Continue with Stub")
    assert "not one of yours here" in notice(refused)
    assert set(accounts(people, ada)) == {"stub"}
    assert people.broker.admin("GET", f"/v1/users?email_address={address_of(people, 'victim')}").json() == []
    people.tell("ada")
    back = portal.press(refused, "Continue with Stub")
    assert heading(back) == "Connected accounts"
    people.tell("ada-elsewhere")
    assert notice(portal.press(back, "Connect Other")) == "The account is connected."


def test_lk_02_a_providers_link_opened_elsewhere_attaches_nothing(
    people: People, ada: SignedIn, here: Portal
):
    """LK-02: the provider's address of a flow, opened in another browser, ends there and attaches nothing to anybody."""
    people.tell("victim", email=address_of(people, "victim"))
    link = leave(here, here.get("connections"), "Connect Other").headers["location"]
    victim = people.phone()
    page = victim.follow(victim.browser.get(link)).response
    assert page.status_code == 400
    assert "another browser" in page.text
    assert set(accounts(people, ada)) == {"stub"}


@pytest.mark.parametrize("way", ["signed out", "another's session", "a new session of the same user"])
def test_lk_02_the_session_that_asked_must_be_there_still(
    people: People, ada: SignedIn, here: Portal, way: str
):
    """LK-02: what comes back is attached only while the very session that asked is the one of this browser."""
    people.tell("ada-elsewhere", email=address_of(people, "elsewhere"))
    link = leave(here, here.get("connections"), "Connect Other").headers["location"]
    match way:
        case "signed out":
            here.press(here.get(), "Sign out")
        case "another's session":
            open_portal(stranger(people), here.phone)
        case _:
            open_portal(ada, here.phone)
    people.tell("ada-elsewhere", email=address_of(people, "elsewhere"))
    page = here.phone.follow(here.phone.browser.get(link)).response
    assert "another browser, or you were signed out" in notice(page)
    assert set(accounts(people, ada)) == {"stub"}
    assert (
        people.broker.admin("GET", f"/v1/users?email_address={address_of(people, 'elsewhere')}").json() == []
    )


def test_the_last_step_is_this_browsers_and_once(people: People, ada: SignedIn, here: Portal):
    """The address that the callback sends on to attaches nothing in another browser, and nothing once it was tried there."""
    people.tell("ada-elsewhere")
    at_provider = leave(here, here.get("connections"), "Connect Other").headers["location"]
    back = here.phone.browser.get(at_provider).headers["location"]
    onward = people.broker.address + here.phone.browser.get(back).headers["location"]
    for each in (open_portal(ada, people.phone()), here):
        page = each.phone.follow(each.phone.browser.get(onward)).response
        assert heading(page) == "Profile"
        assert "begun in another browser" in notice(page)
    assert set(accounts(people, ada)) == {"stub"}


def test_an_account_of_somebody_else(people: People, ada: SignedIn, here: Portal):
    """LK-02: an account that another user has stays theirs, and the person is told."""
    eve = people.sign_in("eve", "other", email=address_of(people, "eve"))
    people.tell("eve", email=address_of(people, "eve"))
    page = here.press(here.get("connections"), "Connect Other")
    assert "belongs to somebody else" in notice(page)
    assert set(accounts(people, ada)) == {"stub"}
    assert set(accounts(people, eve)) == {"other"}


def test_cancelled_at_the_provider(people: People, ada: SignedIn, here: Portal):
    """Who says no at the provider is back on the page, which says that nothing was changed."""
    people.provider.callback = lambda honest: {"error": "access_denied", "state": honest["state"]}
    page = here.press(here.get("connections"), "Connect Other")
    assert heading(page) == "Connected accounts"
    assert "You cancelled" in notice(page)
    people.provider.callback = lambda honest: {"error": "server_error", "state": honest["state"]}
    assert "did not do what it should" in notice(here.press(page, "Connect Other"))


def test_allowing_more(people: People, ada: SignedIn, portal: Portal):
    """A person allows more: the provider is asked for what is held and what was chosen, and what it granted is shown; by an
    app's link too, since no other account than this one can come of it."""
    page = account_page(portal, ada, people)
    assert [each for each in ("files", "calendar", "contacts") if f'value="{each}"' in page.text] == [
        "files",
        "calendar",
        "contacts",
    ]
    people.tell("ada")
    done = portal.press(page, "Continue to Stub", **{"scope-1": "files"})
    assert notice(done).startswith("Done")
    assert set(people.provider.asked("/authorize")[-1]["scope"].split()) >= {"openid", "files"}
    more = portal.press(done, "Continue to Stub", **{"scope-1": "calendar"})
    assert set(people.provider.asked("/authorize")[-1]["scope"].split()) >= {"openid", "files", "calendar"}
    assert 'value="files"' not in more.text
    assert set(str(accounts(people, ada)["stub"]["approved_scopes"]).split()) >= {"files", "calendar"}
    assert events(people.broker, ada.user_id, "connection.renewed")[0]["actor"] == "user"


def test_less_was_granted(people: People, ada: SignedIn, portal: Portal):
    """Where the provider granted less than was chosen the page says so."""
    people.tell("ada")
    people.provider.token_fields = {"scope": "openid profile email"}
    done = portal.press(account_page(portal, ada, people), "Continue to Stub", **{"scope-1": "files"})
    assert "allowed less" in notice(done)


def test_only_what_is_offered(people: People, ada: SignedIn, portal: Portal):
    """A scope that the operator does not allow is asked of no provider, whatever the form says."""
    asked = len(people.provider.asked("/authorize"))
    page = portal.press(account_page(portal, ada, people), "Continue to Stub", **{"scope-1": "admin"})
    assert page.status_code == 400
    assert len(people.provider.asked("/authorize")) == asked


def test_reconnecting_with_another_account(people: People, ada: SignedIn, portal: Portal):
    """LK-02: to reconnect takes the very account; with another nothing is changed, and nothing is added."""
    people.tell("somebody", email=address_of(people, "somebody"))
    page = portal.press(account_page(portal, ada, people), "Reconnect")
    assert "another account than the one to reconnect" in notice(page)
    assert set(accounts(people, ada)) == {"stub"}
    assert (
        people.broker.admin("GET", f"/v1/users?email_address={address_of(people, 'somebody')}").json() == []
    )


def test_reconnecting_mends(people: People, ada: SignedIn, portal: Portal):
    """A connection that only the person can mend is shown as that, and reconnecting mends it."""
    account = accounts(people, ada)["stub"]
    people.provider.lifetime = 1
    people.tell("ada")
    portal.press(account_page(portal, ada, people), "Reconnect")
    people.provider.answers["/token"] = answer_json({"error": "invalid_grant"}, 400)
    path = f"/v1/users/{ada.user_id}/oauth_access_tokens/stub?force_refresh=true"
    people.broker.admin("GET", path)
    people.provider.answers.clear()
    page = portal.get("connections")
    assert "Needs reconnect" in main_of(page)
    people.provider.lifetime = 3600
    mended = portal.press(portal.get(f"connections/{account['id']}"), "Reconnect")
    assert "Needs reconnect" not in main_of(mended)


def test_what_is_shown_of_each(people: People, ada: SignedIn, here: Portal):
    """Each account is listed with its provider's name, whose it is and how it is; one whose provider is off is said to be."""
    people.tell("ada-elsewhere", email=address_of(people, "elsewhere"))
    here.press(here.get("connections"), "Connect Other")
    shown = main_of(here.get("connections"))
    assert people.address in shown
    assert address_of(people, "elsewhere") in shown
    assert shown.count("UTC just now") == 2
    with people.switched_off("other"):
        assert "Switched off here" in main_of(here.get("connections"))
        page = account_page(here, ada, people, "other")
        assert "Reconnect</button>" not in page.text


def test_missing_access(catalogue_broker: RunningBroker, rsa_provider: ProviderStub):
    """Where the operator always asks for more than who somebody is, and the person did not allow it, access is missing."""
    calendar = "https://www.googleapis.com/auth/calendar.readonly"
    scopes = ["openid", "email", "profile", calendar]
    google = {
        "id": "google",
        "client_id": "google-web",
        "client_secret": "google-secret-canary",
        "scopes": scopes,
    }
    assert catalogue_broker.admin("POST", "/v1/providers", google).status_code == 200
    rsa_provider.claims = lambda honest: {
        **honest,
        "aud": "google-web",
        "iss": "https://accounts.google.com",
    }
    rsa_provider.token_fields = {"scope": "openid email profile"}
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        phone = Phone(catalogue_broker, "default", HTTPS_REDIRECT, provider="google", browser=browser)
        portal = open_portal(SignedIn(phone, phone.sign_in()))
        page = portal.get("connections")
        assert "Missing access" in main_of(page)
        one = portal.get(attributes(page.text, "href")[-1].removeprefix("/account/"))
        assert "See your calendars" in main_of(one)
    catalogue_broker.admin("DELETE", "/v1/providers/google")


def test_nobody_elses_account(people: People, ada: SignedIn, portal: Portal):
    """Another user's account is not there, as one that never was: no page, no form."""
    eve = stranger(people)
    theirs = str(accounts(people, eve)["stub"]["id"])
    for account_id in (theirs, "eac_000000000000000000000000", "x"):
        assert portal.get(f"connections/{account_id}").status_code == 400
        assert portal.get(f"connections/{account_id}/disconnect").status_code == 400
        for act in ("renew", "disconnect"):
            answer = portal.post(f"connections/{account_id}/{act}", csrf=portal.csrf())
            assert (answer.status_code, "no such account" in answer.text) == (400, True)
    assert set(accounts(people, eve)) == {"stub"}


def test_confirming_by_another_user(people: People, ada: SignedIn, portal: Portal):
    """To confirm takes an account of the same user: another user's sign-in is not taken, and changes no session."""
    stranger(people)
    age(portal, signed_in_at=3_600)
    before = portal.held
    people.tell("eve", email=address_of(people, "eve"))
    page = portal.press(portal.get("delete"), "Continue with Stub")
    assert "not one of yours here" in notice(page)
    assert portal.held == before
    assert heading(portal.get("delete")) == "Sign in again"


def test_confirming_gives_a_fresh_cookie(people: People, ada: SignedIn, portal: Portal):
    """A sign-in that confirms ends the session that asked and begins a fresh one, of the same app and with the same end."""
    age(portal, signed_in_at=3_600)
    before = str(portal.held)
    people.tell("ada")
    page = portal.press(portal.get("delete"), "Continue with Stub")
    assert heading(page) == "Delete your account?"
    after = str(portal.held)
    assert before != after
    portal.phone.browser.cookies.clear()
    portal.phone.browser.cookies.set("account", before, domain="127.0.0.1")
    assert heading(portal.get()) == "Sign in to your account"
    portal.phone.browser.cookies.clear()
    portal.phone.browser.cookies.set("account", after, domain="127.0.0.1")
    ada.me(f"/sessions/{ada.claims['sid']}", "DELETE")
    assert heading(portal.get()) == "Sign in to your account"
