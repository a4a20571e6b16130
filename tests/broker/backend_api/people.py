"""People who signed in, for the tests of what backends are told of them."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx2
import jwt

from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker


@dataclass(frozen=True)
class Person:
    """Somebody with one session."""

    email: str
    tokens: dict[str, Any]
    claims: dict[str, Any]

    @property
    def user_id(self) -> str:
        return str(self.claims["sub"])

    @property
    def session_id(self) -> str:
        return str(self.claims["sid"])


def sign_in(
    broker: RunningBroker, provider: ProviderStub, subject: str | None = None, client_id: str = "default"
) -> Person:
    """Somebody new at the provider, or `subject` again, with a session of the app."""
    provider.subject = subject or f"person-{secrets.token_hex(4)}"
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        tokens = Phone(broker, client_id, HTTPS_REDIRECT, browser=browser).sign_in()
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    return Person(f"{provider.subject}@example.com", tokens, claims)
