"""Who is at the account page: the session that the browser's cookie names, if all that it hangs on is alive."""

import time
from asyncio import gather
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from litestar import Request

from broker.core.client import Client
from broker.core.csrf import is_csrf_of, new_csrf
from broker.core.identity import User
from broker.core.opaque import fingerprint
from broker.core.parameters import Parameters, refused
from broker.core.records import AccountSession
from broker.endpoints.browser import BrowserCookie
from broker.endpoints.form import read_form
from broker.rooms import Rooms
from broker.store.account_sessions import ABSOLUTE_LIFETIME

log = structlog.get_logger()
AnyRequest = Request[Any, Any, Any]
Cookie = tuple[str, str]
COOKIE = "account"
FRESH = 600  # seconds since the sign-in in which something may be given up for good (LK-04)


@dataclass(frozen=True)
class Visitor:
    """`held` is what the browser holds, and is told to nobody; `client` is the app that they go back to."""

    held: str
    session: AccountSession
    user: User
    client: Client | None

    @property
    def user_id(self) -> str:
        return self.session.user_id

    @property
    def mark(self) -> str:
        return fingerprint(self.held)

    @property
    def csrf(self) -> str:
        """Stands in every form, another one each time."""
        return new_csrf(self.held)

    def fresh(self, now: int) -> bool:
        return now - self.session.signed_in_at <= FRESH


async def visitor_of(request: AnyRequest, rooms: Rooms) -> Visitor | None:
    """None: nobody. A session whose user was deleted, or whose app's session was ended, ends here for good."""
    held = held_by(request, rooms.settings.issuer)
    now = int(time.time())
    session = await rooms.store.account_sessions.find(held, now)
    if session is None:
        return None
    sessions, session_id = rooms.store.sessions, session.session_id or ""
    user, its_session, client = await gather(
        rooms.store.users.find(session.user_id),
        sessions.find(session.user_id, session_id),
        rooms.store.clients.find(session.client_id or ""),
    )
    hangs = session.session_id is not None
    if user is None or (hangs and (its_session is None or not its_session.alive(now))):
        await rooms.store.account_sessions.end(session.user_id, fingerprint(held), now)
        return None
    return Visitor(held, session, user, client)


async def read_posted(request: AnyRequest, rooms: Rooms) -> tuple[Visitor | None, Parameters]:
    """Who posted a form of ours, and what. Raises OAuthError for a form that is not from a page of this session."""
    form = await read_own_form(request, rooms)
    visitor = await visitor_of(request, rooms)
    if visitor and not is_csrf_of(visitor.held, form.get("csrf", "")):
        log.warning("form_refused", why="csrf")
        raise refused("this form is from another session of the account page; go back, reload, and try again")
    return visitor, form


async def read_own_form(request: AnyRequest, rooms: Rooms) -> Parameters:
    """A form that no other site sent. Browsers that say neither whence nor from which kind of site are let through, and so is
    the `null` that no-referrer makes of our own origin: the cookie's SameSite and `csrf` hold in any case."""
    site, origin = request.headers.get("sec-fetch-site", "same-origin"), request.headers.get("origin", "null")
    parts = urlsplit(rooms.settings.issuer)
    if site != "same-origin" or origin not in {"null", f"{parts.scheme}://{parts.netloc}"}:
        log.warning("form_refused", why="foreign")
        raise refused("this form was sent by another site")
    return await read_form(request)


def held_by(request: AnyRequest, issuer: str) -> str:
    """The session's value that the browser shows; empty where it shows none, or two, of which one was planted."""
    values = BrowserCookie.named(COOKIE, issuer).values(request)
    return values[0] if len(values) == 1 else ""


def cookie(issuer: str, value: str) -> Cookie:
    """SameSite=Lax: the way back from a provider is across sites. An empty value forgets it."""
    ours = BrowserCookie.named(COOKIE, issuer)
    secure, age = "; Secure" if ours.secure else "", ABSOLUTE_LIFETIME if value else 0
    return "set-cookie", f"{ours.name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}"


async def begin(request: AnyRequest, session: AccountSession, rooms: Rooms, now: int) -> Cookie | None:
    """A fresh session in this browser; one that was there before is ended, so nobody's cookie is ever taken over. None: the
    user was deleted just now."""
    issuer, sessions = rooms.settings.issuer, rooms.store.account_sessions
    earlier = held_by(request, issuer)
    held, before = await gather(sessions.begin(session), sessions.find(earlier, now))
    if before:
        await sessions.end(before.user_id, fingerprint(earlier), now)
    return cookie(issuer, held) if held else None
