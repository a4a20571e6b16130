"""The device's sessions: /v1/client/sessions/{id}. They are the broker's own, listed and ended like all others."""

from litestar import post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.backend_api.users import read_person
from broker.clerk.call import AnyRequest, Call
from broker.clerk.errors import not_found, signed_out
from broker.clerk.objects import answer, session
from broker.core.records import Session
from broker.endpoints.responses import json_answer
from broker.rooms import Given, Rooms

TOKEN_LIFETIME = 60  # seconds, as Clerk's: the SDK asks anew before each is over
ENDINGS = {"end": "ended", "remove": "removed"}


@post("/client/sessions/{session_id:str}/tokens", status_code=200)
async def session_token(
    request: AnyRequest, client_id: FromPath[str], session_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST /v1/client/sessions/{id}/tokens, without an envelope: an access token, while the session lives."""
    call = await Call.read(request, client_id, rooms)
    one = await in_use(call, session_id, rooms)
    jwt = rooms.issuer.access_token(one, call.client, one.scope, call.now, TOKEN_LIFETIME)
    return json_answer({"object": "token", "jwt": jwt})


@post("/client/sessions/{session_id:str}/{act:str}", status_code=200)
async def act_on_session(
    request: AnyRequest,
    client_id: FromPath[str],
    session_id: FromPath[str],
    act: FromPath[str],
    rooms: Given[Rooms],
) -> ASGIResponse:
    """POST /v1/client/sessions/{id}/touch, /end or /remove"""
    call = await Call.read(request, client_id, rooms)
    if act == "touch":
        return await touch(call, session_id, rooms)
    if act not in ENDINGS:
        raise not_found("act")
    one = await call.session(session_id, rooms)
    about = {"client_id": one.client_id, "reason": "sign_out"}
    await rooms.store.sessions.revoke(one.user_id, one.id, now=call.now, **about)
    return await shown(call, one, rooms, status=ENDINGS[act])


async def touch(call: Call, session_id: str, rooms: Rooms) -> ASGIResponse:
    """The app's choice: this session is the active one. It says of no other that it is over."""
    one = await in_use(call, session_id, rooms)
    if call.device is None or not await rooms.store.devices.activate(call.device, one.id):
        raise signed_out()
    return await shown(call, one, rooms)


async def in_use(call: Call, session_id: str, rooms: Rooms) -> Session:
    """The session, kept from idling. Raises ApiError."""
    one = await call.session(session_id, rooms)
    if not await rooms.store.sessions.touch(one, call.now):
        raise signed_out()
    return one


async def shown(call: Call, one: Session, rooms: Rooms, **changes: str) -> ASGIResponse:
    who = await read_person(one.user_id, rooms)
    if who is None:
        raise signed_out()
    return await answer(call, {**session(one, who, call.now), **changes}, rooms)
