"""The cookie of the dashboard, and how a session there begins: with a key, or with a listed address at a provider."""

from dataclasses import dataclass
from typing import Any

import structlog
from litestar import Request
from litestar.response.base import ASGIResponse

from broker.core.account_rules import proven_address
from broker.core.admin_session import LONGEST, AdminSession
from broker.core.errors import ErrorCode, OAuthError
from broker.core.events import happened
from broker.core.identity import Identity
from broker.core.opaque import new_secret
from broker.endpoints.browser import BrowserCookie, cookie_values
from broker.pages.page import page
from broker.rooms import Rooms

log = structlog.get_logger()


@dataclass(frozen=True)
class AdminCookie:
    """Over https a `__Host-` cookie, which no sibling domain can plant. SameSite=Strict: a request that another site
    causes never bears it."""

    secure: bool

    @classmethod
    def of(cls, issuer: str) -> "AdminCookie":
        return cls(issuer.startswith("https://"))

    @property
    def name(self) -> str:
        return f"{'__Host-' if self.secure else ''}dashboard"

    def give(self, value: str) -> tuple[str, str]:
        """The Set-Cookie header; it goes when the browser closes."""
        secure = "; Secure" if self.secure else ""
        return "set-cookie", f"{self.name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}"

    def forget(self) -> tuple[str, str]:
        name, cookie = self.give("")
        return name, f"{cookie}; Max-Age=0"

    def value(self, request: Request[Any, Any, Any]) -> str | None:
        """What the browser shows. Two of one name: not believed."""
        values = cookie_values(request, self.name)
        return values[0] if len(values) == 1 and values[0] else None


async def begin(request: Request[Any, Any, Any], session: AdminSession, rooms: Rooms) -> tuple[str, str]:
    """The cookie of a new session. It is always a fresh one, and what this browser had before is over: a cookie that
    somebody planted is never signed in (session fixation)."""
    cookie, secret = AdminCookie.of(rooms.settings.issuer), new_secret()
    before = cookie.value(request)
    if before:
        await rooms.store.admin_sessions.take(before)
    await rooms.store.admin_sessions.save(secret, session)
    return cookie.give(secret)


async def let_in(
    request: Request[Any, Any, Any],
    identity: Identity,
    trusted: bool,  # noqa: FBT001 - the caller's finding
    flow_cookie: BrowserCookie,
    now: int,
    rooms: Rooms,
) -> ASGIResponse:
    """The end of a sign-in that was begun at the dashboard: nothing is written down of the person but the session. By a page
    and not a redirect: a browser that comes from the provider does not show a Strict cookie before it is on a page of ours.

    Raises OAuthError access_denied, to be shown. `trusted`: whoever may configure providers could else bring one that says
    what they like, and be everybody.
    """
    email = proven_address(identity)
    if not trusted or email is None or email not in rooms.settings.dashboard_emails:
        log.warning("dashboard_refused", trusted=trusted, verified=email is not None)
        raise OAuthError(ErrorCode.ACCESS_DENIED, "this account is not one that may use the dashboard")
    session = AdminSession(email=email, expires_at=now + LONGEST)
    given = await begin(request, session, rooms)
    await rooms.store.events.add(happened("dashboard.signed_in", now, actor=f"admin:{email}"))
    shown = page(request, "dashboard/onward.html", path=f"{rooms.settings.base}/dashboard")
    shown.headers.add(*flow_cookie.forget())
    shown.headers.add(*given)
    return shown
