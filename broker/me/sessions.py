"""One's own sessions: `/v1/me/sessions`, in the shape of `/v1/sessions` (RT-09)."""

import time
from asyncio import gather

from litestar import delete, get
from litestar.params import FromPath

from allowlist.wire import AnyRequest, ApiError, Paging, page
from broker.backend_api.sessions import described
from broker.core.records import Session
from broker.me.bearer import session_of
from broker.rooms import Given, Rooms


@get("/sessions")
async def list_sessions(request: AnyRequest, rooms: Given[Rooms]) -> object:
    """GET /v1/me/sessions, newest first"""
    session, paging, now = await session_of(request, rooms), Paging.parse(request), int(time.time())
    shown = [described(each, now) for each in await rooms.store.sessions.of(session.user_id)]
    return page(shown[paging.offset : paging.offset + paging.limit], len(shown), paging.paginated)


@delete("/sessions/{session_id:str}", status_code=200)
async def end_session(
    request: AnyRequest, session_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """DELETE /v1/me/sessions/{sess}: on another device, or this very one. A session of somebody else is not there."""
    session, now = await session_of(request, rooms), int(time.time())
    ended = await rooms.store.sessions.find(session.user_id, session_id)
    if ended is None:
        raise ApiError(404, "resource_not_found", "you have no session with this id")
    return await end(ended, now, rooms)


@delete("/sessions", status_code=200)
async def end_other_sessions(request: AnyRequest, rooms: Given[Rooms]) -> list[dict[str, object]]:
    """DELETE /v1/me/sessions: all but the one that asks. Answers those that were ended."""
    session, now = await session_of(request, rooms), int(time.time())
    others = [each for each in await rooms.store.sessions.of(session.user_id) if each.id != session.id]
    return list(await gather(*(end(each, now, rooms) for each in others)))


async def end(session: Session, now: int, rooms: Rooms) -> dict[str, object]:
    """The session as it is after it."""
    about = {"client_id": session.client_id, "reason": "ended_by_user"}
    await rooms.store.sessions.revoke(session.user_id, session.id, now=now, **about)
    after = await rooms.store.sessions.find(session.user_id, session.id)
    return described(after or session, now)
