"""Oneself: `/v1/me`, in the shape of `/v1/users/{id}`."""

from litestar import get

from allowlist.wire import AnyRequest
from broker.backend_api.external_accounts import unknown_user
from broker.backend_api.users import described, read_person
from broker.me.bearer import session_of
from broker.rooms import Given, Rooms


@get("/")
async def get_me(request: AnyRequest, rooms: Given[Rooms]) -> dict[str, object]:
    """GET /v1/me"""
    session = await session_of(request, rooms)
    person = await read_person(session.user_id, rooms)
    if person is None:
        raise unknown_user()
    return described(person)
