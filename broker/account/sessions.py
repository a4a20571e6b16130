"""Sessions: the apps that one is signed in to, and the browsers in which this page is open (RT-09)."""

import time
from asyncio import gather
from typing import Any, NamedTuple

from litestar import Request, get, post
from litestar.response.base import ASGIResponse

from broker.account.shown import below, show, to_sign_in
from broker.account.visitor import Visitor, cookie, read_posted, visitor_of
from broker.core.records import Session
from broker.rooms import Given, Rooms
from broker.store.account_sessions import MARK, Marked

AnyRequest = Request[Any, Any, Any]


class Listed(NamedTuple):
    """`name` is the app's, or None for this page in a browser; `this` where one came from."""

    id: str
    name: str | None
    this: bool
    begun: int
    active: int


@get("/account/sessions")
async def list_sessions(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /account/sessions"""
    visitor = await visitor_of(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, "sessions")
    now = int(time.time())
    apps, browsers = await gather(
        rooms.store.sessions.of(visitor.user_id), rooms.store.account_sessions.of(visitor.user_id, now)
    )
    clients = list(dict.fromkeys(each.client_id for each in apps))
    found = await gather(*map(rooms.store.clients.find, clients))
    names = {client_id: client.name for client_id, client in zip(clients, found, strict=True) if client}
    living = [each for each in apps if each.alive(now)]
    hanging_on = {None, *(each.id for each in living)}
    return show(
        request,
        visitor,
        "sessions.html",
        "sessions",
        apps=[app_listed(each, names, visitor) for each in living],
        browsers=[
            browser_listed(each, visitor) for each in browsers if each.session.session_id in hanging_on
        ],
    )


def app_listed(session: Session, names: dict[str, str], visitor: Visitor) -> Listed:
    name = names.get(session.client_id, session.client_id)
    this = session.id == visitor.session.session_id
    return Listed(session.id, name, this, session.signed_in_at, session.last_active_at)


def browser_listed(each: Marked, visitor: Visitor) -> Listed:
    this = each.mark == visitor.mark
    return Listed(each.mark, None, this, each.session.begun_at, each.last_active_at)


@post("/account/sessions/end", status_code=303)
async def end_session(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /account/sessions/end {session}: one of an app, or of this page in another browser. Another's is not there."""
    visitor, form = await read_posted(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, "sessions")
    session_id = form.required("session")
    if MARK.fullmatch(session_id):
        await rooms.store.account_sessions.end(visitor.user_id, session_id, int(time.time()))
    else:
        await end(visitor, await rooms.store.sessions.find(visitor.user_id, session_id), rooms)
    return below(rooms, "sessions", notice="session-ended")


@post("/account/sessions/end-all", status_code=303)
async def end_all(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /account/sessions/end-all: every app and every browser, this one too."""
    visitor, _ = await read_posted(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, "sessions")
    now, user_id = int(time.time()), visitor.user_id
    apps, browsers = await gather(
        rooms.store.sessions.of(user_id), rooms.store.account_sessions.of(user_id, now)
    )
    await gather(
        *(end(visitor, each, rooms) for each in apps),
        *(rooms.store.account_sessions.end(user_id, each.mark, now) for each in browsers),
    )
    return below(rooms, "", cookie(rooms.settings.issuer, ""), notice="signed-out")


async def end(visitor: Visitor, session: Session | None, rooms: Rooms) -> None:
    if session is None:
        return
    about = {"client_id": session.client_id, "reason": "ended_by_user"}
    await rooms.store.sessions.revoke(visitor.user_id, session.id, now=int(time.time()), **about)
