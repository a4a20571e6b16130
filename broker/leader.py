"""The chores that nobody asks for: outboxes and webhooks, revocations owed, tokens refreshed ahead.

One process at a time leads and does them, once a second; when it dies another follows within ten. No chore needs that:
each claims its work in Redis, so two leaders at a time, after a pause of one, do nothing twice that may be done once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from broker.rooms import Rooms
from broker.store.connection import RedisError
from broker.store.ring import MARK_EVERY
from broker.webhooks.drain import Drain
from broker.webhooks.sender import Sender

log = structlog.get_logger()
TURN = 1.0  # seconds
Chore = Callable[[int], Awaitable[None]]


class Leader:
    """Beside the requests of its process, from the start to the end."""

    def __init__(self, rooms: Rooms) -> None:
        self._store = rooms.store
        self._sender = Sender(rooms.store, rooms.upstream)
        self._chores: tuple[Chore, ...] = (
            Drain(rooms.store).drain_outboxes,
            self._sender.deliver_webhooks,
            rooms.custody.retry_revocations,
            rooms.custody.refresh_ahead,
        )
        self._running: dict[Chore, asyncio.Task[None]] = {}
        self._marked = time.monotonic()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(TURN)
            try:
                await self._turn(int(time.time()))
            except RedisError:
                pass  # the requests say loudly enough that Redis is away
            except Exception as error:  # noqa: BLE001 - whoever ends here leads nobody any more, and nobody would see it
                log.warning("turn_failed", kind=type(error).__name__)

    async def _turn(self, now: int) -> None:
        """A chore that still runs is not begun again, and holds up neither the others nor the term."""
        if time.monotonic() - self._marked >= MARK_EVERY:
            self._marked = time.monotonic()
            await self._store.ring.mark(now)
        if not await self._store.leadership.lead():
            return
        for chore in self._chores:
            if chore not in self._running or self._running[chore].done():
                self._running[chore] = asyncio.create_task(self._do(chore, now))

    async def _do(self, chore: Chore, now: int) -> None:
        try:
            await chore(now)
        except Exception as error:  # noqa: BLE001 - one bad record must not end all chores for good
            log.warning("chore_failed", chore=chore.__name__, kind=type(error).__name__)

    async def stop(self) -> None:
        """Let another lead."""
        for task in self._running.values():
            task.cancel()
        await self._sender.close()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        with suppress(RedisError):
            await self._store.leadership.resign()
