"""The audit log: `/v1/events`, newest first."""

import re
from typing import Any

from litestar import Router, get

from allowlist.wire import AnyRequest, Paging, ill_formed, page, query_parameter
from broker.rooms import Given, Rooms
from broker.store.events import Entry, Question

CURSOR = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")


@get("/")
async def list_events(request: AnyRequest, rooms: Given[Rooms]) -> object:
    """GET /v1/events?type=&user_id=&after=&before=&limit=

    The log moves on while it is read, so pages hang on an event's `cursor`: `before` goes on to older ones, `after` to
    newer ones. An `offset` would skip or repeat, and is refused.
    """
    paging = Paging.parse(request)
    if paging.offset:
        raise ill_formed("offset", "offset is not for a list that grows; use before or after")
    question = Question(
        type=query_parameter(request, "type"),
        user_id=query_parameter(request, "user_id"),
        after=cursor(request, "after"),
        before=cursor(request, "before"),
    )
    entries = await rooms.store.events.search(question, paging.limit)
    total = await rooms.store.events.count(question) if paging.paginated else 0
    return page([described(entry) for entry in entries], total, paging.paginated)


def cursor(request: AnyRequest, name: str) -> str | None:
    text = query_parameter(request, name)
    if text is not None and not CURSOR.fullmatch(text):
        raise ill_formed(name, f"{name} is the cursor of an event")
    return text


def described(entry: Entry) -> dict[str, Any]:
    event = entry.event
    return {
        "object": "event",
        "id": event.id,
        "type": event.type,
        "actor": event.actor,
        "user_id": event.user_id,
        "data": dict(event.data),
        "created_at": event.created_at * 1000,
        "cursor": entry.cursor,
    }


events_router = Router("/events", route_handlers=[list_events], opt={"area": "events"})
