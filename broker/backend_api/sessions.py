"""Sessions: `/v1/sessions`, in Clerk's shape. A list has those that live; one that was revoked is known by its id for
a day more."""

import time
from typing import Annotated

from litestar import Router, get, post
from litestar.params import FromPath
from pydantic import Field

from allowlist.wire import AnyRequest, ApiError, Body, Paging, page, query_parameter, read_json
from broker.backend_api.guard import actor_of
from broker.core.errors import OAuthError
from broker.core.records import Session
from broker.core.tokens import ACCESS_TOKEN_LIFETIME
from broker.rooms import Given, Rooms

# Clerk's words. A session of ours is active, revoked or expired, and an expired one is forgotten.
STATUSES = ("abandoned", "active", "ended", "expired", "pending", "removed", "replaced", "revoked")

Lifetime = Annotated[int, Field(ge=30, le=ACCESS_TOKEN_LIFETIME)]


class NewToken(Body):
    """Body of POST /v1/sessions/{id}/tokens."""

    expires_in_seconds: Lifetime | None = None


class ShownToken(Body):
    """Body of POST /v1/sessions/{id}/verify."""

    token: str


@get("/")
async def list_sessions(request: AnyRequest, rooms: Given[Rooms]) -> object:
    """GET /v1/sessions, newest first"""
    paging, now = Paging.parse(request), int(time.time())
    user_id, client_id = required_user_id(request), query_parameter(request, "client_id")
    status = read_status(request)
    found = [each for each in await rooms.store.sessions.of(user_id) if client_id in (None, each.client_id)]
    shown = [described(each, now) for each in found]
    shown = [each for each in shown if status in (None, each["status"])]
    return page(shown[paging.offset : paging.offset + paging.limit], len(shown), paging.paginated)


@get("/{session_id:str}")
async def get_session(session_id: FromPath[str], rooms: Given[Rooms]) -> dict[str, object]:
    """GET /v1/sessions/{id}"""
    return described(await find(session_id, rooms), int(time.time()))


@post("/{session_id:str}/revoke", status_code=200)
async def revoke_session(
    request: AnyRequest, session_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """POST /v1/sessions/{id}/revoke: no refresh token of it is good any more; its last access token dies by itself
    within ten minutes. One that is over already stays so."""
    await end(request, await find(session_id, rooms), rooms)
    return described(await find(session_id, rooms), int(time.time()))


@post("/{session_id:str}/verify", status_code=200, opt={"scope": "sessions:read"})
async def verify_session(
    request: AnyRequest, session_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """POST /v1/sessions/{id}/verify {token}: whether it is a token of this session, and the session lives."""
    body = await read_json(request, ShownToken)
    now, session = int(time.time()), await find(session_id, rooms)
    try:
        claims = rooms.issuer.verify_access_token(body.token)
    except OAuthError:
        claims = {}
    if claims.get("sid") != session.id or not session.alive(now):
        message = "token is expired, revoked or not of this session"
        raise ApiError(422, "form_param_value_invalid", message, param="token")
    return described(session, now)


@post("/{session_id:str}/tokens", status_code=200)
async def create_token(
    request: AnyRequest, session_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """POST /v1/sessions/{id}/tokens: an access token as the app itself would get, in its client's profile."""
    lifetime = (await read_json(request, NewToken)).expires_in_seconds or ACCESS_TOKEN_LIFETIME
    now, session = int(time.time()), await find(session_id, rooms)
    client = await rooms.store.clients.find(session.client_id)
    if client is None or not session.alive(now):
        raise ApiError(422, "session_not_active", "the session is over", param="session_id")
    jwt = rooms.issuer.access_token(session, client, session.scope, now, lifetime)
    return {"object": "token", "jwt": jwt}


@post("/{session_id:str}/tokens/{template:str}", status_code=200)
async def create_token_from_template(session_id: FromPath[str], template: FromPath[str]) -> None:
    """POST /v1/sessions/{id}/tokens/{template}: there are no templates, and a token unlike the one that was asked for
    would be worse than none."""
    del session_id, template
    raise ApiError(404, "resource_not_found", "this broker has no token templates; leave the name out")


async def end(request: AnyRequest, session: Session, rooms: Rooms) -> None:
    """Revoke a session, in the name of who asked."""
    await rooms.store.sessions.revoke(
        session.user_id,
        session.id,
        client_id=session.client_id,
        reason="admin",
        now=int(time.time()),
        actor=actor_of(request),
    )


def required_user_id(request: AnyRequest) -> str:
    """Sessions are kept by user, so that there is no index of all of them to keep true."""
    user_id = query_parameter(request, "user_id")
    if user_id is None:
        raise ApiError(422, "form_param_missing", "user_id is missing", param="user_id")
    return user_id


def read_status(request: AnyRequest) -> str | None:
    status = query_parameter(request, "status")
    if status not in (None, *STATUSES):
        message = f"status is one of {', '.join(STATUSES)}"
        raise ApiError(422, "form_param_value_invalid", message, param="status")
    if status == "revoked":
        message = "revoked sessions are not listed: get one by its id, or see /v1/events"
        raise ApiError(422, "form_param_value_invalid", message, param="status")
    return status


async def find(session_id: str, rooms: Rooms) -> Session:
    session = await rooms.store.sessions.find_by_id(session_id)
    if session is None:
        raise ApiError(404, "resource_not_found", "no session has this id")
    return session


def described(session: Session, now: int) -> dict[str, object]:
    """In Clerk's words it expires at the end of its life, and is abandoned when it idles until then. Where a person
    was is not kept, so there is no latest activity."""
    expired = session.status == "active" and not session.alive(now)
    return {
        "object": "session",
        "id": session.id,
        "user_id": session.user_id,
        "client_id": session.client_id,
        "status": "expired" if expired else session.status,
        "actor": None,
        "last_active_organization_id": None,
        "latest_activity": None,
        "tasks": None,
        "last_active_at": session.last_active_at * 1000,
        "expire_at": session.expires_at * 1000,
        "abandon_at": min(session.idle_until, session.expires_at) * 1000,
        "created_at": session.signed_in_at * 1000,
        "updated_at": session.last_active_at * 1000,
    }


sessions_router = Router(
    "/sessions",
    route_handlers=[
        list_sessions,
        get_session,
        revoke_session,
        verify_session,
        create_token,
        create_token_from_template,
    ],
    opt={"area": "sessions"},
)
