"""People sign in with a real browser: start page, simulated provider, return page, tokens."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from broker.providers import CATALOGUE
from tests.browser.conftest import Complaints
from tests.cli.command import DevelopmentBroker

pytestmark = pytest.mark.xdist_group("browser")  # one worker, one Chromium
PROVIDERS = {"google": "Google", "apple": "Apple", "github": "GitHub", "microsoft": "Microsoft"}
OFFERED = [each.name for each in CATALOGUE.values()]


def begin(page: Page, dev: DevelopmentBroker, name: str) -> None:
    """From the start page to the simulated provider."""
    page.goto(dev.ready["issuer"] + "/")
    page.get_by_role("button", name=f"Sign in with {name}", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Sign in to {name} as")


def approve(page: Page, person: str | None = None) -> None:
    """As one of the people there, or as somebody whom this provider alone knows."""
    if person:
        page.get_by_label(person).check()
    else:
        page.get_by_label("Or anybody else, by e-mail").fill(address_at(page))
    page.get_by_role("button", name="Sign in", exact=True).click()
    if page.get_by_role("heading", name=re.compile("^Back from ")).count():
        page.get_by_role("button", name="Continue", exact=True).click()


def address_at(page: Page) -> str:
    name = re.sub("Sign in to (.*) as.*", r"\1", page.get_by_role("heading", level=1).inner_text())
    return f"somebody@{name.lower()}.example"


def finish(page: Page) -> None:
    """The return page's button, up to the tokens."""
    page.get_by_role("button", name="Continue to Default app").click()
    expect(page.get_by_text("The app is signed in.")).to_be_visible()


def shown(page: Page, title: str) -> dict[str, object]:
    """A result of the page that plays the app."""
    return dict(json.loads(page.locator(f"section[data-title='{title}'] pre").inner_text()))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_whole_trip(page: Page, dev: DevelopmentBroker, provider: str):
    """From the start page through each simulated provider, Apple's posted answer included, and the return page to
    tokens; the session then answers, refreshes, and ends."""
    begin(page, dev, PROVIDERS[provider])
    approve(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Return to Default app?")
    expect(page.get_by_role("main")).to_contain_text(f"You signed in with {PROVIDERS[provider]}")
    finish(page)
    first = shown(page, "Token response")
    assert shown(page, "ID token, decoded")["iss"] == dev.ready["issuer"]
    page.get_by_role("button", name="Call /userinfo").click()
    told = page.locator("section[data-title='Userinfo']")
    expect(told).to_contain_text(f"somebody@{provider}.example")
    page.get_by_role("button", name="Refresh").click()
    page.wait_for_function(
        "old => !document.getElementById('results').innerText.includes(old)", arg=first["refresh_token"]
    )
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator("section[data-title='Revoked']")).to_be_visible()


def test_refresh_after_revocation_is_refused(page: Page, dev: DevelopmentBroker, complaints: Complaints):
    """After the sign-out the page says that the refresh was refused, in words and aloud."""
    begin(page, dev, "GitHub")
    approve(page)
    finish(page)
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator("section[data-title='Revoked']")).to_be_visible()
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("alert")).to_contain_text("invalid_grant")
    assert all("400" in line for line in complaints.heard)
    complaints.heard.clear()


def test_code_does_not_stay_in_the_address_bar(page: Page, dev: DevelopmentBroker):
    """The address is clean once the app has its tokens, and a reload shows that the answer was used."""
    begin(page, dev, "Google")
    approve(page)
    finish(page)
    assert page.url == dev.ready["issuer"] + "/try"
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("No sign-in was started")


def test_keyboard_alone(page: Page, dev: DevelopmentBroker):
    """Nobody needs a mouse: Tab and Enter lead from the start page to the tokens, and focus is always visible."""
    page.goto(dev.ready["issuer"] + "/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=f"Sign in with {OFFERED[0]}")).to_be_focused()
    google = page.get_by_role("button", name="Sign in with Google", exact=True)
    while not google.evaluate("each => each === document.activeElement"):
        page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in to Google as")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Grace Hopper")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Return to Default app?")
    expect(page.get_by_role("main")).to_contain_text("grace@example.com")
    expect(page.get_by_role("button", name="Continue to Default app")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The app is signed in.")).to_be_visible()


def test_picker(page: Page, dev: DevelopmentBroker):
    """Without a provider in the request the person chooses among all that are on, and is told where they return."""
    page.goto(dev.ready["issuer"] + "/")
    page.get_by_role("button", name="Let the broker ask which").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Default app")
    links = page.get_by_role("link").all_inner_texts()
    assert links == [f"Continue with {name}" for name in OFFERED]
    expect(page.get_by_role("main")).to_contain_text(dev.ready["issuer"])
    page.get_by_role("link", name="Continue with Apple", exact=True).click()
    approve(page)
    finish(page)


def test_refusal(page: Page, dev: DevelopmentBroker):
    """Who refuses at the provider is back in the app, which says so."""
    begin(page, dev, "Google")
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_role("alert")).to_contain_text("access_denied")
    expect(page.get_by_role("link", name="Start again")).to_be_visible()


def test_provider_that_fails(page: Page, dev: DevelopmentBroker):
    """A provider that breaks after the sign-in leads back to the app with an error, not to a dead end."""
    begin(page, dev, "Google")
    page.get_by_role("button", name="fail afterwards").click()
    expect(page.get_by_role("alert")).to_contain_text("temporarily_unavailable")


def test_name_full_of_markup(page: Page, dev: DevelopmentBroker):
    """A person's name with tags and quotes is text everywhere."""
    begin(page, dev, "Google")
    approve(page, "a name full of markup")
    finish(page)
    page.get_by_role("button", name="Call /userinfo").click()
    expect(page.locator("section[data-title='Userinfo']")).to_contain_text('<b>\\"Zoë\\" & co</b>')
    assert page.locator("#results b").count() == 0


def test_the_return_page_again(page: Page, dev: DevelopmentBroker):
    """Going back to the return page after the app has its session shows that this sign-in is over, and no button."""
    begin(page, dev, "GitHub")
    approve(page)
    address = page.url
    assert "code=" not in address
    page.reload()
    finish(page)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed in to Default app")
    assert page.get_by_role("button").count() == 0
