"""Times as pages show them: absolute, and in words how long ago. Pure."""

from datetime import UTC, datetime
from typing import NamedTuple

UNITS = (("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400))


class Moment(NamedTuple):
    """For `<time>`: `iso` for programs, `text` for people; `key` and `number` are of the sentence that says how far away it is."""

    iso: str
    text: str
    key: str
    number: int


def moment(at: float, now: float) -> Moment:
    """Of a second, seen from another."""
    then = datetime.fromtimestamp(at, UTC)
    key, count = distance(at, now)
    return Moment(f"{then:%Y-%m-%dT%H:%M:%SZ}", f"{then:%d %b %Y, %H:%M:%S} UTC", key, count)


def distance(at: float, now: float) -> tuple[str, int]:
    """A sentence of `[when]` and its number."""
    away = int(abs(now - at))
    if not away:
        return "when.now", 0
    unit, seconds = max((pair for pair in UNITS if pair[1] <= away), key=lambda pair: pair[1])
    count = away // seconds
    return f"when.{'in_' if at > now else ''}{unit}{'s' if count > 1 else ''}", count
