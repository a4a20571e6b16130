"""When a broker first had each encryption and signing key: the keys themselves do not say how old they are."""

from asyncio import gather
from collections.abc import Iterable

from broker.store.commands import Commands

AGES = "key_ages"


class KeyAges:
    """`enter` at the start, `of` for who wants to know. Names are ids and fingerprints, never keys."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis

    async def enter(self, names: Iterable[str], now: int) -> None:
        """A name that was seen before keeps its time."""
        await gather(*(self._redis.hsetnx(AGES, each, b"%d" % now) for each in names))

    async def of(self) -> dict[str, int]:
        """Seconds since 1970 by name."""
        return {name.decode(): int(at) for name, at in (await self._redis.hgetall(AGES)).items()}
