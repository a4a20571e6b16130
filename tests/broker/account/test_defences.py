"""The account page against other sites, against what people and providers send, and against frames and caches."""

import re
from contextlib import suppress

import httpx2
import pytest

from tests.accounts.people import People, SignedIn, connect
from tests.broker.account.portal import (
    Portal,
    address_of,
    come_in,
    heading,
    open_portal,
    stranger,
)
from tests.broker.endpoints.html_page import attributes, elements
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.running import LOCAL, RunningBroker, running_broker
from tests.webhook_receiver import until

PLACES = (
    "",
    "connections",
    "connections/{eac}",
    "connections/{eac}/disconnect",
    "sessions",
    "delete",
    "confirm",
)
MARKUP = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' {{ 7*7 }} {who}"
FORMS = (
    "connect",
    "connections/{eac}/renew",
    "connections/{eac}/disconnect",
    "sessions/end",
    "sessions/end-all",
    "delete",
    "confirm",
    "sign-out",
)
FOREIGN = {
    "another origin": {"origin": "https://evil.example.net"},
    "another port": {"origin": "http://127.0.0.1:1"},
    "another site": {"sec-fetch-site": "cross-site"},
    "a sibling": {"sec-fetch-site": "same-site"},
    "nobody's page": {"sec-fetch-site": "none"},
    "a frame without origin": {"origin": "null", "sec-fetch-site": "cross-site"},
}


@pytest.fixture
def rich(people: People, ada: SignedIn) -> SignedIn:
    """Ada, with a second account, which one may give up."""
    connect(people, ada, "ada-elsewhere")
    people.tell("ada")
    return ada


def second(people: People, one: SignedIn) -> str:
    found = [each for each in people.accounts(one.user_id) if each["provider"] == "oauth_other"]
    return str(found[0]["id"])


def all_fields(people: People, one: SignedIn) -> dict[str, str]:
    """What would make every form do its work."""
    return {"provider": "stub", "session": str(one.claims["sid"]), "sure": "1"}


def unharmed(people: People, one: SignedIn, portal: Portal) -> bool:
    return (
        one.me().status_code == 200
        and len(people.accounts(one.user_id)) == 2
        and heading(portal.get()) == "Profile"
    )


@pytest.mark.parametrize("path", FORMS)
def test_csrf(people: People, rich: SignedIn, portal: Portal, path: str):
    """A form without the session's own mark, with another session's, or of another media type, does nothing."""
    place = path.format(eac=second(people, rich))
    fields, theirs = all_fields(people, rich), open_portal(stranger(people)).csrf()
    people.tell("ada")
    asked = len(people.provider.asked("/authorize"))
    for mark in ({}, {"csrf": ""}, {"csrf": theirs}, {"csrf": "é"}):
        assert portal.post(place, **fields, **mark).status_code == 400
    url = f"{portal.broker.address}/account/{place}"
    assert portal.phone.browser.post(url, json={**fields, "csrf": portal.csrf()}).status_code == 415
    assert portal.phone.browser.post(f"{url}?csrf={portal.csrf()}", data=fields).status_code == 400
    assert len(people.provider.asked("/authorize")) == asked
    assert unharmed(people, rich, portal)


@pytest.mark.parametrize("path", [*FORMS, "sign-in"])
def test_forms_of_other_sites(people: People, rich: SignedIn, portal: Portal, path: str):
    """A form that the browser says another site sent does nothing, be its mark right."""
    place = path.format(eac=second(people, rich))
    fields = {**all_fields(people, rich), "csrf": portal.csrf()}
    for headers in FOREIGN.values():
        answer = portal.post(place, headers=headers, **fields)
        assert (answer.status_code, "another site" in answer.text) == (400, True), headers
    assert unharmed(people, rich, portal)


def test_a_forms_mark_is_another_each_time(portal: Portal):
    """Each answer has a mark of its own, so the length of packed pages tells nothing of it; each is good, and no part of one is."""
    first, other = portal.csrf(), portal.csrf()
    assert first != other
    for mark in (first, other):
        assert portal.post("sessions/end", csrf=mark, session="sess_x").status_code == 303
    nonce, _, made = first.partition(".")
    for mark in (nonce, f"{nonce}.", f".{made}", f"{other.partition('.')[0]}.{made}"):
        assert portal.post("sessions/end", csrf=mark, session="sess_x").status_code == 400


def test_our_own_forms_are_taken(portal: Portal):
    """What browsers say of our own form is taken: its origin, or `null` under our referrer policy, from the same origin."""
    for origin in (portal.broker.issuer, "null"):
        headers = {"origin": origin, "sec-fetch-site": "same-origin"}
        answer = portal.post("sessions/end", headers=headers, csrf=portal.csrf(), session="sess_x")
        assert answer.headers["location"] == "/account/sessions?notice=session-ended"


@pytest.mark.parametrize("path", FORMS)
def test_forms_without_a_session(people: People, rich: SignedIn, path: str):
    """Without a session every form leads to the sign-in and does nothing."""
    portal = Portal(people.phone())
    answer = portal.post(path.format(eac=second(people, rich)), **all_fields(people, rich), csrf="x")
    assert answer.headers["location"].startswith("/account")
    assert len(people.accounts(rich.user_id)) == 2
    assert rich.me().status_code == 200


@pytest.mark.parametrize("path", [*FORMS, "sign-in", "ticket"])
def test_get_changes_nothing(people: People, rich: SignedIn, portal: Portal, path: str):
    """No change is made by opening an address: a form's own path shows a page that asks, or is 405."""
    place = path.format(eac=second(people, rich))
    answer = portal.phone.browser.get(f"{portal.broker.address}/account/{place}?csrf={portal.csrf()}&sure=1")
    assert answer.status_code in {200, 303, 404, 405}
    assert unharmed(people, rich, portal)


@pytest.mark.parametrize(
    "place", [*PLACES, "?action=x", "deleted", "return", "connections/x", "nothing/there"]
)
def test_az_09_every_page_stands_alone(people: People, rich: SignedIn, portal: Portal, place: str):
    """AZ-09: no page of the account is framed, kept, or tells another site of itself; none runs a script or loads foreign
    things, the refusals among them."""
    page = portal.get(place.format(eac=second(people, rich)))
    policy = page.headers["content-security-policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy
    assert "script-src" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not {"script", "iframe", "object", "embed", "style"} & {tag for tag, _ in elements(page.text)}
    names = {name for _, attrs in elements(page.text) for name, _ in attrs}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    links = attributes(page.text, "href", "src", "action")
    assert all(re.match(r"/(?!/)|data:,$|#", link) for link in links)


@pytest.mark.parametrize("place", PLACES)
def test_names_full_of_markup(people: People, place: str):
    """Whatever a provider says of a person is text on every page: no element and no attribute comes of it."""
    email = address_of(people, "x<b>'\"")
    one = people.sign_in("markup", name=MARKUP, email=email, preferred_username=MARKUP)
    plain = people.sign_in(
        "plain", name="Plain", email=address_of(people, "plain"), preferred_username="plain"
    )

    def shape(who: SignedIn) -> list[str]:
        eac = people.accounts(who.user_id)[0]["id"]
        return [tag for tag, _ in elements(open_portal(who).get(place.format(eac=eac)).text)]

    assert shape(one) == shape(plain)
    assert "49" not in re.findall(r"<dd>(.*?)</dd>", open_portal(one).get().text)


@pytest.mark.parametrize(
    "place", ["?notice=<script>", "connections?notice=evil", "sessions?notice=", "?notice=signed-out&x=1"]
)
def test_notices_are_ours(portal: Portal, place: str):
    """An address can show none but our own sentences."""
    page = portal.get(place)
    assert "<script" not in page.text
    assert "evil" not in page.text


def test_a_notice_given_twice_is_refused(portal: Portal):
    """A parameter that comes twice is refused, on this page as at every door."""
    assert portal.get("?notice=connected&notice=evil").status_code == 400


def test_refusals_are_pages(portal: Portal):
    """A person who goes wrong sees a page; a program that asks for a ticket gets JSON."""
    assert portal.get("nothing/there").headers["content-type"].startswith("text/html")
    answer = portal.broker.post("/account/ticket")
    assert answer.headers["content-type"] == "application/json"
    assert portal.broker.get("/account/ticket").json()["error"] == "method_not_allowed"


def test_in_public_the_cookie_is_bound_to_the_host(public_broker: RunningBroker):
    """With an https issuer the session's cookie is a `__Host-` one, over TLS only."""
    answer = public_broker.post("/account/sign-out", data={"csrf": "x"})
    given = answer.headers["set-cookie"]
    assert given == "__Host-account=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure"


def answers(url: str) -> bool:
    with suppress(httpx2.TransportError):
        return httpx2.get(url, **LOCAL).status_code == 200
    return False


def test_below_a_path(valkey: str):
    """Where the issuer has a path, every page, form and way on is below it."""

    def wait(address: str, *_: object) -> None:
        until(lambda: answers(f"{address}/base/health/live"), 60)

    settings = {"DEVELOPMENT": "0", "ISSUER": "https://auth.example.test/base"}
    with running_broker(valkey, wait=wait, **settings) as below:
        page = below.get("/base/account")
        assert heading(page) == "Sign in to your account"
        assert below.get("/account").status_code == 404
        links = attributes(page.text, "href", "src", "action")
        assert all(link.startswith(("/base/", "data:")) for link in links)
        answer = below.post("/base/account/sign-out", data={"csrf": "x"})
        assert answer.headers["location"] == "/base/account?notice=signed-out"
        assert below.get("/base/account/sessions").headers["location"] == "/base/account?then=sessions"


def test_two_flows_do_not_meet(people: People, ada: SignedIn):
    """An app's sign-in in the same browser leaves the account page's session alone, and the page's cookie opens no app's door."""
    portal = come_in(people, "ada")
    before = portal.held
    Phone(people.broker, "default", HTTPS_REDIRECT, browser=portal.phone.browser).sign_in()
    assert portal.held == before
    headers = {"authorization": f"Bearer {portal.held}"}
    assert portal.broker.get("/v1/me", headers=headers).status_code == 401
    assert portal.broker.get("/userinfo", headers=headers).status_code == 401
