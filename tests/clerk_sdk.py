"""A device with Clerk's SDK, as it speaks on the wire: the client token bare in a header, no cookies, forms. The real SDKs are
in tests/clients/clerk_native; this one can also be hostile."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2

from tests.phone import Landing, Phone
from tests.running import LOCAL, RunningBroker

NATIVE = {"_is_native": "1", "__clerk_api_version": "2026-08-20"}


@dataclass
class Sdk:
    """An app on one device; `phone` is that device's browser. `tokens` are the client tokens that it was ever given."""

    broker: RunningBroker
    client_id: str
    phone: Phone
    tokens: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        return self.tokens[-1] if self.tokens else ""

    def call(
        self,
        method: str,
        path: str,
        form: dict[str, Any] | None = None,
        *,
        query: dict[str, str] | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """What is not GET goes as POST with `_method`, as the SDK sends it."""
        asked = {**NATIVE, **(query or {})}
        if method not in ("GET", "POST"):
            asked["_method"] = method
        url = f"{self.broker.address}/clerk/{self.client_id}/v1{path}?{urlencode(asked)}"
        sent = {"authorization": self.token if token is None else token, **(headers or {})}
        if method == "GET":
            answer = httpx2.get(url, headers=sent, **LOCAL)
        else:
            answer = httpx2.post(url, data=form or {}, headers=sent, **LOCAL)
        if token is None and answer.headers.get("authorization"):
            self.tokens.append(answer.headers["authorization"])
        return answer

    def ask(self, method: str, path: str, form: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        """The `response` of a call that must do."""
        answer = self.call(method, path, form, **kwargs)
        assert answer.status_code == 200, answer.text
        return answer.json()["response"]

    def client(self) -> Any:
        return self.ask("GET", "/client")

    def start(self, kind: str = "sign_ins", **changes: str) -> dict[str, Any]:
        """A new sign-in, as `useSSO` makes it."""
        asked = {"strategy": f"oauth_{self.phone.provider}", "redirect_url": self.phone.redirect_uri}
        return dict(self.ask("POST", f"/client/{kind}", {**asked, **changes}))

    def open(self, address: str, phone: Phone | None = None) -> Landing:
        """A browser opens the address and a person presses the button of the return page, if there is one."""
        phone = phone or self.phone
        landing = phone.follow(phone.browser.get(address))
        if landing.location is None and "/continue" in landing.response.text:
            return phone.press(landing.response)
        return landing

    def redeem(
        self, attempt: dict[str, Any], nonce: str, kind: str = "sign_ins", **kwargs: Any
    ) -> httpx2.Response:
        query = {"rotating_token_nonce": nonce}
        return self.call("GET", f"/client/{kind}/{attempt['id']}", query=query, **kwargs)

    def sign_in(self, **changes: str) -> dict[str, Any]:
        """The whole trip; the completed sign-in."""
        attempt = self.start(**changes)
        answer = self.redeem(attempt, self.open(address_of(attempt))["rotating_token_nonce"])
        assert answer.status_code == 200, answer.text
        done = dict(answer.json()["response"])
        assert done["status"] == "complete", done
        return done

    def jwt(self, session_id: str, **kwargs: Any) -> httpx2.Response:
        return self.call("POST", f"/client/sessions/{session_id}/tokens", **kwargs)


def address_of(attempt: dict[str, Any]) -> str:
    """What the SDK opens in the browser, of a sign-in, a sign-up or a connection."""
    verification = (
        attempt.get("first_factor_verification")
        or attempt.get("verification")
        or attempt["verifications"]["external_account"]
    )
    return str(verification["external_verification_redirect_url"])


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code; the shape is Clerk's."""
    document = answer.json()
    assert document["clerk_trace_id"]
    (error,) = document["errors"]
    assert error["message"]
    assert error["long_message"]
    assert "meta" in error
    return answer.status_code, error["code"]
