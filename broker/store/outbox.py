"""The outbox: a script that changes a user's state writes the event of it into the user's own list, in the same step.

What leads from there to the audit log and the webhooks is broker/webhooks. `outboxes` says whose list to look into; it
lies in another slot than the lists, so it is marked before the script, never after: a mark without an event costs a
look, an event without a mark would lie unseen.
"""

import secrets
from asyncio import gather
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from broker.core.events import Event
from broker.store.commands import Commands

MARKS = "outboxes"
SETTLED = 2  # seconds from a mark until it is followed, by when the event behind it has long been written
LEASE = 30  # seconds until a list is looked into again: after a drain that died, or found nothing yet
MOST_AT_A_LOOK = 1_000  # events
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Look:
    """The right to drain one user's list for a while. `again` when no mark led here but a look that found nothing."""

    user_id: str
    lease: float
    again: bool


class Outbox:
    """Writers `mark`, or wrap their script in `marked`; the drain does `claim`, `read`, `remove`, `leave`."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis
        folder = Path(__file__).parent
        self._claim = redis.register_script((folder / "outbox.claim.lua").read_text())
        self._leave = redis.register_script((folder / "outbox.leave.lua").read_text())

    async def mark(self, user_id: str, now: int) -> None:
        """Say that there may be an event of this user. To be asked for first in a `gather` with the script."""
        await self._redis.zadd(MARKS, {user_id: now + SETTLED})

    async def marked(self, user_id: str, now: int, step: Awaitable[Answer]) -> Answer:
        """The step's answer; the mark goes before it in the same round trip."""
        _, answer = await gather(self.mark(user_id, now), step)
        return answer

    async def tell(self, user_id: str, event: Event) -> None:
        """Write an event that no state of ours hangs on."""
        step = self._redis.rpush(outbox_key(user_id), *encode([event]))
        await self.marked(user_id, event.created_at, step)

    async def claim(self, now: int, most: int) -> list[Look]:
        """Take up to `most` users whose lists are to be looked into; nobody else gets them before the lease is over.

        A lease has a fraction and a mark has none: so they are told apart, and two leases never look alike.
        """
        lease = now + LEASE + (secrets.randbelow(999_000) + 1) / 1_000_000
        found = await self._claim(keys=[MARKS], args=[now, most, repr(lease)])
        return [Look(found[n].decode(), lease, found[n + 1] == 1) for n in range(0, len(found), 2)]

    async def read(self, user_ids: Sequence[str]) -> list[list[bytes]]:
        """Each one's list. In one pipeline of our own, like all that a drain does for many users: a task for every command
        would cost more than the command."""
        pipeline = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            pipeline.lrange(outbox_key(user_id), 0, MOST_AT_A_LOOK - 1)
        found = await pipeline.execute(raise_on_error=False)  # one broken key holds up nobody else's
        return [each if isinstance(each, list) else [] for each in found]

    async def remove(self, events: Mapping[str, Sequence[bytes]]) -> None:
        """Take exactly these off their users' lists; what came meanwhile stays."""
        pipeline = self._redis.pipeline(transaction=False)
        for user_id, raw in events.items():
            for event in raw:
                pipeline.lrem(outbox_key(user_id), 1, event)
        await pipeline.execute()

    async def leave(self, looks: Sequence[Look]) -> None:
        """Forget users whose lists were empty, unless somebody marked them meanwhile."""
        if not looks:
            return
        pairs = [part for look in looks for part in (look.user_id, repr(look.lease))]
        await self._leave(keys=[MARKS], args=pairs)


def encode(events: Iterable[Event]) -> list[bytes]:
    """As a script takes them for RPUSH."""
    return [msgspec.json.encode(event) for event in events]


def outbox_key(user_id: str) -> str:
    return f"outbox:{{{user_id}}}"
