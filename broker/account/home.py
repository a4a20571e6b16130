"""The first page: who one is here. Whoever is nobody yet comes in by it: with an app's ticket, or by signing in."""

import time
from typing import Any

from litestar import Request, get, post
from litestar.response.base import ASGIResponse

from broker.account.flows import leave_to_sign_in, usable
from broker.account.shown import below, notice_of, show, to_sign_in
from broker.account.visitor import begin, cookie, read_own_form, read_posted, visitor_of
from broker.core.account_places import ACTIONS, read_place
from broker.core.account_rules import Purpose
from broker.core.parameters import Parameters
from broker.core.records import AccountSession, AccountTicket
from broker.endpoints.redirect import form_targets, prove_redirect_uri
from broker.endpoints.responses import to_app
from broker.pages.page import page
from broker.rooms import Given, Rooms
from broker.store.account_sessions import ABSOLUTE_LIFETIME

AnyRequest = Request[Any, Any, Any]


@get("/account")
async def home(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /account, with `ticket`, with `action` (MSC4191), or plain."""
    parameters = Parameters.parse(request.scope["query_string"])
    if "ticket" in parameters:
        return await open_ticket(request, parameters["ticket"], rooms)
    place = ACTIONS.get(parameters.get("action", "")) or read_place(parameters.get("then"))
    visitor = await visitor_of(request, rooms)
    if visitor is None:
        return await ask_to_sign_in(request, place, rooms)
    if place:
        return below(rooms, place)
    account = visitor.user
    return show(request, visitor, "profile.html", "", user=account, since=account.created_at)


async def open_ticket(request: AnyRequest, secret: str, rooms: Rooms) -> ASGIResponse:
    """Begin a session in this browser and take the ticket out of its address."""
    now, ticket = int(time.time()), await rooms.store.account_tickets.take(secret)
    session = await session_of(ticket, now, rooms) if ticket else None
    given = await begin(request, session, rooms, now) if session else None
    if ticket is None or given is None:
        return below(rooms, "", notice="ticket-spent")
    return below(rooms, ticket.section, given)


async def session_of(ticket: AccountTicket, now: int, rooms: Rooms) -> AccountSession | None:
    """What the ticket is good for. None: the app's session ended meanwhile."""
    app = await rooms.store.sessions.find(ticket.user_id, ticket.session_id)
    if app is None or not app.alive(now):
        return None
    return AccountSession(
        user_id=ticket.user_id,
        signed_in_at=app.signed_in_at,
        begun_at=now,
        expires_at=now + ABSOLUTE_LIFETIME,
        proven=False,
        session_id=ticket.session_id,
        client_id=ticket.client_id,
        return_to=ticket.return_to,
    )


async def ask_to_sign_in(request: AnyRequest, place: str, rooms: Rooms) -> ASGIResponse:
    """The picker of the account page."""
    connections = rooms.catalogue.connections(await rooms.store.provider_configurations.list())
    return page(
        request,
        "account/sign_in.html",
        sends_to=form_targets(connections),
        choices=[(each.id, each.provider.name) for each in connections],
        then=place,
        notice=notice_of(request),
        packed=True,
    )


@post("/account/sign-in", status_code=303)
async def sign_in(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /account/sign-in {provider, then}"""
    form = await read_own_form(request, rooms)
    connection = await usable(form.required("provider"), rooms, to_sign_in=True)
    purpose = Purpose(kind="visit", then=read_place(form.get("then")))
    return await leave_to_sign_in(connection, purpose, rooms)


@post("/account/sign-out", status_code=303)
async def sign_out(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /account/sign-out: of this page in this browser; the app stays signed in."""
    visitor, _ = await read_posted(request, rooms)
    if visitor:
        await rooms.store.account_sessions.end(visitor.user_id, visitor.mark, int(time.time()))
    forget = cookie(rooms.settings.issuer, "")
    return below(rooms, "", forget, notice="signed-out")


@get("/account/return")
async def return_to_app(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /account/return: to where the app said, if that is on its list still. Nothing is handed over."""
    visitor = await visitor_of(request, rooms)
    if visitor is None or visitor.session.return_to is None:
        return to_sign_in(rooms, "")
    target = await prove_redirect_uri(rooms, visitor.session.client_id or "", visitor.session.return_to)
    return to_app(target)
