"""Endpoints of webhooks: where a backend wants to hear of events. Secrets sealed, because we sign with them."""

import re
from asyncio import gather

import msgspec
import structlog

from broker.core.webhooks import Endpoint, SigningSecret
from broker.store.commands import Commands
from broker.store.deliveries import Deliveries, endpoint_key
from broker.store.sealing import SealBroken, Sealer

log = structlog.get_logger()

ENDPOINT_ID = re.compile(r"we_[0-9a-f]{24}")


class Stored(msgspec.Struct, frozen=True):
    """The endpoint without its secrets, and those beside it, sealed."""

    endpoint: Endpoint
    secrets: bytes


class Webhooks:
    """`add`, `find`, `update`, `remove`, `list`, `count`."""

    def __init__(self, redis: Commands, sealer: Sealer, deliveries: Deliveries) -> None:
        self._redis = redis
        self._sealer = sealer
        self._deliveries = deliveries

    async def find(self, endpoint_id: str) -> Endpoint | None:
        """Raises SealBroken when its secrets do not open: what cannot be signed is not sent."""
        if not ENDPOINT_ID.fullmatch(endpoint_id):
            return None
        raw = await self._redis.get(endpoint_key(endpoint_id))
        return self._decode(raw) if raw else None

    async def add(self, endpoint: Endpoint) -> None:
        await self._redis.zadd("webhooks", {endpoint.id: endpoint.created_at})
        await self._redis.set(endpoint_key(endpoint.id), self._encode(endpoint))

    async def update(self, endpoint: Endpoint) -> bool:
        """False: it was deleted meanwhile, and stays so."""
        return bool(
            await self._redis.set(endpoint_key(endpoint.id), self._encode(endpoint), xx=True),
        )

    async def remove(self, endpoint_id: str) -> bool:
        """The endpoint, and everything that waits for it. False: there was none."""
        if not ENDPOINT_ID.fullmatch(endpoint_id):
            return False
        removed = await self._redis.delete(endpoint_key(endpoint_id))
        await gather(self._redis.zrem("webhooks", endpoint_id), self._deliveries.forget(endpoint_id))
        return bool(removed)

    async def list(self) -> list[Endpoint]:
        """All of them that open, oldest first; there are at most twenty. A broken one stops no other's events."""
        ids = await self._redis.zrange("webhooks", 0, -1)
        found = await gather(*(self._find_or_tell(endpoint_id.decode()) for endpoint_id in ids))
        return [endpoint for endpoint in found if endpoint]

    async def count(self) -> int:
        return await self._redis.zcard("webhooks")

    async def _find_or_tell(self, endpoint_id: str) -> Endpoint | None:
        try:
            return await self.find(endpoint_id)
        except SealBroken:
            log.warning("record_broken", drawer="webhook", id=endpoint_id)
            return None

    def _encode(self, endpoint: Endpoint) -> bytes:
        sealed = self._sealer.seal(msgspec.json.encode(endpoint.secrets), endpoint_key(endpoint.id))
        return msgspec.json.encode(Stored(msgspec.structs.replace(endpoint, secrets=()), sealed))

    def _decode(self, raw: bytes) -> Endpoint:
        stored = msgspec.json.decode(raw, type=Stored)
        opened = self._sealer.open(stored.secrets, endpoint_key(stored.endpoint.id))
        secrets = msgspec.json.decode(opened, type=tuple[SigningSecret, ...])
        return msgspec.structs.replace(stored.endpoint, secrets=secrets)
