"""One process at a time does what needs doing once: a lock with an owner and an end, so that a dead one is followed."""

import secrets
from pathlib import Path

from broker.store.commands import Commands

KEY = "leader"
TERM = 10  # seconds


class Leadership:
    """`lead` once a second; who stops asking has lost it after a term."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis
        self._owner = secrets.token_hex(8)
        self._lead = redis.register_script(Path(__file__).with_name("leader.lead.lua").read_text())
        self._resign = redis.register_script(Path(__file__).with_name("leader.resign.lua").read_text())

    async def lead(self) -> bool:
        """Whether this process leads for the next term."""
        return bool(await self._lead(keys=[KEY], args=[self._owner, TERM]))

    async def resign(self) -> None:
        """Make room for another at once."""
        await self._resign(keys=[KEY], args=[self._owner])
