"""How often a person has to tap on our pages, on a phone, on the way from the app and back into it."""

import pytest
from playwright.sync_api import Page

from tests.browser.test_security import request_url, watch_locations
from tests.browser.test_sign_in import approve
from tests.cli.command import DevelopmentBroker

pytestmark = pytest.mark.xdist_group("browser")


class Trip:
    """A phone on its way. What is tapped is counted on the broker's pages and at the provider apart."""

    def __init__(self, page: Page, dev: DevelopmentBroker, provider: str) -> None:
        self.page, self.taps, self.app = page, 0, dev.ready["redirect_uri"]
        self.locations = watch_locations(page)
        url = request_url(dev.ready["issuer"], provider, dev.ready["redirect_uri"])
        page.goto(url if provider else url.replace("&provider=", ""))

    def tap(self, role: str, name: str) -> None:
        self.taps += 1
        self.page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]

    def arrive(self) -> None:
        """The system is asked to open the app, with a code."""
        self.page.wait_for_timeout(300)
        assert any(each.startswith(f"{self.app}?code=") for each in self.locations), self.locations


def test_picker_to_app_in_two(page: Page, dev: DevelopmentBroker):
    """Where the app names no provider: one tap chooses, one returns."""
    trip = Trip(page, dev, "")
    trip.tap("link", "Continue with Google")
    approve(page, "Grace Hopper")
    trip.tap("button", "Continue to Default app")
    trip.arrive()
    assert trip.taps == 2


def test_named_provider_to_app_in_one(page: Page, dev: DevelopmentBroker):
    """Where it does, only the deliberate return is left; nothing of ours stands before the provider."""
    trip = Trip(page, dev, "github")
    approve(page)
    trip.tap("button", "Continue to Default app")
    trip.arrive()
    assert trip.taps == 1
