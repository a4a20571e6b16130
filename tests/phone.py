"""The app and the person's browser on one phone. It drives the broker as any OAuth client would."""

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2

from tests.running import LOCAL, RunningBroker


@dataclass(frozen=True)
class Landing:
    """Where the browser came to rest: at the app (`location`), or on a page (`response`)."""

    response: httpx2.Response
    location: str | None = None

    def __getitem__(self, name: str) -> str:
        """A parameter that the app got; it must be there exactly once."""
        assert self.location is not None, f"{self.response.status_code} {self.response.text[:500]}"
        (value,) = parse_qs(urlsplit(self.location).query, keep_blank_values=True)[name]
        return value

    @property
    def parameters(self) -> dict[str, str]:
        assert self.location is not None, f"{self.response.status_code} {self.response.text[:500]}"
        return {name: value for name, (value,) in parse_qs(urlsplit(self.location).query).items()}


@dataclass
class Phone:
    """`browser` keeps cookies; the app's own calls do not share them."""

    broker: RunningBroker
    client_id: str
    redirect_uri: str
    provider: str = "stub"
    client_secret: str | None = None
    browser: httpx2.Client = field(default_factory=lambda: httpx2.Client(follow_redirects=False, **LOCAL))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(8))

    def request(self, **changes: str | None) -> dict[str, str]:
        """The authorization request's parameters; None in `changes` leaves one out."""
        asked: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid profile email offline_access",
            "state": self.state,
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            "provider": self.provider,
        }
        return {name: value for name, value in {**asked, **changes}.items() if value is not None}

    def authorize(self, **changes: str | None) -> httpx2.Response:
        """GET /authorize and no further."""
        return self.browser.get(f"{self.broker.address}/authorize?{urlencode(self.request(**changes))}")

    def follow(self, response: httpx2.Response) -> Landing:
        """Follow redirects alone, as a browser without a person would, until the app or a page."""
        while response.is_redirect:
            location = urljoin(str(response.request.url), response.headers["location"])
            if response.headers["location"].startswith(self.redirect_uri):
                return Landing(response, response.headers["location"])
            response = self.browser.get(location)
        return Landing(response)

    def press(self, page: httpx2.Response, label: str | None = None) -> Landing:
        """Press the button with this label, or else that of the page's first form."""
        action, filled = form_of(page, label)
        return self.follow(self.browser.post(action, data=filled))

    def land(self, **changes: str | None) -> Landing:
        """The whole browser trip; a person presses the button of the return page if there is one."""
        landing = self.follow(self.authorize(**changes))
        if landing.location is None and "/continue" in landing.response.text:
            return self.press(landing.response)
        return landing

    def keep_apart(self, **changes: str | None) -> dict[str, Any]:
        """The whole trip of somebody who is asked for proof and says that they are another; up to the tokens."""
        asked = self.land(**changes)
        answer = self.exchange(self.press(asked.response, "Keep them apart")["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def call(self, path: str, form: dict[str, str | None]) -> httpx2.Response:
        """The app posts a form: no cookies, its client id inside, its secret if it has one."""
        own = {"client_id": self.client_id, "client_secret": self.client_secret}
        filled = {name: value for name, value in {**own, **form}.items() if value is not None}
        return httpx2.post(self.broker.address + path, data=filled, **LOCAL)

    def exchange(self, code: str, **changes: str | None) -> httpx2.Response:
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri}
        return self.call("/token", {**grant, "code_verifier": self.verifier, **changes})

    def refresh(self, refresh_token: str, **changes: str | None) -> httpx2.Response:
        return self.call("/token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes})

    def revoke(self, token: str, **changes: str | None) -> httpx2.Response:
        return self.call("/revoke", {"token": token, **changes})

    def userinfo(self, access_token: str) -> httpx2.Response:
        return self.broker.get("/userinfo", headers={"authorization": f"Bearer {access_token}"})

    def sign_in(self, **changes: str | None) -> dict[str, Any]:
        """The whole trip, up to the tokens."""
        answer = self.exchange(self.land(**changes)["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def form_of(page: httpx2.Response, label: str | None = None) -> tuple[str, dict[str, str]]:
    """Where a button's form leads and what it sends; without a label the first form's, whose button sends nothing."""
    forms = re.findall(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", page.text, re.DOTALL)
    for action, inside in forms:
        fields = dict(re.findall(r"<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"", inside))
        buttons = dict(
            re.findall(r"<button[^>]*?((?: name=\"[^\"]*\" value=\"[^\"]*\")?)>([^<]*)</button>", inside)
        )
        pressed = [attributes for attributes, text in buttons.items() if label in (None, html.unescape(text))]
        if pressed:
            sent = dict(re.findall(r"name=\"([^\"]*)\" value=\"([^\"]*)\"", pressed[0] if label else ""))
            filled = {name: html.unescape(value) for name, value in {**fields, **sent}.items()}
            return urljoin(str(page.request.url), html.unescape(action)), filled
    raise AssertionError(f"no button {label}: {page.status_code} {page.text[:500]}")


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
