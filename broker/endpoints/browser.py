"""The cookie that binds a flow to the browser that began it (CB-01). One cookie a flow, so two flows do not meet."""

import hmac
from dataclasses import dataclass
from typing import Any

from litestar import Request

from broker.core.opaque import fingerprint

LIFETIME = 600  # seconds, as long as a pending flow
REMEMBERED = 180 * 86_400  # seconds that a browser knows by which provider it signed in last


@dataclass(frozen=True)
class BrowserCookie:
    """Named after the flow's own secret, so the right one is found and another flow's never serves.

    With an https issuer it is a `__Host-` cookie, which no sibling domain can plant. A posted callback comes across
    sites, which only SameSite=None lets through; over loopback http neither prefix nor Secure is to be had.
    """

    name: str
    secure: bool

    @classmethod
    def of(cls, flow: str, issuer: str) -> "BrowserCookie":
        return cls.named(f"flow-{fingerprint(flow)[:16]}", issuer)

    @classmethod
    def named(cls, name: str, issuer: str) -> "BrowserCookie":
        secure = issuer.startswith("https://")
        return cls(f"{'__Host-' if secure else ''}{name}", secure)

    def give(self, value: str, *, crosses_sites: bool = False) -> tuple[str, str]:
        """The Set-Cookie header that hands it to this browser."""
        same_site = "None" if crosses_sites and self.secure else "Lax"
        secure = "; Secure" if self.secure else ""
        cookie = f"{self.name}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={LIFETIME}{secure}"
        return "set-cookie", cookie

    def forget(self) -> tuple[str, str]:
        secure = "; Secure" if self.secure else ""
        return "set-cookie", f"{self.name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}"

    def is_held_by(self, request: Request[Any, Any, Any], expected: str) -> bool:
        """Whether the request shows the cookie whose fingerprint is `expected`. Two of one name: not believed."""
        values = self.values(request)
        return len(values) == 1 and hmac.compare_digest(fingerprint(values[0]), expected)

    def values(self, request: Request[Any, Any, Any]) -> list[str]:
        """What the request shows under this name, not yet believed."""
        return cookie_values(request, self.name)


def cookie_values(request: Request[Any, Any, Any], name: str) -> list[str]:
    """What the request shows under a name. More than one: a sibling domain may have planted the other."""
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return [value for each, _, value in pairs if each == name]


def remember_provider(provider_id: str, issuer: str) -> tuple[str, str]:
    """The Set-Cookie header by which the picker puts this provider first. It says nothing of who signed in."""
    cookie = BrowserCookie.named("last", issuer)
    secure = "; Secure" if cookie.secure else ""
    value = f"{cookie.name}={provider_id}; Path=/; HttpOnly; SameSite=Lax; Max-Age={REMEMBERED}{secure}"
    return "set-cookie", value


def remembered_provider(request: Request[Any, Any, Any], issuer: str) -> str | None:
    """Whatever text it is, it is only held against the providers there are."""
    return next(iter(BrowserCookie.named("last", issuer).values(request)), None)
