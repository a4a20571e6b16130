"""The audit log: what happened, oldest dropped first, in a stream. Nothing in it is secret, so nothing is sealed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from broker.core.events import Event
from broker.store.commands import Commands

STREAM = "events"
KEPT = 10_000  # events, or a few more: trimming by whole blocks costs nothing, to the exact number it does
AT_ONCE = 500  # entries a round trip, when only some are wanted


class Entry(msgspec.Struct, frozen=True):
    """An event and its place in the log."""

    cursor: str
    event: Event


@dataclass(frozen=True)
class Question:
    """Which events are wanted; cursors are exclusive."""

    type: str | None = None
    user_id: str | None = None
    after: str | None = None
    before: str | None = None

    @property
    def open(self) -> bool:
        """Whether every event there is would be an answer."""
        return self == Question()

    def wants(self, event: Event) -> bool:
        return self.type in {None, event.type} and self.user_id in {None, event.user_id}


class Events:
    """`add`, `search`, `count`."""

    def __init__(self, redis: Commands, kept: int = KEPT, at_once: int = AT_ONCE) -> None:
        self._redis = redis
        self._kept = kept
        self._at_once = at_once
        self._decoder = msgspec.json.Decoder(Event)
        self._add = redis.register_script(Path(__file__).with_name("events.add.lua").read_text())

    async def add(self, *events: Event) -> None:
        """Write events: those that no state of a user hangs on, such as an admin's change, and what the outboxes gave."""
        await self._add(keys=[STREAM], args=[self._kept, *map(msgspec.json.encode, events)])

    async def search(self, question: Question, limit: int) -> list[Entry]:
        """Newest first. With `after` alone it is the `limit` events next to it, so that a reader who goes on from the
        first one's cursor misses none."""
        forward = question.after is not None and question.before is None
        found: list[Entry] = []
        start: str | None = question.after if forward else question.before
        while len(found) < limit:
            entries = await self._read(start, question, forward=forward)
            found += [entry for entry in entries if question.wants(entry.event)]
            if len(entries) < self._at_once:
                break
            start = entries[-1].cursor
        found = found[:limit]
        return found[::-1] if forward else found

    async def count(self, question: Question) -> int:
        """How many there are; for some of them the whole log is read, which has some thousand entries."""
        if question.open:
            return await self._redis.xlen(STREAM)
        return len(await self.search(question, 2 * self._kept))

    async def _read(self, start: str | None, question: Question, *, forward: bool) -> list[Entry]:
        if forward:
            raw = await self._redis.xrange(STREAM, f"({start}", "+", count=self._at_once)
        else:
            least = f"({question.after}" if question.after else "-"
            raw = await self._redis.xrevrange(
                STREAM, f"({start}" if start else "+", least, count=self._at_once
            )
        return list(self._decode(raw))

    def _decode(self, raw: list[tuple[bytes, dict[bytes, bytes]]]) -> Iterator[Entry]:
        for cursor, fields in raw:
            yield Entry(cursor.decode(), self._decoder.decode(fields[b"event"]))
