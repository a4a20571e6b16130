"""Connected accounts: all of them, one with what it may do, and the ways to connect, to grant more and to reconnect."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.account.described import Described, described
from broker.account.flows import leave_to_grant, usable
from broker.account.shown import below, show, to_sign_in
from broker.account.visitor import Visitor, read_posted, visitor_of
from broker.core.account_rules import Purpose
from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters, refused
from broker.core.provider_scopes import accumulated
from broker.endpoints.redirect import form_targets
from broker.rooms import Given, Rooms

AnyRequest = Request[Any, Any, Any]
MOST_OFFERED = 24  # scopes a form; a request has room for a few more parameters


@get("/account/connections")
async def list_connections(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /account/connections"""
    visitor = await visitor_of(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, "connections")
    accounts = await described(visitor.user_id, rooms)
    offered = rooms.catalogue.connectable(await rooms.store.provider_configurations.list())
    return show(
        request,
        visitor,
        "connections.html",
        "connections",
        accounts=accounts,
        offered=[(each.id, each.provider.name) for each in offered],
        connected={each.account.provider for each in accounts},
        sends_to=form_targets(offered),
    )


@get("/account/connections/{account_id:str}")
async def show_connection(
    request: AnyRequest, account_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """GET /account/connections/{eac}"""
    visitor = await visitor_of(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, f"connections/{account_id}")
    one = await own(visitor, account_id, rooms)
    return show(
        request,
        visitor,
        "connection.html",
        "connections",
        one=one,
        offered=one.offered[:MOST_OFFERED],
        sends_to=form_targets([one.connection] if one.connection else []),
    )


@post("/account/connect", status_code=303)
async def connect(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /account/connect {provider}. Whoever came by an app's link alone signs in here first: the link may have been
    somebody else's, who would have this person's account added to their own (LK-02)."""
    visitor, form = await read_posted(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, "connections")
    connection = await usable(form.required("provider"), rooms, to_sign_in=False)
    if not visitor.session.proven:
        return below(rooms, "confirm", then="connections", why="connect")
    grants = await rooms.store.grants.read(visitor.user_id, connection.id)
    held = [scope for grant in grants if grant.tokens for scope in grant.tokens.scope]
    scopes = accumulated(connection.allowed_scopes, held)
    purpose = Purpose(kind="connect", user_id=visitor.user_id, account_session=visitor.mark)
    return await leave_to_grant(connection, purpose, scopes, rooms)


@post("/account/connections/{account_id:str}/renew", status_code=303)
async def renew(request: AnyRequest, account_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /account/connections/{eac}/renew {scope-1, ...}: ask the provider for these beside all that the account holds;
    without any it is to reconnect."""
    visitor, form = await read_posted(request, rooms)
    if visitor is None:
        return to_sign_in(rooms, f"connections/{account_id}")
    one = await own(visitor, account_id, rooms)
    connection = await usable(one.account.provider, rooms, to_sign_in=False)
    wanted = chosen_scopes(form)
    if not set(wanted) <= {*connection.allowed_scopes}:
        raise OAuthError(ErrorCode.INVALID_SCOPE, "one of these is not offered here")
    scopes = accumulated(connection.allowed_scopes, [scope for scope, _ in one.granted], wanted)
    purpose = Purpose(
        kind="reconnect", user_id=visitor.user_id, account_id=one.id, account_session=visitor.mark
    )
    return await leave_to_grant(connection, purpose, scopes, rooms)


def chosen_scopes(form: Parameters) -> list[str]:
    """Each box has a name of its own: a name that comes twice is refused everywhere here."""
    return [value for name, value in form.items() if name.startswith("scope-")]


async def own(visitor: Visitor, account_id: str, rooms: Rooms) -> Described:
    """One of the visitor's own accounts. Raises OAuthError, the same for another's as for none."""
    accounts = await described(visitor.user_id, rooms)
    one = next((each for each in accounts if each.id == account_id), None)
    if one is None:
        raise refused("you have no such account here; it may have been disconnected")
    return one
