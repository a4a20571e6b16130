"""Every page on a phone and on a desktop, by day and by night: nothing overflows, text is readable, and a picture of
each is kept in test-artifacts/ for people to look at."""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints
from tests.browser.judge import judge
from tests.browser.test_security import request_url
from tests.cli.command import DevelopmentBroker

pytestmark = pytest.mark.xdist_group("looks")  # one worker, one Chromium


def test_pages_of_a_sign_in(window: tuple[Page, str], dev: DevelopmentBroker):
    """The start page, the simulated provider, the return page and the app's page hold to the rules."""
    page, kind = window
    page.goto(dev.ready["issuer"] + "/")
    judge(page, f"start-{kind}")
    page.get_by_role("button", name="Sign in with Apple").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in to Apple as")
    judge(page, f"simulated-provider-{kind}")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Back from Apple")
    judge(page, f"simulated-return-{kind}")
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Return to")
    judge(page, f"return-to-app-{kind}")
    page.get_by_role("button").click()
    expect(page.get_by_text("The app is signed in.")).to_be_visible()
    page.get_by_role("button", name="Call /userinfo").click()
    expect(page.locator("section[data-title='Userinfo']")).to_be_visible()
    judge(page, f"signed-in-{kind}")


def test_other_pages(window: tuple[Page, str], dev: DevelopmentBroker, complaints: Complaints):
    """The picker, the page after a sign-out, and the error pages hold to the rules, with long and odd values too."""
    page, kind = window
    page.goto(request_url(dev.ready["issuer"], "", dev.ready["redirect_uri"]).replace("&provider=", ""))
    judge(page, f"picker-{kind}")
    page.goto(dev.ready["issuer"] + "/logout")
    judge(page, f"signed-out-{kind}")
    page.goto(dev.ready["issuer"] + "/authorize?client_id=nobody")
    judge(page, f"error-{kind}")
    long = {
        "client_id": "default",
        "redirect_uri": "https://app.example.com/" + "x" * 300,
        "provider": "google",
    }
    page.goto(dev.ready["issuer"] + "/authorize?" + urlencode(long))
    expect(page.get_by_role("main")).to_contain_text("allowlist")
    judge(page, f"error-for-developers-{kind}")
    assert all("400" in line for line in complaints.heard)
    complaints.heard.clear()
