"""People whose words at the provider a test chooses, each in a browser of their own."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2
import jwt
import redis

from tests.conftest import HTTPS_REDIRECT
from tests.phone import Landing, Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

MISSING = object()
ASKED = "There is an account with this address already"


@dataclass(frozen=True)
class SignedIn:
    """Somebody with a session, and the phone that has it."""

    phone: Phone
    tokens: dict[str, Any]

    @property
    def claims(self) -> dict[str, Any]:
        return dict(jwt.decode(self.tokens["access_token"], options={"verify_signature": False}))

    @property
    def user_id(self) -> str:
        return str(self.claims["sub"])

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens['access_token']}"}

    def me(self, path: str = "", method: str = "GET") -> httpx2.Response:
        url = f"{self.phone.broker.address}/v1/me{path}"
        return httpx2.request(method, url, headers=self.bearer, **LOCAL)

    def accounts(self) -> list[dict[str, Any]]:
        answer = self.me("/external_accounts")
        assert answer.status_code == 200, answer.text
        return list(answer.json())


@dataclass
class People:
    """`broker` has the one provider under several ids. `address` is the test's own."""

    broker: RunningBroker
    provider: ProviderStub
    browsers: list[httpx2.Client] = field(default_factory=list)
    address: str = field(default_factory=lambda: f"p{secrets.token_hex(4)}@example.com")

    def close(self) -> None:
        for browser in self.browsers:
            browser.close()

    def phone(self, at: str = "stub", redirect_uri: str = HTTPS_REDIRECT) -> Phone:
        """A phone of somebody new."""
        self.browsers.append(httpx2.Client(follow_redirects=False, **LOCAL))
        return Phone(self.broker, "default", redirect_uri, provider=at, browser=self.browsers[-1])

    def tell(self, subject: str, **claims: object) -> None:
        """What the provider says from now on; MISSING leaves a claim out. The address is the test's, and verified."""
        told = {"email": self.address, "email_verified": True, **claims}
        self.provider.subject = f"{self.address}-{subject}"
        self.provider.claims = lambda honest: {
            name: value for name, value in {**honest, **told}.items() if value is not MISSING
        }

    def come(self, subject: str, at: str = "stub", phone: Phone | None = None, **claims: object) -> Landing:
        """To the app or to a page, whichever comes first."""
        self.tell(subject, **claims)
        phone = phone or self.phone(at)
        return phone.follow(phone.authorize(provider=at))

    def sign_in(self, subject: str, at: str = "stub", **claims: object) -> SignedIn:
        self.tell(subject, **claims)
        phone = self.phone(at)
        return SignedIn(phone, phone.sign_in())

    def asked(self, subject: str, at: str, **claims: object) -> tuple[Phone, httpx2.Response]:
        """Somebody new, who is asked for proof, and the page."""
        phone = self.phone(at)
        landing = self.come(subject, at, phone, **claims)
        assert landing.location is None, landing.location
        assert ASKED in landing.response.text
        return phone, landing.response

    def users(self) -> list[dict[str, Any]]:
        """Who has the test's address now."""
        return list(self.broker.admin("GET", f"/v1/users?email_address={self.address}").json())

    def accounts(self, user_id: str) -> list[dict[str, Any]]:
        return list(self.broker.admin("GET", f"/v1/users/{user_id}/external_accounts").json())

    @contextmanager
    def switched_off(self, provider_id: str, **changes: object) -> Iterator[None]:
        """The connection off, or changed, for a while."""
        changed = changes or {"enabled": False}
        self.broker.admin("PATCH", f"/v1/providers/{provider_id}", changed)
        yield
        back = {name: not value for name, value in changed.items()}
        self.broker.admin("PATCH", f"/v1/providers/{provider_id}", back)


def finish(phone: Phone, landing: Landing) -> SignedIn:
    """The app exchanges what it got."""
    answer = phone.exchange(landing["code"])
    assert answer.status_code == 200, answer.text
    return SignedIn(phone, dict(answer.json()))


def keys(broker: RunningBroker, pattern: str) -> list[bytes]:
    with redis.Redis.from_url(broker.redis_url) as memory:
        return sorted(memory.scan_iter(pattern, count=1000))


def push(one: SignedIn, headers: dict[str, str] | None = None, **changes: str | None) -> httpx2.Response:
    """POST /par with the app's access token."""
    phone = one.phone
    secret = {"client_secret": phone.client_secret} if phone.client_secret else {}
    form = {**phone.request(**{"provider": "other", **changes}), **secret}
    return httpx2.post(
        f"{phone.broker.address}/par", data=form, headers=one.bearer if headers is None else headers, **LOCAL
    )


def ticket(one: SignedIn, **changes: str | None) -> str:
    answer = push(one, **changes)
    assert answer.status_code == 201, answer.text
    assert answer.json()["expires_in"] == 60
    return str(answer.json()["request_uri"])


def open_link(phone: Phone, request_uri: str) -> Landing:
    """A browser opens the link that the ticket makes."""
    query = urlencode({"client_id": phone.client_id, "request_uri": request_uri})
    return phone.follow(phone.browser.get(f"{phone.broker.address}/authorize?{query}"))


def connect(
    people: People, one: SignedIn, subject: str, at: str = "other", **claims: object
) -> dict[str, Any]:
    """The whole honest trip; what /token answers."""
    people.tell(subject, **claims)
    answer = one.phone.exchange(open_link(one.phone, ticket(one, provider=at))["code"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
