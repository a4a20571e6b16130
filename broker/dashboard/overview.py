"""Overview: what the last day or week brought, by counters of the hour."""

import time
from asyncio import gather
from collections.abc import Sequence
from typing import NamedTuple

from litestar import get
from litestar.response.base import ASGIResponse

from allowlist.wire import AnyRequest
from broker.core.tallies import Counted, Hour, Tally, totals
from broker.dashboard.chart import HEIGHT, WIDTH, Chart, Value, chart
from broker.dashboard.shell import dashboard_page
from broker.rooms import Given, Rooms

DAY = 24  # hours
PERIODS = {"day": (DAY, 1), "week": (7 * DAY, DAY)}  # hours, and how many of them make a bar
MOST_ROWS = 20


class Drawn(NamedTuple):
    """A chart and its table, newest first. `word` names its sentences."""

    word: str
    chart: Chart
    rows: Sequence[Value]


class Failure(NamedTuple):
    """A row of what failed: `name` is the provider's, for people."""

    provider: str
    name: str
    reason: str
    number: int


@get("/overview", opt={"scope": "events:read"})
async def overview(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/overview?period=day|week"""
    asked = request.query_params.get("period", "day")
    period = asked if asked in PERIODS else "day"
    (hours, together), now = PERIODS[period], int(time.time())
    counted, users, names = await gather(
        rooms.store.tallies.read(now, hours), rooms.store.directory.count(), names_of(rooms)
    )
    return dashboard_page(
        request,
        "dashboard/overview.html",
        place="overview",
        period=period,
        periods=list(PERIODS),
        size=(WIDTH, HEIGHT),
        tiles=tiles(counted, users),
        charts=[
            drawn("sign_ins", counted, together, Tally.SIGNED_IN, Tally.FAILED),
            drawn("refreshes", counted, together, Tally.REFRESHED, Tally.REFRESH_FAILED),
        ],
        failures=failures(totals(counted, Tally.FAILED), names),
        refresh_failures=failures(totals(counted, Tally.REFRESH_FAILED), names),
        by_provider=by_provider(counted, names),
    )


async def names_of(rooms: Rooms) -> dict[str, str]:
    """What people call each provider that is on."""
    connections = rooms.catalogue.connections(await rooms.store.provider_configurations.list())
    return {each.id: each.provider.name for each in connections}


def tiles(hours: Sequence[Hour], users: int) -> list[tuple[str, int]]:
    """Each a sentence of `[overview]` and its number."""
    counts = {
        "signed_in": (Tally.SIGNED_IN,),
        "failed": (Tally.FAILED,),
        "token_read": (Tally.TOKEN_READ,),
        "refreshed": (Tally.REFRESHED,),
    }
    found = [(word, sum(hour.count(*of) for hour in hours)) for word, of in counts.items()]
    return [*found[:2], ("users", users), *found[2:]]


def drawn(word: str, hours: Sequence[Hour], together: int, good: Tally, bad: Tally) -> Drawn:
    parts = [hours[start : start + together] for start in range(0, len(hours), together)]
    values = [
        Value(part[0].at, sum(hour.count(good) for hour in part), sum(hour.count(bad) for hour in part))
        for part in parts
    ]
    return Drawn(word, chart(values), values[::-1])


def failures(counts: Sequence[tuple[Counted, int]], names: dict[str, str]) -> list[Failure]:
    return [
        Failure(each.provider, names.get(each.provider, each.provider), each.reason, number)
        for each, number in counts[:MOST_ROWS]
    ]


def by_provider(hours: Sequence[Hour], names: dict[str, str]) -> list[tuple[str, str, dict[str, int]]]:
    """Each provider that was used: its id, its name, and how often what."""
    told = (Tally.SIGNED_IN, Tally.FAILED, Tally.TOKEN_READ, Tally.REFRESHED, Tally.REFRESH_FAILED)
    found: dict[str, dict[str, int]] = {}
    for counted, number in totals(hours, *told):
        row = found.setdefault(counted.provider, {str(tally): 0 for tally in told})
        row[counted.tally] += number
    rows = [(provider, names.get(provider, provider), row) for provider, row in found.items() if provider]
    return sorted(rows, key=lambda row: -row[2][Tally.SIGNED_IN])
