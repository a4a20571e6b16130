"""Drain the outboxes: each event into the audit log, and onto the way to every endpoint that hears it.

Dying anywhere in between repeats and never loses: an event leaves its outbox last. Its id stays the same, by which an
endpoint, and a reader of the log, know it again.
"""

from asyncio import gather
from collections.abc import Iterator, Sequence

import msgspec
import structlog

from broker.core.events import Event
from broker.core.webhooks import delivery_of
from broker.store import Store
from broker.store.outbox import MOST_AT_A_LOOK, Look

USERS_AT_ONCE = 100
MOST_ROUNDS = 50  # so that a run ends; what is left comes a second later

log = structlog.get_logger()


class Drain:
    """`drain_outboxes` is a chore of the leader; two at the same time would do no harm."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def drain_outboxes(self, now: int) -> None:
        for _ in range(MOST_ROUNDS):
            looks = await self._store.outbox.claim(now, USERS_AT_ONCE)
            if not looks:
                return
            await self._drain(looks, now)

    async def _drain(self, looks: Sequence[Look], now: int) -> None:
        """A user is forgotten when their events are out, unless there is a newer mark; one without events when nothing
        came for a whole lease either."""
        found = await self._store.outbox.read([look.user_id for look in looks])
        full = {look.user_id: raw for look, raw in zip(looks, found, strict=True) if raw}
        if full:
            await self._pass_on([event for raw in full.values() for event in readable(raw)], now)
            await self._store.outbox.remove(full)
        over = [look for look, raw in zip(looks, found, strict=True) if len(raw) < MOST_AT_A_LOOK]
        await self._store.outbox.leave([look for look in over if look.again or look.user_id in full])

    async def _pass_on(self, events: Sequence[Event], now: int) -> None:
        if events:
            await self._store.events.add(*events)
        for endpoint in await self._store.webhooks.list():
            heard = [event for event in events if endpoint.hears(event)]
            waits = await gather(
                *(self._store.deliveries.queue(endpoint.id, delivery_of(event), now) for event in heard)
            )
            for event, queued in zip(heard, waits, strict=True):
                if not queued:
                    log.warning("webhook_overflow", endpoint=endpoint.id, event_id=event.id)


def readable(raw: Sequence[bytes]) -> Iterator[Event]:
    """What does not read as an event would block the ones behind it for ever, so it is told and dropped."""
    for each in raw:
        try:
            yield msgspec.json.decode(each, type=Event)
        except msgspec.DecodeError as error:
            log.warning("event_broken", kind=type(error).__name__)
