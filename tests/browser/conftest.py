"""A real Chromium before a `broker dev`. Pages are given out; whatever they complain about fails the test."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.cli.command import DevelopmentBroker, development_broker

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1",
]
expect.set_options(timeout=15_000)
ARTIFACTS = Path(__file__).parents[2] / "test-artifacts"
SIZES = {"phone": (390, 844), "small": (320, 568), "desktop": (1280, 800)}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A module's, not the session's: while Playwright runs, its event loop is in the way of asynchronous tests."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "no Chromium: run tests/browser/install"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevelopmentBroker]:
    with development_broker(tmp_path_factory.mktemp("dev") / "data") as running:
        yield running


@dataclass
class Complaints:
    """What a page wrote to its console as an error, and the scripts that failed."""

    heard: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.heard.append(str(error)))

    def wait_for(self, page: Page, words: str) -> None:
        """Until a complaint holds `words`; it is taken out, being what the test wanted."""
        for _ in range(100):
            found = [line for line in self.heard if words in line]
            if found:
                self.heard = [line for line in self.heard if line not in found]
                return
            page.wait_for_timeout(50)
        raise AssertionError(f"no complaint about {words}: {self.heard}")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.heard.append(f"{message.text} {message.location.get('url', '')}")


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Empty at the end, unless the test has emptied it itself after looking."""
    collected = Complaints()
    yield collected
    assert collected.heard == []


@pytest.fixture
def page(chromium: Browser, complaints: Complaints) -> Iterator[Page]:
    """A phone-sized window with no cookies."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, ignore_https_errors=True)
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints.listen(page)
    yield page
    context.close()


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids="-".join)
def window(
    request: pytest.FixtureRequest, chromium: Browser, complaints: Complaints
) -> Iterator[tuple[Page, str]]:
    """Each size, by day and by night, and what it is called."""
    size, scheme = request.param
    width, height = SIZES[size]
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints.listen(page)
    yield page, f"{size}-{scheme}"
    context.close()
