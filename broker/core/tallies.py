"""Counts by the hour, of words from fixed lists: how many signed in, what failed and where. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

HOUR = 3600  # seconds


class Tally(StrEnum):
    """What is counted. `failed` counts flows that died, `refresh_failed` refreshes of a provider's tokens."""

    STARTED = "started"
    SIGNED_IN = "signed_in"
    CONNECTED = "connected"
    RECONNECTED = "reconnected"
    FAILED = "failed"
    REFRESHED = "refreshed"
    REFRESH_FAILED = "refresh_failed"
    TOKEN_READ = "token_read"


class Counted(NamedTuple):
    """One counter of an hour. `provider` is empty where none was known yet."""

    tally: Tally
    provider: str = ""
    reason: str = ""

    @property
    def field(self) -> str:
        return ":".join(self)


class Hour(NamedTuple):
    """What was counted in the hour that began at this second."""

    at: int
    counts: Mapping[Counted, int]

    def count(self, *tallies: Tally) -> int:
        return sum(number for counted, number in self.counts.items() if counted.tally in tallies)


def name_of(at: int) -> str:
    """`2026112509`: the hour of a second, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%d%H")


def hours_until(now: int, number: int) -> list[int]:
    """When each of the last hours began, the one that is under way last."""
    this = now - now % HOUR
    return [this - HOUR * back for back in reversed(range(number))]


def read_counts(fields: Mapping[str, int]) -> dict[Counted, int]:
    """What this version of the broker has no word for is left out."""
    words = {str(each) for each in Tally}
    parts = {field: field.split(":") for field in fields}
    return {
        Counted(Tally(first), *rest): fields[field]
        for field, (first, *rest) in parts.items()
        if first in words and len(rest) == 2
    }


def totals(hours: Iterable[Hour], *tallies: Tally) -> list[tuple[Counted, int]]:
    """All hours together, the most frequent first."""
    summed: Counter[Counted] = Counter()
    for hour in hours:
        summed.update({key: number for key, number in hour.counts.items() if key.tally in tallies})
    return sorted(summed.items(), key=lambda pair: (-pair[1], pair[0]))
