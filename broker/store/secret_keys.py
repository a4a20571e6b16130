"""The secret keys that an admin made: fingerprints and what they may do, no text."""

import hmac
from asyncio import gather
from pathlib import Path

import msgspec

from broker.core.secret_keys import SecretKey, key_id
from broker.store.commands import Commands

RECORDS = "secret_keys"
USES = "secret_key_uses"


class SecretKeys:
    """`find` by fingerprint; `get`, `add`, `update`, `remove`, `list`; `note_use`. Both hashes stay small: keys are
    made by hand."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis
        self._decoder = msgspec.json.Decoder(SecretKey)
        self._update = redis.register_script(Path(__file__).with_name("secret_keys.update.lua").read_text())

    async def find(self, shown: str) -> SecretKey | None:
        """The key with this fingerprint, expired or not."""
        key = await self.get(key_id(shown))
        return key if key and hmac.compare_digest(key.fingerprint, shown) else None

    async def get(self, identifier: str) -> SecretKey | None:
        (stored,) = await self._redis.hmget(RECORDS, [identifier])
        return self._decoder.decode(stored) if stored else None

    async def add(self, key: SecretKey) -> None:
        await self._redis.hset(RECORDS, key.id, msgspec.json.encode(key))

    async def update(self, key: SecretKey) -> bool:
        """False: it was revoked meanwhile."""
        return bool(await self._update(keys=[RECORDS], args=[key.id, msgspec.json.encode(key)]))

    async def remove(self, key: SecretKey) -> bool:
        """Revoke it. False: there was none. A use that is noted later leaves a few bytes that nobody reads."""
        removed, _ = await gather(self._redis.hdel(RECORDS, key.id), self._redis.hdel(USES, key.fingerprint))
        return bool(removed)

    async def list(self) -> list[SecretKey]:
        """All of them, newest first."""
        found = [self._decoder.decode(raw) for raw in await self._redis.hvals(RECORDS)]
        return sorted(found, key=lambda key: (key.created_at or 0, key.id), reverse=True)

    async def note_use(self, key: SecretKey, now: int) -> None:
        await self._redis.hset(USES, key.fingerprint, b"%d" % now)

    async def uses(self) -> dict[str, int]:
        """When each key was last used, within a minute, by fingerprint: a key of the environment has no lasting id."""
        return {shown.decode(): int(at) for shown, at in (await self._redis.hgetall(USES)).items()}
