"""Connecting a provider while signed in: the ticket at /par, its flow, and the exchange that attaches what it brought.

Whoever opens a ticket's link elsewhere would attach their own account to the ticket's user. So the browser's way attaches
nothing: what arrived waits, sealed, and is attached in the exchange of its code, where the app shows the verifier that it
kept and the session that asked still lives (LK-02).
"""

import time
from asyncio import gather

import msgspec
from litestar.response.base import ASGIResponse

from broker.core.account_rules import Purpose
from broker.core.client import Client
from broker.core.errors import ErrorCode, OAuthError
from broker.core.identity import ExternalAccount
from broker.core.parameters import refused
from broker.core.provider_scopes import accumulated
from broker.core.records import Arrived, AuthorizationCode, PendingAuthorization, Session, Ticket
from broker.core.requests import AuthorizationRequest
from broker.core.tokens import ACCESS_TOKEN_LIFETIME
from broker.endpoints.admission import Proven, let_on
from broker.endpoints.arrival import decide, find_again, settle, write_down
from broker.endpoints.authentication import AnyRequest, signed_in
from broker.endpoints.responses import json_answer
from broker.providers.provider import Connection
from broker.rooms import Rooms
from broker.store.users import Link


async def make_ticket(
    request: AnyRequest, asked: AuthorizationRequest, client: Client, rooms: Rooms
) -> Ticket:
    """Whose account will be connected. Raises OAuthError invalid_token or invalid_request."""
    session = await signed_in(request, rooms)
    if session.client_id != client.client_id:
        raise OAuthError(ErrorCode.INVALID_TOKEN, "the access token is another client's")
    if asked.provider is None:
        raise refused("provider is missing: to connect, the app says which")
    return Ticket(session.user_id, session.id)


async def begin(
    flow: PendingAuthorization, ticket: Ticket, connection: Connection, rooms: Rooms
) -> PendingAuthorization:
    """The flow, for the ticket's user. It asks for what their accounts there hold, too. Raises OAuthError access_denied."""
    session, grants = await gather(
        rooms.store.sessions.find(ticket.user_id, ticket.session_id),
        rooms.store.grants.read(ticket.user_id, connection.id),
    )
    if session is None or not session.alive(int(time.time())):
        raise OAuthError(
            ErrorCode.ACCESS_DENIED, "the session that asked is over; sign in again and connect then"
        )
    held = [scope for grant in grants if grant.tokens for scope in grant.tokens.scope]
    return msgspec.structs.replace(
        flow,
        provider_scopes=accumulated(connection.allowed_scopes, flow.provider_scopes, held),
        purpose=Purpose(kind="connect", user_id=ticket.user_id, session_id=ticket.session_id),
    )


async def hold(
    proven: Proven, connection: Connection, arrived: Arrived, known: Link | None, now: int, rooms: Rooms
) -> ASGIResponse:
    """Send a code along and keep beside it who arrived. Refused at once where it is plain already; what counts is what
    holds at the exchange. Raises OAuthError access_denied."""
    purpose = proven.flow.purpose
    await decide(connection, arrived.identity, known, rooms, purpose)
    user_id = purpose.user_id or ""
    return await let_on(proven, user_id, connection, arrived.identity, now, rooms, arrived=arrived)


async def attach(code: str, granted: AuthorizationCode, client: Client, rooms: Rooms) -> ASGIResponse:
    """Add the account, answer for the session that asked: no other session begins, and it has its refresh token. Raises
    OAuthError invalid_grant."""
    now = int(time.time())
    session, account = await spend(code, granted, now, rooms)
    answer = {
        "access_token": rooms.issuer.access_token(session, client, session.scope, now),
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_LIFETIME,
        "scope": session.scope,
        "external_account_id": account.id,
    }
    return json_answer(answer)


async def spend(
    code: str, granted: AuthorizationCode, now: int, rooms: Rooms
) -> tuple[Session, ExternalAccount]:
    """Spend the code, add what waits beside it to the user of the session that asked. Raises OAuthError invalid_grant."""
    session, spent, arrived = await gather(
        rooms.store.sessions.find(granted.user_id, granted.session_id),
        rooms.store.codes.spend(code, granted, now),
        rooms.store.arrivals.take(code),
    )
    if session is None or not spent or arrived is None:
        told = "the code is unknown, expired or used, or the session that asked is over"
        raise OAuthError(ErrorCode.INVALID_GRANT, told)
    try:
        account = await add(arrived, granted.user_id, now, rooms)
    except OAuthError as error:
        raise OAuthError(ErrorCode.INVALID_GRANT, error.description, detail=error.detail) from None
    return session, account


async def add(arrived: Arrived, user_id: str, now: int, rooms: Rooms) -> ExternalAccount:
    """Judged by what holds now. Raises OAuthError."""
    connection, known = await find_again(arrived, rooms)
    purpose = Purpose(kind="connect", user_id=user_id)
    account = await settle(connection, arrived.identity, arrived.tokens, known, now, rooms, purpose)
    await write_down(account, arrived.tokens, connection, now, rooms)
    return account
