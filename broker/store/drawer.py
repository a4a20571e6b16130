"""A drawer for records that are taken once: sealed, under the fingerprint of a secret that only the holder has."""

from typing import Generic, TypeVar

import msgspec
import structlog

from broker.core.opaque import fingerprint
from broker.store.commands import Commands
from broker.store.sealing import SealBroken, Sealer

log = structlog.get_logger()
Record = TypeVar("Record")


class TakeOnce(Generic[Record]):
    """`save` under a secret, `take` by it: GETDEL is the gate, so of a hundred takers one gets the record (CB-02)."""

    kind: str
    lifetime: int  # seconds
    record: type[Record]

    def __init__(self, redis: Commands, sealer: Sealer) -> None:
        self._redis = redis
        self._sealer = sealer
        self._decoder = msgspec.json.Decoder(self.record)

    async def save(self, secret: str, record: Record) -> None:
        key = self._key(secret)
        await self._redis.set(key, self._sealer.seal(msgspec.json.encode(record), key), ex=self.lifetime)

    async def take(self, secret: str) -> Record | None:
        """The record, exactly once. None: never saved, taken before, or too late."""
        return self._open(secret, await self._redis.getdel(self._key(secret)))

    async def find(self, secret: str) -> Record | None:
        """The record, left where it is: for what is looked at before it is taken, or harmless to be met again."""
        return self._open(secret, await self._redis.get(self._key(secret)))

    def _open(self, secret: str, sealed: bytes | None) -> Record | None:
        if sealed is None:
            return None
        try:
            return self._decoder.decode(self._sealer.open(sealed, self._key(secret)))
        except (SealBroken, msgspec.DecodeError) as error:
            log.warning("record_broken", drawer=self.kind, kind=type(error).__name__)
            return None

    def _key(self, secret: str) -> str:
        return f"{self.kind}:{{{fingerprint(secret)}}}"
