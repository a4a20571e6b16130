"""What every page is held to, in a real browser: nothing overflows, text is readable, targets can be hit, its HTML is
valid, axe finds nothing serious, a phone has it quickly; and a picture is kept for people to look at."""

import subprocess
from functools import cache
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.conftest import ARTIFACTS

NODE = Path(__file__).with_name("node")
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
MOST_BYTES = 30_000  # over the wire, with everything that the page loads

AXE = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
    .filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => `${each.id}: ${each.nodes.map((node) => node.target.join(" ")).join(", ")}`)"""


@cache
def axe() -> str:
    return (NODE / "node_modules/axe-core/axe.min.js").read_text()


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
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe())
    assert page.evaluate(AXE) == [], name
    assert weight(page) <= MOST_BYTES, (name, weight(page))
    if name.endswith("desktop-light"):  # the same HTML in every size
        mistakes = html_mistakes(page)
        assert mistakes == [], (name, mistakes)


def weight(page: Page) -> int:
    """Bytes over the wire of the page and all that it loaded, were it loaded for the first time."""
    entries = page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".filter((each) => !each.name.startsWith('data:')).map((each) => each.encodedBodySize)"
    )
    return sum(entries)


def html_mistakes(page: Page) -> list[str]:
    """What a validator says of the page as the server sent it."""
    source = page.context.request.get(page.url).text() if page.url.startswith("http") else page.content()
    done = subprocess.run(
        ["node", "validate.mjs"], cwd=NODE, input=source, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
