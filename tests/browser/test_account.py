"""The account page in a real browser: opened by an app or signed in to, every page and every act; and how it looks."""

import gzip
import secrets
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints
from tests.browser.judge import judge
from tests.browser.test_security import (
    refuse_like_apple,
    request_url,
    secure_broker,
    watch_locations,
)
from tests.browser.test_sign_in import begin, finish, shown
from tests.cli.command import DevelopmentBroker
from tests.conftest import SCHEME_REDIRECT
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker

__all__ = ["secure_broker"]
pytestmark = pytest.mark.xdist_group("account")  # one worker, one Chromium
MOST_BYTES = 30_000  # of a page and its stylesheet, packed


@pytest.fixture
def email() -> str:
    """Somebody whom no other test has made."""
    return f"{secrets.token_hex(4)}@example.com"


def approve_as(page: Page, email: str) -> None:
    """At the simulated provider: be this person."""
    page.get_by_label("Or anybody else, by e-mail").fill(email)
    page.get_by_role("button", name="Sign in", exact=True).click()
    back = page.get_by_role("heading", name="Back from Apple")
    expect(back.or_(page.get_by_role("heading", level=1))).to_be_visible()
    if back.count():
        page.get_by_role("button", name="Continue", exact=True).click()


def sign_in_to_app(page: Page, dev: DevelopmentBroker, email: str) -> str:
    """By Google, on the page that plays the app; its access token."""
    begin(page, dev, "Google")
    approve_as(page, email)
    finish(page)
    return str(shown(page, "Token response")["access_token"])


def open_by_app(page: Page, dev: DevelopmentBroker, token: str, **form: str) -> None:
    url = f"{dev.ready['issuer']}/account/ticket"
    answer = httpx2.post(url, data=form or None, headers={"authorization": f"Bearer {token}"}, timeout=20)
    assert answer.status_code == 200, answer.text
    page.goto(answer.json()["url"])


def open_by_signing_in(page: Page, dev: DevelopmentBroker, email: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{dev.ready['issuer']}/account")
    page.get_by_role("button", name="Continue with Google", exact=True).click()
    approve_as(page, email)
    expect(page.get_by_role("heading", level=1)).to_have_text("Profile")


def test_a_whole_visit(page: Page, dev: DevelopmentBroker, email: str):
    """An app opens the page; the person looks around, proves who they are, connects Apple with its posted answer, allows
    Google more, disconnects Apple again, and goes back to the app."""
    token = sign_in_to_app(page, dev, email)
    seen = watch_locations(page)
    open_by_app(page, dev, token, return_to=dev.ready["redirect_uri"], section="connections")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connected accounts")
    assert urlsplit(page.url).query == ""
    page.get_by_role("button", name="Connect Apple").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in again")
    page.get_by_role("button", name="Continue with Google").click()
    approve_as(page, email)
    page.get_by_role("button", name="Connect Apple").click()
    approve_as(page, email)
    expect(page.get_by_role("status")).to_have_text("The account is connected.")
    page.get_by_role("link", name="Connected accounts").click()
    page.get_by_role("link", name=f"Manage Google, {email}").click()
    page.get_by_label("See your calendars").check()
    page.get_by_role("button", name="Continue to Google").click()
    approve_as(page, email)
    expect(page.get_by_role("status")).to_contain_text("what you allowed is shown here")
    expect(page.get_by_role("region", name="What you allowed")).to_contain_text("See your calendars")
    page.get_by_role("link", name="Connected accounts").click()
    page.get_by_role("link", name=f"Manage Apple, {email}").click()
    page.get_by_role("link", name="Disconnect").click()
    page.get_by_role("button", name="Disconnect Apple").click()
    expect(page.get_by_role("status")).to_contain_text("Disconnected")
    expect(page.get_by_role("link", name=f"Manage Apple, {email}")).to_have_count(0)
    page.get_by_role("link", name="Back to Default app").click()
    page.wait_for_timeout(300)
    assert seen[-1] == dev.ready["redirect_uri"]


def test_deleting(page: Page, dev: DevelopmentBroker, email: str, complaints: Complaints):
    """A person deletes their account: the box must be ticked, and then neither the page nor the app knows them."""
    token = sign_in_to_app(page, dev, email)
    open_by_signing_in(page, dev, email)
    page.get_by_role("link", name="Delete account").click()
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete your account?")
    page.get_by_label("I want to delete my account for good").check()
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account is deleted")
    bearer = {"authorization": f"Bearer {token}"}
    assert httpx2.get(f"{dev.ready['issuer']}/v1/me", headers=bearer, timeout=20).status_code == 401
    page.goto(f"{dev.ready['issuer']}/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to your account")


def test_sessions(page: Page, dev: DevelopmentBroker, email: str):
    """A person sees the app that is signed in and this browser, ends the app's session, then signs out everywhere."""
    sign_in_to_app(page, dev, email)
    open_by_signing_in(page, dev, email)
    page.get_by_role("link", name="Sessions").click()
    expect(page.get_by_role("main")).to_contain_text("You are here")
    page.get_by_role("button", name="End the session of Default app").click()
    expect(page.get_by_role("status")).to_have_text("The session is ended.")
    expect(page.get_by_role("region", name="Apps")).to_contain_text("No app is signed in.")
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")


def test_keyboard_alone(page: Page, dev: DevelopmentBroker, email: str):
    """Nobody needs a mouse: the first Tab skips to the content, the menu follows, and focus is always visible."""
    sign_in_to_app(page, dev, email)
    open_by_signing_in(page, dev, email)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for name in ("Sign out", "Profile", "Connected accounts"):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        expect(focused).to_have_text(name)
        assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connected accounts")
    expect(page.get_by_role("link", name="Connected accounts")).to_have_attribute("aria-current", "page")


def test_without_script(page: Page, dev: DevelopmentBroker, email: str):
    """No page of the account has a script, so none is needed; and each is small, with its stylesheet, as it is packed."""
    sign_in_to_app(page, dev, email)
    open_by_signing_in(page, dev, email)
    style = len(gzip.compress(page.request.get(f"{dev.ready['issuer']}/assets/broker.css").body()))
    for place in ("", "/connections", "/sessions", "/delete", "/confirm"):
        answer = page.goto(f"{dev.ready['issuer']}/account{place}")
        assert answer
        assert page.locator("script").count() == 0
        assert len(gzip.compress(answer.body())) + style < MOST_BYTES


def test_every_page_holds_to_the_rules(window: tuple[Page, str], dev: DevelopmentBroker, email: str):
    """Every page of the account on a phone, a small phone and a desktop, by day and by night, with a notice and with the
    longest of names."""
    page, kind = window
    email = f"somebody-with-a-rather-long-address.{email}"
    issuer = dev.ready["issuer"]
    token = sign_in_to_app(page, dev, email)
    page.goto(f"{issuer}/account?notice=visit-unknown")
    judge(page, f"account-sign-in-{kind}")
    open_by_app(page, dev, token, return_to=dev.ready["redirect_uri"])
    judge(page, f"account-profile-{kind}")
    page.goto(f"{issuer}/account/confirm?why=connect&then=connections")
    judge(page, f"account-confirm-{kind}")
    page.goto(f"{issuer}/account/connections?notice=disconnected-pending")
    judge(page, f"account-connections-{kind}")
    page.get_by_role("link", name=f"Manage Google, {email}").click()
    judge(page, f"account-connection-{kind}")
    page.get_by_role("link", name="Disconnect").click()
    judge(page, f"account-last-way-in-{kind}")
    open_by_signing_in(page, dev, email)
    page.goto(f"{issuer}/account/connections")
    page.get_by_role("button", name="Connect GitHub").click()
    approve_as(page, email)
    expect(page.get_by_role("status")).to_have_text("The account is connected.")
    judge(page, f"account-connected-{kind}")
    page.get_by_role("link", name="Disconnect").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Disconnect GitHub?")
    judge(page, f"account-disconnect-{kind}")
    page.goto(f"{issuer}/account/sessions")
    judge(page, f"account-sessions-{kind}")
    page.goto(f"{issuer}/account/delete")
    judge(page, f"account-delete-{kind}")
    page.goto(f"{issuer}/account/deleted?revocation=unsupported")
    judge(page, f"account-deleted-{kind}")


def test_a_posted_answer_crosses_sites(page: Page, secure_broker: RunningBroker, provider: ProviderStub):
    """Over https the session's cookie is a `__Host-` one that the page's own forms and policy work with; and when Apple posts
    its answer across sites, without that cookie, the next request of the browser brings it."""
    seen = watch_locations(page)
    issuer = secure_broker.issuer
    page.goto(request_url(issuer, "secure", SCHEME_REDIRECT, secure_broker.environment["client_id"]))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Return to")
    page.goto(f"{issuer}/account")
    page.get_by_role("button", name="Continue with ").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Profile")
    (cookie,) = [each for each in page.context.cookies() if each["name"] == "__Host-account"]
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
    page.goto(f"{issuer}/account/connections")
    page.get_by_role("button", name="Connect Apple").click()
    page.wait_for_timeout(500)  # Apple is not here; the next lines play it
    to_apple = [location for location in seen if location.startswith("https://appleid.apple.com/")]
    page.route("https://appleid.apple.com/**", refuse_like_apple)
    with page.expect_response(lambda response: "/account/connections?" in response.url):
        page.evaluate("address => { location.href = address }", to_apple[-1])
    expect(page.get_by_role("alert")).to_contain_text("You cancelled at the provider")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connected accounts")
