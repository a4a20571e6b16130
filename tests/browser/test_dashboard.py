"""The dashboard in a real Chromium: getting in, and each page and action, on a phone and on a desktop, by day and by night."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints
from tests.browser.judge import judge
from tests.cli.command import DevelopmentBroker

pytestmark = pytest.mark.xdist_group("looks")  # one worker, one Chromium
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
KINDS = {"phone": "phone-dark", "desktop": "desktop-light"}
PAGES = {
    "clients": "/clients",
    "client": "/clients/default",
    "client-new": "/clients/new",
    "client-delete": "/clients/default/delete",
    "keys": "/keys",
    "allowlist": "/allowlist",
    "allowlist-new": "/allowlist/new",
    "allowlist-refused": "/allowlist/refused",
    "allowlist-test": "/allowlist/test?url=brokerexample://callbak",
    "providers": "/providers",
    "provider-google": "/providers/google",
    "provider-apple": "/providers/apple",
    "provider-new": "/providers/new-provider",
    "provider-new-oauth2": "/providers/new-provider?kind=oauth2",
    "provider-new-preset": "/providers/new-provider?kind=preset",
}


@pytest.fixture(params=SIZES)
def window(
    request: pytest.FixtureRequest, chromium: Browser, complaints: Complaints
) -> Iterator[tuple[Page, str]]:
    width, height = SIZES[request.param]
    context = chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme=KINDS[request.param].partition("-")[2]
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints.listen(page)
    yield page, KINDS[request.param]
    context.close()


def sign_in(page: Page, dev: DevelopmentBroker, to: str) -> None:
    page.goto(f"{dev.ready['issuer']}/dashboard{to}")
    page.get_by_label("Secret key").fill(dev.ready["secret_key"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_getting_in_and_out(window: tuple[Page, str], dev: DevelopmentBroker, complaints: Complaints):
    """A pasted key leads to the page that was asked for; a wrong one is told so; after signing out one is out."""
    page, kind = window
    page.goto(f"{dev.ready['issuer']}/dashboard/keys")
    judge(page, f"dashboard-sign-in-{kind}")
    page.get_by_label("Secret key").fill("sk_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not, or no longer")
    judge(page, f"dashboard-sign-in-wrong-{kind}")
    complaints.wait_for(page, "403")
    sign_in(page, dev, "/keys")
    assert page.url.endswith("/dashboard/keys")
    assert not page.evaluate("document.cookie")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Secret key")).to_be_visible()
    page.goto(f"{dev.ready['issuer']}/dashboard/keys")
    expect(page.get_by_label("Secret key")).to_be_visible()


def test_every_page(window: tuple[Page, str], dev: DevelopmentBroker):
    """Every page holds to the rules, the longest form, too."""
    page, kind = window
    issuer = dev.ready["issuer"]
    for url in (
        "https://evil.example/%3Cscript%3Ealert(1)%3C/script%3E" + "x" * 300,
        "brokerexample://callbak",
    ):
        page.request.get(f"{issuer}/authorize?client_id=default&redirect_uri={url}")
    sign_in(page, dev, "/clients")
    for name, path in PAGES.items():
        page.goto(f"{issuer}/dashboard{path}")
        judge(page, f"dashboard-{name}-{kind}")
        expect(page.locator("nav a[aria-current=page]").first).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_a_refused_address_is_allowed(window: tuple[Page, str], dev: DevelopmentBroker):
    """An admin finds what an app was refused, reviews it, adds it, and the tester says that it is allowed."""
    page, kind = window
    url = f"com.example.{kind}:/callback"
    page.request.get(f"{dev.ready['issuer']}/authorize?client_id=default&redirect_uri={url}")
    sign_in(page, dev, "/allowlist/refused")
    page.get_by_role("link", name=f"Review {url}").click()
    expect(page.get_by_label("Redirect URL")).to_have_value(url)
    judge(page, f"dashboard-allowlist-review-{kind}")
    page.get_by_label("Label").fill("Of a test")
    page.get_by_role("button", name="Add to the allowlist").click()
    expect(page.get_by_role("status")).to_contain_text("is on the allowlist")
    page.get_by_role("link", name="Test an address").click()
    page.get_by_label("Redirect URL").fill(url)
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_role("heading", name="Allowed")).to_be_visible()
    page.get_by_role("link", name="Entries").click()
    page.get_by_role("link", name=f"Edit {url}").click()
    judge(page, f"dashboard-allowlist-entry-{kind}")
    page.get_by_role("button", name="Remove from the allowlist").click()
    expect(page.get_by_role("status")).to_contain_text("off the allowlist")


def test_the_form_says_what_is_wrong(page: Page, dev: DevelopmentBroker, complaints: Complaints):
    """What the allowlist refuses is said at the field, which a screen reader is told, too."""
    sign_in(page, dev, "/allowlist/new")
    page.get_by_label("Redirect URL").fill("https://*.example.com/cb")
    page.get_by_role("button", name="Add to the allowlist").click()
    field = page.get_by_label("Redirect URL")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("."))
    judge(page, "dashboard-allowlist-wrong")
    complaints.wait_for(page, "422")


def test_a_client_and_its_secret(window: tuple[Page, str], dev: DevelopmentBroker):
    """A confidential client is registered, its secret shown once, rotated, and the client deleted after a question."""
    page, kind = window
    sign_in(page, dev, "/clients")
    page.get_by_role("link", name="Add a client").click()
    page.get_by_role("textbox", name="Name").fill(f"Shop on a {kind}")
    page.get_by_label(re.compile("^Confidential")).check()
    page.get_by_role("button", name="Register this client").click()
    expect(page.get_by_text("it is shown this once")).to_be_visible()
    first = page.locator("pre").inner_text()
    judge(page, f"dashboard-client-secret-{kind}")
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="Rotate the secret").click()
    judge(page, f"dashboard-client-rotate-{kind}")
    page.get_by_role("button", name="Rotate the secret").click()
    assert page.locator("pre").inner_text() != first
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="Delete this client").click()
    page.get_by_role("button", name="Delete this client").click()
    expect(page.get_by_role("status")).to_contain_text("deleted")


def test_credentials_are_tested_in_place(page: Page, dev: DevelopmentBroker):
    """The test's answer comes into the page, without leaving it and what was typed there."""
    sign_in(page, dev, "/providers/google")
    page.get_by_label("Client id").fill("typed-and-kept")
    page.get_by_role("button", name="Test credentials").click()
    expect(page.get_by_role("status").filter(has_text="Credentials")).to_be_visible()
    expect(page.get_by_label("Client id")).to_have_value("typed-and-kept")
    judge(page, "dashboard-provider-tested")


def test_without_script(chromium: Browser, dev: DevelopmentBroker):
    """Everything works in a browser that runs no script: the same buttons lead to whole pages."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, dev, "/providers/google")
    page.get_by_role("button", name="Test credentials").click()
    expect(page.get_by_role("status").filter(has_text="Credentials")).to_be_visible()
    page.goto(f"{dev.ready['issuer']}/dashboard/allowlist/test")
    page.get_by_label("Redirect URL").fill("brokerexample://callbak")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_role("heading", name="Refused", exact=True)).to_be_visible()
    context.close()


def test_a_link_from_another_site(page: Page, dev: DevelopmentBroker):
    """Who is signed in and follows a link from another site arrives where it leads, though the cookie is a Strict one."""
    sign_in(page, dev, "/clients")
    target = f"{dev.ready['issuer']}/dashboard/clients/default"
    page.route(
        "http://elsewhere.test/",
        lambda route: route.fulfill(content_type="text/html", body=f'<a href="{target}">go</a>'),
    )
    page.goto("http://elsewhere.test/")
    page.get_by_role("link", name="go").click()
    expect(page.get_by_role("heading", name="Default app")).to_be_visible()
