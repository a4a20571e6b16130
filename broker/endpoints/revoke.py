"""Token revocation (RFC 7009): the app signs out. Always 200, whatever the token was (RV-01)."""

import time
from asyncio import gather
from typing import Any

from litestar import Request, post
from litestar.response.base import ASGIResponse

from broker.core.client import Client
from broker.core.parameters import Parameters
from broker.core.records import Session
from broker.endpoints.authentication import AnyRequest, open_to_origins, prove_client, read_credentials
from broker.endpoints.form import read_form
from broker.endpoints.responses import json_answer
from broker.endpoints.session_of import session_of
from broker.rooms import Given, Rooms


@post("/revoke")
async def revoke(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /revoke {token}: ends the session that the refresh or access token belongs to."""
    form = await read_form(request)
    client, session = await gather(asking(request, form, rooms), session_of(form.required("token"), rooms))
    now = int(time.time())
    if session and session.alive(now) and await may_end(request, client, session, rooms):
        about = {"client_id": session.client_id, "reason": "sign_out"}
        await rooms.store.sessions.revoke(session.user_id, session.id, now=now, **about)
    return json_answer({})


async def asking(request: AnyRequest, form: Parameters, rooms: Rooms) -> Client | None:
    """The client, proven; None when nobody says who they are, as react-native-app-auth does (mobile.md 4.2)."""
    if "authorization" not in request.headers and "client_id" not in form:
        return None
    presented = read_credentials(request, form)
    return prove_client(request, await rooms.store.clients.find(presented.client_id), presented)


async def may_end(request: AnyRequest, client: Client | None, session: Session, rooms: Rooms) -> bool:
    """The owning client may (RV-02). For a public client holding the token is all the proof there ever is."""
    if client is not None:
        return client.client_id == session.client_id
    owner = await rooms.store.clients.find(session.client_id)
    if owner is None or owner.type != "public":
        return False
    open_to_origins(request, owner)
    return True
