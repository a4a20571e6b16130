"""What came of the last test of each provider's credentials."""

import msgspec

from broker.core.records import Tested
from broker.store.commands import Commands

TESTS = "provider_tests"


class ProviderTests:
    """`note`, `forget`, `all`. Small: one field a provider that an admin tested."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis

    async def note(self, provider_id: str, tested: Tested) -> None:
        await self._redis.hset(TESTS, provider_id, msgspec.json.encode(tested))

    async def forget(self, provider_id: str) -> None:
        await self._redis.hdel(TESTS, provider_id)

    async def all(self) -> dict[str, Tested]:
        found = await self._redis.hgetall(TESTS)
        return {name.decode(): msgspec.json.decode(raw, type=Tested) for name, raw in found.items()}
