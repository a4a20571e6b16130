"""Token endpoint (RFC 6749 section 3.2): an app trades a code, a refresh token or a provider's ID token for tokens."""

import time
from asyncio import gather
from typing import Any

import structlog
from litestar import Request, post
from litestar.response.base import ASGIResponse

from broker.core import pkce, refresh_token
from broker.core.client import Client, PresentedCredentials
from broker.core.errors import ErrorCode, OAuthError
from broker.core.flows import Leg, Reason, StepName
from broker.core.records import AuthorizationCode, Session
from broker.core.requests import (
    ACCESS_TOKEN_TYPE,
    CodeGrant,
    RefreshGrant,
    TokenExchangeGrant,
    check_scope,
    parse_grant,
)
from broker.core.tokens import ACCESS_TOKEN_LIFETIME
from broker.endpoints.authentication import AnyRequest, prove_client, read_credentials
from broker.endpoints.connect import attach
from broker.endpoints.form import read_form
from broker.endpoints.native_sign_in import sign_in_natively
from broker.endpoints.responses import json_answer
from broker.endpoints.steps import note, watched
from broker.rooms import Given, Rooms
from broker.store.sessions import Rotation

log = structlog.get_logger()


@post("/token")
async def token(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /token"""
    form = await read_form(request)
    presented = read_credentials(request, form)
    match parse_grant(form):
        case CodeGrant() as grant:
            return await exchange(request, grant, presented, rooms)
        case RefreshGrant() as grant:
            return await refresh(request, grant, presented, rooms)
        case TokenExchangeGrant() as grant:
            return await exchange_id_token(request, grant, presented, rooms)


async def exchange(
    request: AnyRequest, grant: CodeGrant, presented: PresentedCredentials, rooms: Rooms
) -> ASGIResponse:
    """Find, prove, redeem: the code is spent before anything is signed. A lost answer costs one more sign-in,
    a replay would cost an account."""
    now = int(time.time())
    found, granted = await gather(
        rooms.store.clients.find(presented.client_id), rooms.store.codes.find(grant.code)
    )
    client = prove_client(request, found, presented)
    if granted is None:
        rooms.store.flows.died("", Reason.CODE_UNKNOWN)
        raise refused_code()
    if not fits(grant, granted, client):
        await kill(grant.code, granted, rooms)
        raise refused_code()
    if granted.connects and not granted.spent:
        with watched(granted, Leg.ACCOUNT, rooms):
            attached = await attach(grant.code, granted, client, rooms)
        note(granted, StepName.EXCHANGED, rooms)
        return attached
    session, first_refresh_token = rooms.store.sessions.begin(granted, now)
    if granted.spent or not await rooms.store.codes.redeem(grant.code, granted, session):
        await end_replayed(granted, rooms, now)
        raise refused_code()
    note(granted, StepName.EXCHANGED, rooms)
    return json_answer(first_answer(client, session, first_refresh_token, granted.nonce, now, rooms))


async def exchange_id_token(
    request: AnyRequest, grant: TokenExchangeGrant, presented: PresentedCredentials, rooms: Rooms
) -> ASGIResponse:
    """The ID token of a provider's SDK for tokens of ours (RFC 8693 section 2.2.1)."""
    now = int(time.time())
    client, session, refresh_token = await sign_in_natively(request, grant, presented, rooms, now)
    answer = first_answer(client, session, refresh_token, None, now, rooms)
    return json_answer({"issued_token_type": ACCESS_TOKEN_TYPE, **answer})


async def refresh(
    request: AnyRequest,
    grant: RefreshGrant,
    presented: PresentedCredentials,
    rooms: Rooms,
) -> ASGIResponse:
    """Find, prove, rotate. An ID token is not sent again: AppAuth would hold a stale one against us."""
    now = int(time.time())
    shown = refresh_token.read(grant.refresh_token)
    if shown is None:
        prove_client(request, await rooms.store.clients.find(presented.client_id), presented)
        raise refused_refresh_token()
    found, session = await gather(
        rooms.store.clients.find(presented.client_id),
        rooms.store.sessions.find(shown.user_id, shown.session_id),
    )
    client = prove_client(request, found, presented)
    if session is None or session.client_id != client.client_id:
        raise refused_refresh_token()
    scope = check_scope(grant.scope or session.scope, tuple(session.scope.split()))
    rotation, successor = await rooms.store.sessions.rotate(shown, session, now)
    if successor is None:
        if rotation is Rotation.REUSED:
            log.warning(
                "refresh_token_reused", session=session.id, user=session.user_id, client_id=client.client_id
            )
        raise refused_refresh_token()
    return json_answer(token_answer(rooms.issuer.access_token(session, client, scope, now), successor, scope))


def fits(grant: CodeGrant, granted: AuthorizationCode, client: Client) -> bool:
    """Whether the code was given to this client, for this redirect URI, to the holder of this verifier."""
    return (
        granted.client_id == client.client_id
        and granted.redirect_uri == grant.redirect_uri
        and not granted.attempt
        and pkce.verifies(grant.code_verifier, granted.code_challenge)
    )


async def kill(code: str, granted: AuthorizationCode, rooms: Rooms) -> None:
    """Who shows a code with the wrong proof has intercepted it or is broken; neither gets a second try (TK-05)."""
    log.warning("code_misused", session=granted.session_id, client_id=granted.client_id)
    note(granted, StepName.DIED, rooms, reason=Reason.CODE_MISUSED)
    if not granted.spent:
        await rooms.store.codes.kill(code, granted)


async def end_replayed(granted: AuthorizationCode, rooms: Rooms, now: int) -> None:
    """A code that comes back with every proof was seen by two: what it gave first is ended (RFC 9700 4.2.4)."""
    log.warning("code_replayed", session=granted.session_id, client_id=granted.client_id)
    note(granted, StepName.DIED, rooms, reason=Reason.CODE_REPLAYED)
    about = {"client_id": granted.client_id, "reason": "code_replayed", "actor": "broker"}
    await rooms.store.sessions.revoke(granted.user_id, granted.session_id, now=now, **about)


def first_answer(
    client: Client, session: Session, first_refresh_token: str, nonce: str | None, now: int, rooms: Rooms
) -> dict[str, Any]:
    """What a session begins with; an ID token with the scope `openid`."""
    access_token = rooms.issuer.access_token(session, client, session.scope, now)
    answer = token_answer(access_token, first_refresh_token, session.scope)
    if "openid" in session.scope.split():
        answer["id_token"] = rooms.issuer.id_token(session, nonce, access_token, now)
    return answer


def token_answer(access_token: str, successor: str, scope: str) -> dict[str, Any]:
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_LIFETIME,
        "refresh_token": successor,
        "scope": scope,
    }


def refused_code() -> OAuthError:
    """Unknown, expired, spent and misused look alike from outside (TK-13)."""
    return OAuthError(ErrorCode.INVALID_GRANT, "the code is unknown, expired, used or not for this request")


def refused_refresh_token() -> OAuthError:
    return OAuthError(
        ErrorCode.INVALID_GRANT, "the refresh token is unknown, expired, used or not this client's"
    )
