"""An app on a phone that has the provider's SDK. The stub signs what the SDK would give, as honestly as it is told to."""

import hashlib
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.provider_stub import CLIENT_ID, Claims, ProviderStub
from tests.running import LOCAL, RunningBroker

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
REFUSED = "the ID token, its challenge or the code beside it was refused"
IDS = {"ios": CLIENT_ID, "android": "stub-android", "web": "stub-web"}


@dataclass
class Device:
    """`audience` is the app's id that the SDK was built with."""

    broker: RunningBroker
    client_id: str
    stub: ProviderStub
    provider: str = "device"
    platform: str = "ios"
    audience: str = CLIENT_ID
    issuer: str = ""
    client_secret: str | None = None

    def call(self, path: str, form: dict[str, str | None]) -> httpx2.Response:
        own = {"client_id": self.client_id, "client_secret": self.client_secret}
        filled = {name: value for name, value in {**own, **form}.items() if value is not None}
        return httpx2.post(self.broker.address + path, data=filled, **LOCAL)

    def ask(self, **changes: str | None) -> httpx2.Response:
        """POST /challenge."""
        return self.call("/challenge", {"provider": self.provider, "platform": self.platform, **changes})

    def challenge(self, **changes: str | None) -> dict[str, Any]:
        answer = self.ask(**changes)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def id_token(self, nonce: str | None, **claims: Any) -> str:
        """What the SDK gives the stub's subject; it repeats the nonce as it got it."""
        now, subject = int(time.time()), self.stub.subject
        honest: Claims = {
            "iss": self.issuer or self.stub.issuer,
            "sub": subject,
            "aud": self.audience,
            "iat": now,
            "exp": now + 600,
            "nonce": nonce,
            "email": f"{subject}@example.com",
            "email_verified": True,
            "name": subject.title(),
        }
        honest |= claims
        present = {name: value for name, value in honest.items() if value is not None}
        return self.stub.make_id_token(self.stub.claims(present))

    def exchange(self, challenge: str | None, id_token: str | None, **changes: str | None) -> httpx2.Response:
        """POST /token with what the SDK gave."""
        form = {
            "grant_type": EXCHANGE,
            "subject_token_type": ID_TOKEN,
            "subject_token": id_token,
            "provider": self.provider,
            "challenge": challenge,
            "scope": "openid profile email offline_access",
        }
        return self.call("/token", {**form, **changes})

    def try_in(self, claims: Claims | None = None, **changes: str | None) -> httpx2.Response:
        """The whole way with an honest SDK, but for `claims` of its token and `changes` of the exchange."""
        made = self.challenge()
        return self.exchange(made["challenge"], self.id_token(made["nonce"], **(claims or {})), **changes)

    def sign_in(self, claims: Claims | None = None, **changes: str | None) -> dict[str, Any]:
        answer = self.try_in(claims, **changes)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def assert_refused(answer: httpx2.Response) -> None:
    """Like every other refusal, whatever was wrong."""
    assert answer.status_code == 400, answer.text
    assert answer.json() == {"error": "invalid_grant", "error_description": REFUSED}
    assert answer.headers["cache-control"] == "no-store"


def sha256_hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_b64url(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
