"""A browser at the dashboard: it keeps its cookie, says where its forms come from, and reads forms as people do."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2
import pytest

from tests.phone import Phone
from tests.running import LOCAL, RunningBroker


@dataclass
class Desk:
    """`csrf` is what the last page's forms hold."""

    broker: RunningBroker
    browser: httpx2.Client = field(default_factory=lambda: httpx2.Client(follow_redirects=False, **LOCAL))
    csrf: str = ""

    def get(self, path: str, **headers: str) -> httpx2.Response:
        answer = self.browser.get(self.url(path), headers=headers)
        while answer.is_redirect:
            answer = self.browser.get(
                urljoin(str(answer.request.url), answer.headers["location"]), headers=headers
            )
        found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
        self.csrf = found[1] if found else self.csrf
        return answer

    def post(self, path: str, form: Any = None, **headers: str) -> httpx2.Response:
        """A form of ours, sent; the answer itself, redirects unfollowed."""
        own = {"origin": self.broker.issuer, "sec-fetch-site": "same-origin"}
        filled = {"csrf": self.csrf, **(form or {})}
        return self.browser.post(self.url(path), data=filled, headers={**own, **headers})

    def done(self, path: str, form: Any = None) -> str:
        """A form that does what it says; the text of the page that it leads to."""
        answer = self.post(path, form)
        assert answer.status_code == 303, f"{answer.status_code} {text_of(answer)[:1500]}"
        shown = self.get(answer.headers["location"])
        assert shown.status_code == 200, shown.text[:500]
        return text_of(shown)

    def sign_in(self, key: str | None = None, page: str = "/dashboard/keys") -> "Desk":
        answer = self.post("/dashboard/sign-in", {"secret_key": key or self.broker.secret_key})
        assert answer.status_code == 303, text_of(answer)
        self.get(page)
        return self

    def url(self, path: str) -> str:
        return urljoin(self.broker.address, path)


def text_of(page: httpx2.Response) -> str:
    """What a person reads of it."""
    bare = re.sub(r"<(script|style).*?</\1>", "", page.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", bare)).split())


def cancel(phone: Phone) -> httpx2.Response:
    """The person says no at the provider."""
    at_provider = parse_qs(urlsplit(phone.authorize().headers["location"]).query)
    answer = urlencode({"error": "access_denied", "state": at_provider["state"][0]})
    return phone.browser.get(f"{at_provider['redirect_uri'][0]}?{answer}")


def make_key(broker: RunningBroker, *scopes: str, **more: Any) -> dict[str, Any]:
    """A secret key; its text is `secret`."""
    answer = broker.admin("POST", "/v1/secret_keys", {"name": "of a test", "scopes": list(scopes), **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def visitor(broker: RunningBroker) -> Iterator[Desk]:
    """Nobody yet."""
    desk = Desk(broker)
    yield desk
    desk.browser.close()


@pytest.fixture
def desk(visitor: Desk) -> Desk:
    """Signed in with a key that may do everything."""
    return visitor.sign_in()


@pytest.fixture
def stranger(broker: RunningBroker) -> Iterator[Desk]:
    """Another browser."""
    desk = Desk(broker)
    yield desk
    desk.browser.close()
