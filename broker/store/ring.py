"""Which encryption keys have live records, so that none leaves the ring too early (TV-03).

Every broker marks the newest key of its ring at the start and every minute. A mark stays until `broker keys rotate` has
sealed everything anew; a broker whose ring lacks a marked key does not start.
"""

from asyncio import gather

from broker.core.encryption_keys import EncryptionKeys
from broker.store.commands import Commands

RING = "ring"
MARK_EVERY = 60  # seconds
QUIET = (
    180  # seconds without a mark, after which nobody seals with a key: two lost marks and a clock that is off
)


class Ring:
    """A mark is `id.check value`; beside it stands when a broker last had that key as its newest."""

    def __init__(self, redis: Commands, keys: EncryptionKeys) -> None:
        self._redis = redis
        self._ours = keys.marks
        self.newest = keys.marks[0]

    async def enter(self, now: int) -> None:
        """The first mark of a start. Where nobody ever marked, records may be of any key of the ring."""
        ours = self._ours[:1] if await self.marks() else self._ours
        await gather(*(self._redis.hset(RING, mark, b"%d" % now) for mark in ours))

    async def mark(self, now: int) -> None:
        """Say that this process seals with its newest key; every `MARK_EVERY` seconds."""
        await self._redis.hset(RING, self.newest, b"%d" % now)

    async def marks(self) -> dict[str, int]:
        """All keys that records may need, and when each was last a broker's newest."""
        return {mark.decode(): int(at) for mark, at in (await self._redis.hgetall(RING)).items()}

    async def lacking(self) -> list[str]:
        """Marks of keys that this process does not have."""
        return [mark for mark in await self.marks() if mark not in self._ours]

    async def older(self) -> list[str]:
        """Marks of all keys but this process's newest."""
        return [mark for mark in await self.marks() if mark != self.newest]

    async def retire(self, before: int) -> None:
        """Forget the older keys with which nobody has sealed since `before`."""
        for mark, at in (await self.marks()).items():
            if mark != self.newest and at < before:
                await self.forget(mark)

    async def forget(self, mark: str) -> None:
        await self._redis.hdel(RING, mark)


def key_id(mark: str) -> str:
    return mark.partition(".")[0]
