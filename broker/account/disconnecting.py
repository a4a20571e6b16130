"""Giving one account up: a page that says what will happen, a sign-in of just now, and what did happen."""

import time
from typing import Any, Literal

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.account.connections import own
from broker.account.described import Described, described, ways_in
from broker.account.shown import below, show, to_sign_in
from broker.account.visitor import Visitor, read_posted, visitor_of
from broker.core.parameters import refused
from broker.custody import LastIdentity
from broker.rooms import Given, Rooms

AnyRequest = Request[Any, Any, Any]
Prospect = Literal["revoked", "unsupported", "off", "nothing"]


@get("/account/connections/{account_id:str}/disconnect")
async def ask_to_disconnect(
    request: AnyRequest, account_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """GET /account/connections/{eac}/disconnect"""
    place = f"connections/{account_id}/disconnect"
    visitor = await visitor_of(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, place)
    one = await own(visitor, account_id, rooms)
    last = await is_last_way_in(visitor, one, rooms)
    if not last and not visitor.fresh(int(time.time())):
        return below(rooms, "confirm", then=place, why="disconnect")
    return show(
        request, visitor, "disconnect.html", "connections", one=one, last=last, prospect=prospect_of(one)
    )


@post("/account/connections/{account_id:str}/disconnect", status_code=303)
async def disconnect(request: AnyRequest, account_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /account/connections/{eac}/disconnect"""
    place = f"connections/{account_id}/disconnect"
    visitor, _ = await read_posted(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, place)
    if not visitor.fresh(int(time.time())):
        return below(rooms, "confirm", then=place, why="disconnect")
    one = await own(visitor, account_id, rooms)
    if await is_last_way_in(visitor, one, rooms):
        raise refused("this is the last account that you can sign in with; delete the whole account instead")
    try:
        done = await rooms.custody.disconnect(visitor.user_id, one.id, "user")
    except (LookupError, LastIdentity):
        raise refused("this account was disconnected already, or is the last that is left") from None
    return below(rooms, "connections", notice=f"disconnected-{done.revocation}")


async def is_last_way_in(visitor: Visitor, one: Described, rooms: Rooms) -> bool:
    """Whether nobody could sign in as this user without it: what is left is for connecting only, or switched off here."""
    accounts = await described(visitor.user_id, rooms)
    return not ways_in(each for each in accounts if each.id != one.id)


def prospect_of(one: Described) -> Prospect:
    """What will become of the access at the provider, as far as it can be known before it is asked."""
    if one.state == "revoked" or not one.granted:
        return "nothing"
    if one.connection is None:
        return "off"
    provider, lifecycle = one.connection.provider, one.connection.lifecycle
    return (
        "revoked"
        if lifecycle.revokes and (provider.revocation_endpoint or lifecycle.revocation_call)
        else "unsupported"
    )
