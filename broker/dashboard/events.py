"""Audit log: what happened for good, newest first."""

from collections.abc import Sequence
from typing import NamedTuple

from litestar import get
from litestar.response.base import ASGIResponse

from allowlist.wire import AnyRequest, query_parameter
from broker.backend_api.events import cursor
from broker.core.events import Event, EventType
from broker.dashboard.shell import dashboard_page
from broker.rooms import Given, Rooms
from broker.store.events import Entry, Question

SHOWN = 50


class Row(NamedTuple):
    """An event as it is shown; `about` is what it is about, one pair a line."""

    event: Event
    about: Sequence[tuple[str, str]]


@get("/events", opt={"scope": "events:read"})
async def list_events(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/events?type=&user_id=&before=&after=, with the cursors of `GET /v1/events`."""
    before, after = cursor(request, "before"), cursor(request, "after")
    kind = (query_parameter(request, "type") or "").strip()[:64]
    user_id = (query_parameter(request, "user_id") or "").strip()[:64]
    question = Question(type=kind or None, user_id=user_id or None, before=before, after=after)
    found = await rooms.store.events.search(question, SHOWN + 1)
    newer, older, shown = split(found, forward=bool(after and not before), inside=bool(before))
    return dashboard_page(
        request,
        "dashboard/events.html",
        place="events",
        kind=kind,
        user_id=user_id,
        kinds=[str(each) for each in EventType],
        rows=[row(each) for each in shown],
        newer=shown[0].cursor if newer and shown else None,
        older=shown[-1].cursor if older and shown else None,
    )


def split(found: list[Entry], *, forward: bool, inside: bool) -> tuple[bool, bool, list[Entry]]:
    """Whether there are newer and older ones, and the part to show. One more than that was asked for, to know; it is the
    newest when reading towards the newest."""
    more = len(found) > SHOWN
    if forward:
        return more, True, found[-SHOWN:]
    return inside, more, found[:SHOWN]


def row(entry: Entry) -> Row:
    event = entry.event
    about = [(name, str(value)) for name, value in event.data.items() if value is not None]
    return Row(event, about)
