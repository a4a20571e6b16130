"""Counters by the hour. Counting costs a request nothing: `flows.py` writes them with what it writes."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from broker.core.tallies import HOUR, Counted, Hour, Tally, hours_until, name_of, read_counts
from broker.store.commands import Commands

KEPT = 8 * 24 * HOUR  # seconds: a week, and the day that is under way


class Tallies:
    """`count`, and `read` what all processes counted."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis
        self._waiting: Counter[Counted] = Counter()

    def count(self, tally: Tally, provider: str = "", reason: str = "") -> None:
        """In memory; `reason` is a word of ours, never a text that came from outside."""
        self._waiting[Counted(tally, provider, reason)] += 1

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    def write_into(self, pipeline: Any, now: int) -> None:
        """What waits, into the hour that is under way."""
        counted, self._waiting = self._waiting, Counter()
        key = tally_key(now)
        for each, number in counted.items():
            pipeline.hincrby(key, each.field, number)
        pipeline.expire(key, KEPT)

    async def read(self, now: int, hours: int) -> list[Hour]:
        """The last hours, the one under way last, in one round trip."""
        pipeline = self._redis.pipeline(transaction=False)
        began: Sequence[int] = hours_until(now, hours)
        for at in began:
            pipeline.hgetall(tally_key(at))
        found = await pipeline.execute()
        return [
            Hour(at, read_counts({name.decode(): int(number) for name, number in fields.items()}))
            for at, fields in zip(began, found, strict=True)
        ]


def tally_key(at: int) -> str:
    return f"tally:{{{name_of(at)}}}"
