"""Deleting the whole account: a sign-in of just now, a page that names what goes, and what became of it."""

import time
from typing import Any

from litestar import Request, get, post
from litestar.response.base import ASGIResponse

from broker.account.described import described
from broker.account.shown import below, show, to_sign_in
from broker.account.visitor import cookie, read_posted, visitor_of
from broker.core.parameters import Parameters
from broker.custody import Erased
from broker.pages.page import page
from broker.rooms import Given, Rooms

AnyRequest = Request[Any, Any, Any]
OUTCOMES = ("revoked", "unsupported", "pending")


@get("/account/delete")
async def ask_to_delete(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /account/delete"""
    visitor, now = await visitor_of(request, rooms), int(time.time())
    if visitor is None:
        return to_sign_in(rooms, "delete")
    if not visitor.fresh(now):
        return below(rooms, "confirm", then="delete", why="delete")
    accounts = await described(visitor.user_id, rooms)
    apps = [each for each in await rooms.store.sessions.of(visitor.user_id) if each.alive(now)]
    return show(request, visitor, "delete.html", "", accounts=accounts, sessions=len(apps))


@post("/account/delete", status_code=303)
async def delete_account(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /account/delete {sure}"""
    visitor, form = await read_posted(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, "delete")
    if not visitor.fresh(int(time.time())):
        return below(rooms, "confirm", then="delete", why="delete")
    form.required("sure")
    try:
        done = await rooms.custody.delete_user(visitor.user_id, "user")
    except LookupError:
        return to_sign_in(rooms, "")
    forget = cookie(rooms.settings.issuer, "")
    return below(rooms, "deleted", forget, revocation=worst_of(done))


def worst_of(done: Erased) -> str:
    """What is to be told of all the accounts' ends at once."""
    outcomes = {each.revocation for each in done.revocations}
    if outcomes & {"unsupported", "unreadable"}:
        return "unsupported"
    return "pending" if "pending" in outcomes else "revoked"


@get("/account/deleted")
async def deleted(request: AnyRequest) -> ASGIResponse:
    """GET /account/deleted: the last page. It knows nobody, so it says only what its address says."""
    asked = Parameters.parse(request.scope["query_string"]).get("revocation", "")
    return page(request, "account/deleted.html", outcome=asked if asked in OUTCOMES else "revoked")
