"""Token introspection (RFC 7662), for confidential clients and for app backends with a secret key."""

import time
from asyncio import gather
from typing import Any

from litestar import Request, post
from litestar.response.base import ASGIResponse

from broker.core import refresh_token
from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.core.records import Session
from broker.endpoints.authentication import AnyRequest, prove_client, read_credentials
from broker.endpoints.form import read_form
from broker.endpoints.responses import json_answer
from broker.endpoints.session_of import session_of
from broker.rooms import Given, Rooms

INACTIVE = {"active": False}


@post("/introspect")
async def introspect(
    request: Request[Any, Any, Any],
    rooms: Given[Rooms],
) -> ASGIResponse:
    """POST /introspect {token}. Expired, revoked, garbled and another client's are all just not active (IN-01)."""
    form = await read_form(request)
    token = form.required("token")
    asking, session = await gather(who_asks(request, form, rooms), session_of(token, rooms))
    if session is None or not session.alive(int(time.time())) or asking not in (None, session.client_id):
        return json_answer(INACTIVE)
    shown = refresh_token.read(token)
    if shown is None:
        return json_answer(
            {"active": True, "token_type": "Bearer", **rooms.issuer.verify_access_token(token)}
        )
    return json_answer(about_refresh_token(session) if shown.fingerprint == session.current else INACTIVE)


async def who_asks(request: AnyRequest, form: Parameters, rooms: Rooms) -> str | None:
    """The confidential client that asks, of its own tokens; None for a backend with a secret key, of all."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        known = await rooms.secret_keys.find(key, int(time.time()))
        if known and known.permits("sessions:read"):
            return None
    presented = read_credentials(request, form)
    client = prove_client(request, await rooms.store.clients.find(presented.client_id), presented)
    if client.type != "confidential":
        raise OAuthError(ErrorCode.INVALID_CLIENT, "introspection needs client authentication")
    return client.client_id


def about_refresh_token(session: Session) -> dict[str, Any]:
    return {
        "active": True,
        "token_type": "refresh_token",
        "client_id": session.client_id,
        "scope": session.scope,
        "sub": session.user_id,
        "sid": session.id,
        "exp": min(session.idle_until, session.expires_at),
    }
