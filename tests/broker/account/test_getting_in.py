"""Two ways to the account page, an app's ticket and a sign-in there; whom both keep out, and when one is out again."""

import httpx2
import pytest
import redis

from tests.accounts.people import People, SignedIn, keys
from tests.broker.account.portal import (
    COOKIE,
    Portal,
    age,
    ask_ticket,
    come_in,
    events,
    heading,
    notice,
    open_portal,
    session_keys,
    stranger,
    ticket,
)
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT
from tests.journeys.canaries import everything
from tests.running import LOCAL

SIGN_IN = "Sign in to your account"


def test_an_app_opens_the_page(people: People, ada: SignedIn):
    """A ticket begins a session in the browser that opens it, and stands in no address afterwards."""
    first = people.phone().browser.get(ticket(ada))
    assert (first.status_code, first.headers["location"]) == (303, "/account")
    page = open_portal(ada).get()
    assert heading(page) == "Profile"
    assert people.address in page.text
    assert ada.user_id in page.text


@pytest.mark.parametrize("section", ["connections", "sessions", "delete"])
def test_an_app_opens_a_section(people: People, ada: SignedIn, section: str):
    """With `section` the page opens there."""
    answer = people.phone().browser.get(ticket(ada, section=section))
    assert answer.headers["location"] == f"/account/{section}"


@pytest.mark.parametrize(
    "form", [{"section": "//evil.example.net"}, {"return_to": "https://evil.example.net/"}, {"return_to": ""}]
)
def test_what_a_ticket_may_not_say(ada: SignedIn, form: dict[str, str]):
    """A section that there is not and a way back that is not on the client's list are refused in JSON, before a browser opens."""
    answer = ask_ticket(ada, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("shown", ["Bearer nonsense", "", "the refresh token", "an ended session"])
def test_who_gets_no_ticket(ada: SignedIn, shown: str):
    """A ticket takes an access token whose session lives; all else is 401 with a challenge, as JSON."""
    if shown == "an ended session":
        ada.me(f"/sessions/{ada.claims['sid']}", "DELETE")
    told = {
        "the refresh token": f"Bearer {ada.tokens['refresh_token']}",
        "an ended session": ada.bearer["authorization"],
    }
    headers = {"authorization": told.get(shown, shown)} if shown else {}
    answer = httpx2.post(f"{ada.phone.broker.address}/account/ticket", headers=headers, **LOCAL)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_web_app_asks_for_a_ticket(people: People):
    """A web app of the session's client may ask from its own origin, and reads the answer; another origin does not."""
    origin = "https://web.example.com"
    client = people.broker.make_client(web_origins=[origin])["client_id"]
    people.broker.allow(HTTPS_REDIRECT, client)
    people.tell("web")
    phone = people.phone()
    phone.client_id = client
    token = phone.sign_in()["access_token"]
    url = f"{people.broker.address}/account/ticket"
    for sent, shared in ((origin, origin), ("https://evil.example.net", None)):
        answer = httpx2.post(url, headers={"authorization": f"Bearer {token}", "origin": sent}, **LOCAL)
        assert answer.headers.get("access-control-allow-origin") == shared
    asked = {"origin": origin, "access-control-request-method": "POST"}
    assert httpx2.options(url, headers=asked, **LOCAL).headers["access-control-allow-origin"] == origin


def test_a_ticket_is_good_once(people: People, ada: SignedIn):
    """A ticket's link that is opened a second time opens nothing, in whatever browser."""
    link = ticket(ada)
    first, second = Portal(people.phone()), Portal(people.phone())
    first.phone.follow(first.phone.browser.get(link))
    page = second.phone.follow(second.phone.browser.get(link)).response
    assert heading(page) == SIGN_IN
    assert "used already" in notice(page)
    assert second.held is None
    assert heading(first.get()) == "Profile"


def test_a_ticket_of_an_ended_session(people: People, ada: SignedIn):
    """Between making a ticket and opening it the app's session was ended: nothing opens."""
    link, portal = ticket(ada), Portal(people.phone())
    ada.me(f"/sessions/{ada.claims['sid']}", "DELETE")
    assert heading(portal.phone.follow(portal.phone.browser.get(link)).response) == SIGN_IN
    assert portal.held is None


def test_session_fixation(people: People, ada: SignedIn):
    """A cookie that was planted is never taken over: what opens gets a fresh one, and whose session was there is out."""
    evil = open_portal(stranger(people))
    planted = str(evil.held)
    victim = people.phone()
    victim.browser.cookies.set(COOKIE, planted, domain="127.0.0.1")
    portal = open_portal(ada, victim)
    assert portal.held != planted
    assert ada.user_id in portal.get().text
    assert heading(evil.get()) == SIGN_IN


def test_the_cookie(people: People, ada: SignedIn):
    """The session's cookie is for this host alone, out of reach of scripts and of other sites' forms, and short."""
    given = people.phone().browser.get(ticket(ada)).headers["set-cookie"]
    assert given.startswith("account=as_")
    assert set(given.split("; ")[1:]) == {"Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=28800"}


def test_two_cookies_of_one_name_are_none(ada: SignedIn):
    """Where a second cookie of that name was planted nobody is believed."""
    portal = open_portal(ada)
    headers = {"cookie": f"{COOKIE}={portal.held}; {COOKIE}=as_x"}
    answer = httpx2.get(f"{portal.broker.address}/account", headers=headers, **LOCAL)
    assert heading(answer) == SIGN_IN


def test_signing_in_at_the_page(people: People, ada: SignedIn):
    """Who has an account signs in at the page with it, without an app, and is the same user."""
    page = come_in(people, "ada").get()
    assert ada.user_id in page.text
    assert "Back to" not in page.text


def test_the_page_signs_nobody_up(people: People):
    """Who has no account here gets none by signing in at the page, and is told which to use."""
    people.tell("stranger")
    portal = Portal(people.phone())
    before = keys(people.broker, "identity:*")
    page = portal.sign_in()
    assert heading(page) == SIGN_IN
    assert "none is made on this page" in notice(page)
    assert portal.held is None
    assert people.users() == []
    assert keys(people.broker, "identity:*") == before


def test_the_page_joins_nobody(people: People, ada: SignedIn):
    """A verified address that somebody here has opens nothing: neither their account nor the page that asks for proof."""
    people.tell("other-person")
    page = Portal(people.phone()).sign_in("Other")
    assert "none is made on this page" in notice(page)
    assert len(people.accounts(ada.user_id)) == 1


def test_a_connection_for_connecting_only_is_no_way_in(people: People, ada: SignedIn):
    """A provider that the operator took for connecting only is not offered, and does not sign in who posts it all the same."""
    portal = Portal(people.phone())
    with people.switched_off("stub", sign_in=False):
        page = portal.get()
        assert "Continue with Stub" not in page.text
        answer = portal.post("sign-in", provider="stub", then="")
        assert answer.status_code == 400


def test_where_one_wanted_to_go(people: People, ada: SignedIn):
    """Who opens a page of the account without a session signs in first and is there then."""
    people.tell("ada")
    portal = Portal(people.phone())
    page = portal.get("sessions")
    assert heading(page) == SIGN_IN
    assert heading(portal.sign_in(page=page)) == "Sessions"


@pytest.mark.parametrize(
    "then", ["//evil.example.net", "https://evil.example.net", "../authorize", "\\evil", "x"]
)
def test_no_way_out_by_then(people: People, ada: SignedIn, then: str):
    """What comes in an address as the page to go on to leads to the account's own pages or to the first of them."""
    people.tell("ada")
    portal = Portal(people.phone())
    page = portal.get(f"?then={then}")
    assert "evil" not in page.text
    signed_in = portal.press(page, "Continue with Stub", then=then)
    assert signed_in.request.url.path == "/account"
    assert heading(signed_in) == "Profile"


def test_actions_of_other_clients(portal: Portal):
    """`action`, as clients of MSC4191 send it, opens the page that the metadata promises; another opens the first."""
    metadata = portal.broker.get("/.well-known/openid-configuration").json()
    assert metadata["account_management_uri"] == f"{portal.broker.issuer}/account"
    opened = {
        each: heading(portal.get(f"?action={each}"))
        for each in metadata["account_management_actions_supported"]
    }
    assert opened == {
        "org.matrix.profile": "Profile",
        "org.matrix.sessions_list": "Sessions",
        "org.matrix.account_deactivate": "Delete your account?",
    }
    assert heading(portal.get("?action=org.matrix.session_end")) == "Profile"


@pytest.mark.parametrize("why", ["app's session ended", "user deleted", "eight hours", "idle", "signed out"])
def test_when_it_ends(people: People, ada: SignedIn, why: str):
    """The page's session ends with the app's session that made it, with its user, after eight hours, when nobody looks at
    it for thirty minutes, and by signing out."""
    portal = open_portal(ada)
    match why:
        case "app's session ended":
            ada.me(f"/sessions/{ada.claims['sid']}", "DELETE")
        case "user deleted":
            people.broker.admin("DELETE", f"/v1/users/{ada.user_id}")
        case "eight hours":
            age(portal, expires_at=28_800)
        case "idle":
            with redis.Redis.from_url(people.broker.redis_url) as memory:
                (key,) = session_keys(portal)
                assert 1_700 < memory.ttl(key) <= 1_800
                memory.expire(key, 0)
        case _:
            portal.press(portal.get(), "Sign out")
    assert heading(portal.get("connections")) == SIGN_IN


def test_a_page_that_was_signed_in_at_outlives_the_app(people: People, ada: SignedIn):
    """A session of the page that an own sign-in made hangs on no app's session."""
    portal = come_in(people, "ada")
    ada.me(f"/sessions/{ada.claims['sid']}", "DELETE")
    assert heading(portal.get()) == "Profile"


def test_tv_04_nothing_of_it_in_clear(ada: SignedIn):
    """TV-04: Redis holds neither the cookie nor the ticket nor the way back, and no log line does."""
    portal = open_portal(ada, return_to=HTTPS_REDIRECT)
    secrets = [str(portal.held), ticket(ada, return_to=HTTPS_REDIRECT).rpartition("=")[2]]
    held = everything(portal.broker.redis_url)
    assert b"account_session:{" in held
    assert b"account_ticket:{" in held
    assert not [each for each in secrets if each.encode() in held]
    assert not [each for each in secrets if each in portal.broker.log()]
    (key,) = session_keys(portal)
    with redis.Redis.from_url(portal.broker.redis_url) as memory:
        record = memory.hget(key, "record") or b""
    assert record
    assert ada.user_id.encode() not in record


def test_back_to_the_app(people: People, ada: SignedIn):
    """The way back that the app named is offered by the app's name, and leads there with nothing added."""
    portal = open_portal(ada, return_to=SCHEME_REDIRECT)
    assert "Back to Default app" in portal.get("sessions").text
    answer = portal.phone.browser.get(f"{portal.broker.address}/account/return")
    assert (answer.status_code, answer.headers["location"]) == (303, SCHEME_REDIRECT)


def test_r10_the_way_back_is_proven_anew(people: People, ada: SignedIn):
    """An address that was taken off the list meanwhile is led to no more."""
    entry = people.broker.allow("https://gone.example.com/cb")
    portal = open_portal(ada, return_to="https://gone.example.com/cb")
    people.broker.admin("DELETE", f"/v1/redirect_urls/{entry['id']}")
    answer = portal.phone.browser.get(f"{portal.broker.address}/account/return")
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_no_way_back_without_one(people: People, ada: SignedIn):
    """Without a way back in the ticket, or without a session, there is none."""
    for portal in (open_portal(ada), Portal(people.phone())):
        answer = portal.phone.browser.get(f"{portal.broker.address}/account/return")
        assert answer.headers["location"] == "/account"


def test_it_is_told(people: People, ada: SignedIn):
    """The audit log has when the page was opened and closed, by the user."""
    portal = open_portal(ada)
    portal.press(portal.get(), "Sign out")
    (begun,) = events(people.broker, ada.user_id, "account_session.created")
    (ended,) = events(people.broker, ada.user_id, "account_session.ended")
    assert begun["actor"] == ended["actor"] == "user"
