"""When which grant is to be refreshed without anybody asking, for the providers where an admin wants that."""

from pathlib import Path

from broker.store.commands import Commands
from broker.store.grants import Ref

KEY = "due"
LEASE = 120  # seconds in which the one who took an entry refreshes and enters it anew


class Due:
    """`enter`, `claim`, `leave`. A hint: a read looks at the grant itself, and an entry without one is dropped."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis
        self._claim = redis.register_script(Path(__file__).with_name("claim.lua").read_text())

    async def enter(self, ref: Ref, at: int) -> None:
        await self._redis.zadd(KEY, {" ".join(ref): at})

    async def leave(self, ref: Ref) -> None:
        await self._redis.zrem(KEY, " ".join(ref))

    async def claim(self, now: int, most: int) -> list[Ref]:
        names = await self._claim(keys=[KEY], args=[now, most, now + LEASE])
        return [Ref(*name.decode().split(" ")) for name in names]
