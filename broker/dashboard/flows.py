"""Flows: the last sign-ins step by step, as they happen, and what became of each."""

import time
from asyncio import gather
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist.wire import AnyRequest, ApiError, query_parameter
from broker.core.flows import Diagnosis, Flow, Outcome, diagnose
from broker.dashboard.overview import names_of
from broker.dashboard.shell import dashboard_page
from broker.rooms import Given, Rooms

SHOWN = 25  # flows
MOST_CLIENTS = 200  # in the filter
LIVE_FOR = 900  # seconds after which a page that nobody touches stops asking: it would keep a forgotten session alive


class Wanted(NamedTuple):
    """Which flows, and whether the list keeps itself new. `since` is when that began."""

    client: str
    provider: str
    outcome: str
    live: bool
    since: int

    def fits(self, flow: Flow, now_ms: int) -> bool:
        return (
            self.client in {"", flow.client_id}
            and self.provider in {"", flow.provider}
            and self.outcome in {"", diagnose(flow, now_ms).outcome}
        )

    def query(self, **changes: object) -> str:
        """As an address says it."""
        said = {**self._replace(live=True)._asdict(), "live": int(self.live), **changes}
        return urlencode({name: value for name, value in said.items() if value != ""})


class Told(NamedTuple):
    """A flow as it is shown; it began at a second since 1970."""

    flow: Flow
    diagnosis: Diagnosis
    began: float


@get("/flows", opt={"scope": "events:read"})
async def list_flows(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/flows?client=&provider=&outcome=&live="""
    now = int(time.time())
    wanted = read_wanted(request, now)._replace(since=now)
    listed, _ = await rooms.store.clients.list(0, MOST_CLIENTS)
    return dashboard_page(
        request,
        "dashboard/flows.html",
        place="flows",
        wanted=wanted,
        outcomes=list(Outcome),
        choices=[(each.client_id, each.name) for each in listed],
        **await find(wanted, rooms),
    )


@get("/flows/latest", opt={"scope": "events:read"})
async def latest_flows(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/flows/latest: the list alone, which htmx puts in the place of the one before."""
    now = int(time.time())
    wanted = read_wanted(request, now)
    if not 0 <= now - wanted.since < LIVE_FOR:
        wanted = wanted._replace(live=False)
    found = await find(wanted, rooms)
    return dashboard_page(request, "dashboard/flows_list.html", place="flows", wanted=wanted, **found)


@get("/flows/{flow_id:str}", opt={"scope": "events:read"})
async def show_flow(request: AnyRequest, flow_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/flows/{id}"""
    flow = await rooms.store.flows.find(flow_id)
    if flow is None:
        raise ApiError(404, "resource_not_found", "no flow has this id, or it happened too long ago")
    names, clients = await gather(names_of(rooms), called([flow], rooms))
    told = tell(flow, time.time())
    return dashboard_page(
        request, "dashboard/flow.html", place="flows", told=told, names=names, clients=clients
    )


def read_wanted(request: AnyRequest, now: int) -> Wanted:
    """Raises ApiError 422 for what is given twice."""
    since = query_parameter(request, "since") or ""
    return Wanted(
        client=(query_parameter(request, "client") or "")[:64],
        provider=(query_parameter(request, "provider") or "")[:32],
        outcome=(query_parameter(request, "outcome") or "")[:32],
        live=query_parameter(request, "live") != "0",
        since=int(since) if since.isascii() and since.isdigit() and len(since) < 12 else now,
    )


async def find(wanted: Wanted, rooms: Rooms) -> dict[str, Any]:
    """What the list shows."""
    now = time.time()
    found = await rooms.store.flows.recent(lambda flow: wanted.fits(flow, int(now * 1000)), SHOWN)
    names, clients = await gather(names_of(rooms), called(found, rooms))
    return {"flows": [tell(flow, now) for flow in found], "names": names, "clients": clients}


async def called(flows: Sequence[Flow], rooms: Rooms) -> dict[str, str]:
    """The names of their clients."""
    ids = {flow.client_id for flow in flows} - {""}
    found = await gather(*(rooms.store.clients.find(each) for each in ids))
    return {each.client_id: each.name for each in found if each}


def tell(flow: Flow, now: float) -> Told:
    return Told(flow, diagnose(flow, int(now * 1000)), flow.began_at / 1000)
