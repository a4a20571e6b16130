"""The registered apps."""

import re
from asyncio import gather

import msgspec

from broker.core.client import Client
from broker.store.commands import Commands

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Clients:
    """`save`, `find`, `remove`, `list`; and which web origins any client has, for preflights."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis
        self._decoder = msgspec.json.Decoder(Client)

    async def find(self, client_id: str) -> Client | None:
        """None: unknown, or no text that could be an id and stand in a key."""
        if not CLIENT_ID.fullmatch(client_id):
            return None
        stored = await self._redis.get(client_key(client_id))
        return self._decoder.decode(stored) if stored else None

    async def add(self, client: Client) -> bool:
        """False: the id is taken. Index first, so that no client works that no list shows."""
        await self._redis.zadd("clients", {client.client_id: client.created_at}, nx=True)
        await self._allow_origins(client)
        return bool(await self._redis.set(client_key(client.client_id), msgspec.json.encode(client), nx=True))

    async def update(self, client: Client) -> bool:
        """False: it was removed meanwhile."""
        before = await self.find(client.client_id)
        await self._allow_origins(client)
        updated = await self._redis.set(client_key(client.client_id), msgspec.json.encode(client), xx=True)
        gone = set(before.web_origins if before else ()) - set(client.web_origins)
        await self._drop_origins(client.client_id, gone)
        return bool(updated)

    async def remove(self, client_id: str) -> bool:
        before = await self.find(client_id)
        removed = await self._redis.delete(client_key(client_id))
        await self._redis.zrem("clients", client_id)
        await self._drop_origins(client_id, set(before.web_origins) if before else set())
        return bool(removed)

    async def list(self, offset: int, limit: int) -> tuple[list[Client], int]:
        """Newest first, and how many there are in all."""
        total = await self._redis.zcard("clients")
        ids = await self._redis.zrevrange("clients", offset, offset + limit - 1)
        found = await gather(*(self.find(client_id.decode()) for client_id in ids))
        return [client for client in found if client], total

    async def any_has_origin(self, origin: str) -> bool:
        return bool(await self._redis.exists(origin_key(origin)))

    async def _allow_origins(self, client: Client) -> None:
        for origin in client.web_origins:
            await self._redis.sadd(origin_key(origin), client.client_id)

    async def _drop_origins(self, client_id: str, origins: set[str]) -> None:
        for origin in origins:
            await self._redis.srem(origin_key(origin), client_id)


def client_key(client_id: str) -> str:
    return f"client:{{{client_id}}}"


def origin_key(origin: str) -> str:
    return f"web_origin:{{{origin}}}"
