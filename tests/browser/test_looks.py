"""Every page on a phone and on a desktop, by day and by night: nothing overflows, text is readable, and a picture of
each is kept in test-artifacts/ for people to look at."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ARTIFACTS, Complaints
from tests.browser.test_security import request_url
from tests.cli.command import DevelopmentBroker

pytestmark = pytest.mark.xdist_group("looks")  # one worker, one Chromium
SIZES = {"phone": (390, 844), "small": (320, 568), "desktop": (1280, 800)}
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
LEAST_TARGET = 24  # WCAG 2.2, 2.5.8, in CSS pixels

# The lowest contrast of any text on the page, with that text: relative luminance as WCAG defines it.
WORST_CONTRAST = """() => {
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b]
        .map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const color = channels(getComputedStyle(each).backgroundColor);
            if (color.length < 4 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    let worst = { ratio: 21, text: "" };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim();
        const element = walker.currentNode.parentElement;
        if (!text || !element.checkVisibility()) continue;
        const pair = [channels(getComputedStyle(element).color), ground(element)].map(luminance);
        const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        if (ratio < worst.ratio) worst = { ratio, text };
    }
    return worst;
}"""


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids="-".join)
def window(
    request: pytest.FixtureRequest, chromium: Browser, complaints: Complaints
) -> Iterator[tuple[Page, str]]:
    size, scheme = request.param
    width, height = SIZES[size]
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints.listen(page)
    yield page, f"{size}-{scheme}"
    context.close()


def judge(page: Page, name: str) -> None:
    """Keep a picture, then hold the page to the rules."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert page.locator("h1").count() == 1, name
    assert page.title(), name
    assert page.locator("html").get_attribute("lang") == "en", name
    worst = page.evaluate(WORST_CONTRAST)
    assert worst["ratio"] >= LEAST_CONTRAST, (name, worst)
    for target in page.locator("button:visible, .button:visible, input:visible").all():
        box = target.bounding_box()
        assert box, name
        labelled = target.locator("xpath=ancestor::label").count() > 0  # the label is part of the target
        assert labelled or box["height"] >= LEAST_TARGET, (name, target.inner_text())


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
