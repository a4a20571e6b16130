"""Oneself: /v1/me, in the shape of /v1/users/{id}. With the nonce of a connection, its end."""

import msgspec
from litestar import get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist.wire import ApiError
from broker.backend_api.users import described, read_person
from broker.clerk import redeem
from broker.clerk.call import AnyRequest, Call
from broker.clerk.errors import bad_nonce, signed_out
from broker.clerk.objects import plain
from broker.core.flows import StepName
from broker.core.records import Session
from broker.endpoints.connect import spend
from broker.endpoints.steps import note
from broker.rooms import Given, Rooms


@get("/me")
async def me(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /v1/me?rotating_token_nonce=...: `user.reload({rotatingTokenNonce})` is what connects."""
    call = await Call.read(request, client_id, rooms)
    session = await call.signed_in(rooms)
    nonce = call.query.get("rotating_token_nonce")
    if nonce:
        await connect(nonce, session, call, rooms)
    person = await read_person(session.user_id, rooms)
    if person is None:
        raise signed_out()
    return plain({**described(person), "organization_memberships": []})


async def connect(nonce: str, session: Session, call: Call, rooms: Rooms) -> None:
    """Attach what arrived, if this device and this session asked for it (LK-02). Raises ApiError, and OAuthError where the
    account rules refuse."""
    attempt = call.device.attempt if call.device else None
    if attempt is None or attempt.kind != "connection":
        raise bad_nonce()
    failure = await redeem.failed(nonce, attempt, rooms)
    if failure:
        raise ApiError(400, failure.error, failure.message)
    granted = await redeem.find_granted(nonce, attempt, call, rooms)
    if not granted.connects or granted.session_id != session.id:
        raise bad_nonce()
    await spend(nonce, granted, call.now, rooms)
    note(granted, StepName.EXCHANGED, rooms)
    if call.device:
        await rooms.store.devices.begin(call.device, msgspec.structs.replace(attempt, done=True))
