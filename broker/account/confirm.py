"""Signing in again before something is given up for good: a browser left open must not cost its owner their accounts."""

from typing import Any

from litestar import Request, get, post
from litestar.response.base import ASGIResponse

from broker.account.described import described, ways_in
from broker.account.flows import leave_to_sign_in, usable
from broker.account.shown import show, to_sign_in
from broker.account.visitor import read_posted, visitor_of
from broker.core.account_places import read_place
from broker.core.account_rules import Purpose
from broker.core.parameters import Parameters
from broker.endpoints.redirect import form_targets
from broker.rooms import Given, Rooms

AnyRequest = Request[Any, Any, Any]
WHY = ("disconnect", "delete", "connect")


@get("/account/confirm")
async def ask_to_confirm(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /account/confirm?then=delete"""
    parameters = Parameters.parse(request.scope["query_string"])
    then, why = read_place(parameters.get("then")), parameters.get("why", "")
    visitor = await visitor_of(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, then)
    ways = ways_in(await described(visitor.user_id, rooms))
    return show(
        request,
        visitor,
        "confirm.html",
        "" if then == "delete" else then.partition("/")[0],
        choices=[(each.id, each.provider.name) for each in ways],
        then=then,
        why=why if why in WHY else "any",
        sends_to=form_targets(ways),
    )


@post("/account/confirm", status_code=303)
async def confirm(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /account/confirm {provider, then}"""
    visitor, form = await read_posted(request, rooms)
    then = read_place(form.get("then"))
    if visitor is None:
        return to_sign_in(rooms, then)
    connection = await usable(form.required("provider"), rooms, to_sign_in=True)
    purpose = Purpose(kind="confirm", user_id=visitor.user_id, account_session=visitor.mark, then=then)
    return await leave_to_sign_in(connection, purpose, rooms)
