"""What admins set for providers; credentials sealed."""

import re
from functools import lru_cache

import msgspec

from broker.core.records import ProviderConfiguration
from broker.store.commands import Commands
from broker.store.sealing import Sealer

PROVIDER_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")


class Stored(msgspec.Struct, frozen=True):
    """The configuration without its credentials, and those beside it, sealed."""

    configuration: ProviderConfiguration
    credentials: bytes


class ProviderConfigurations:
    """`save`, `find`, `remove`, `list`."""

    def __init__(self, redis: Commands, sealer: Sealer) -> None:
        self._redis = redis
        self._sealer = sealer
        # Keyed by the stored bytes themselves, so it can never be stale; spares two decryptions a sign-in.
        self._read = lru_cache(maxsize=256)(self._decode)

    async def find(self, provider_id: str) -> ProviderConfiguration | None:
        """Raises SealBroken when the credentials do not open: a provider half-configured is not offered."""
        if not PROVIDER_ID.fullmatch(provider_id):
            return None
        raw = await self._redis.get(configuration_key(provider_id))
        return self._read(raw) if raw else None

    async def save(self, configuration: ProviderConfiguration) -> None:
        key = configuration_key(configuration.id)
        sealed = self._sealer.seal(msgspec.json.encode(configuration.credentials), key)
        public = msgspec.structs.replace(configuration, credentials={})
        await self._redis.zadd("providers", {configuration.id: configuration.created_at})
        await self._redis.set(key, msgspec.json.encode(Stored(public, sealed)))

    async def remove(self, provider_id: str) -> bool:
        removed = await self._redis.delete(configuration_key(provider_id))
        await self._redis.zrem("providers", provider_id)
        return bool(removed)

    async def list(self) -> list[ProviderConfiguration]:
        """All of them, oldest first: there are as many as an admin has typed."""
        ids = await self._redis.zrange("providers", 0, -1)
        found = [await self.find(provider_id.decode()) for provider_id in ids]
        return [configuration for configuration in found if configuration]

    def _decode(self, raw: bytes) -> ProviderConfiguration:
        stored = msgspec.json.decode(raw, type=Stored)
        key = configuration_key(stored.configuration.id)
        credentials = msgspec.json.decode(self._sealer.open(stored.credentials, key), type=dict[str, str])
        return msgspec.structs.replace(stored.configuration, credentials=credentials)


def configuration_key(provider_id: str) -> str:
    return f"provider:{{{provider_id}}}"
