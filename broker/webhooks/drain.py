"""Drain the outboxes: each event into the audit log, and onto the way to every endpoint that hears it.

Dying anywhere in between repeats and never loses: an event leaves its outbox last. Its id stays the same, by which an
endpoint, and a reader of the log, know it again.
"""

from asyncio import gather
from collections.abc import Iterator, Sequence

import msgspec
import structlog

from broker.core.events import Event
from broker.core.webhooks import Endpoint, delivery_of
from broker.store import Store
from broker.store.outbox import Look

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
            endpoints = await self._store.webhooks.list()
            await gather(*(self._look(look, endpoints, now) for look in looks))

    async def _look(self, look: Look, endpoints: Sequence[Endpoint], now: int) -> None:
        """A user is forgotten when nothing was found for a whole lease: a mark precedes its event by a moment."""
        raw = await self._store.outbox.read(look.user_id)
        if not raw and look.again:
            await self._store.outbox.leave(look)
        if not raw:
            return
        await gather(*(self._pass_on(event, endpoints, now) for event in readable(raw)))
        await self._store.outbox.remove(look.user_id, raw)

    async def _pass_on(self, event: Event, endpoints: Sequence[Endpoint], now: int) -> None:
        hearing = [endpoint for endpoint in endpoints if endpoint.hears(event)]
        _, *queued = await gather(
            self._store.events.add(event),
            *(self._store.deliveries.queue(each.id, delivery_of(event), now) for each in hearing),
        )
        for endpoint, waits in zip(hearing, queued, strict=True):
            if not waits:
                log.warning("webhook_overflow", endpoint=endpoint.id, event_id=event.id)


def readable(raw: Sequence[bytes]) -> Iterator[Event]:
    """What does not read as an event would block the ones behind it for ever, so it is told and dropped."""
    for each in raw:
        try:
            yield msgspec.json.decode(each, type=Event)
        except msgspec.DecodeError as error:
            log.warning("event_broken", kind=type(error).__name__)
