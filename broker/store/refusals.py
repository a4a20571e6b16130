"""Redirect URLs that were refused lately, for the admin who is asked why. Anybody can write here, so it is small."""

import hashlib
from asyncio import gather
from pathlib import Path

import msgspec

from broker.core.records import Refusal
from broker.store.commands import Commands

LATEST, COUNTS, RECORDS = KEYS = ("{refusals}:latest", "{refusals}:counts", "{refusals}:records")
MOST = 200
LIFETIME = 30 * 86_400  # seconds after the last refusal of all


class Refusals:
    """`note`, `latest`, `get`, `forget`. One record for a client and an address, however often it comes."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis
        self._note = redis.register_script(Path(__file__).with_name("refusals.note.lua").read_text())

    async def note(self, refusal: Refusal) -> None:
        record = msgspec.json.encode(refusal)
        await self._note(keys=KEYS, args=[refusal_id(refusal), record, refusal.at, MOST, LIFETIME])

    async def latest(self) -> dict[str, Refusal]:
        """All of them by id, the latest first."""
        ids = [raw.decode() for raw in await self._redis.zrevrange(LATEST, 0, MOST - 1)]
        found = await gather(*(self.get(each) for each in ids))
        return {name: refusal for name, refusal in zip(ids, found, strict=True) if refusal}

    async def get(self, identifier: str) -> Refusal | None:
        (raw,), count = await gather(
            self._redis.hmget(RECORDS, [identifier]), self._redis.zscore(COUNTS, identifier)
        )
        if raw is None:
            return None
        return msgspec.structs.replace(msgspec.json.decode(raw, type=Refusal), count=int(count or 1))

    async def forget(self, identifier: str) -> None:
        """Until it is refused again."""
        await gather(
            self._redis.zrem(LATEST, identifier),
            self._redis.zrem(COUNTS, identifier),
            self._redis.hdel(RECORDS, identifier),
        )


def refusal_id(refusal: Refusal) -> str:
    """Of the client and the exact text: neither can stand in a field's name as it is."""
    return hashlib.sha256(f"{refusal.client_id}\n{refusal.url}".encode()).hexdigest()[:24]
