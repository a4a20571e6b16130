"""What is on its way to the endpoints of webhooks: waiting, under way, or given up. All of one endpoint share a slot."""

from asyncio import gather
from pathlib import Path

import msgspec

from broker.core.webhooks import Delivery
from broker.store.commands import Commands

LEASE = 60  # seconds for one attempt, which takes ten at most; then another process may try
MOST_WAITING = 10_000  # an endpoint; beyond it a delivery is given up at once, for memory is everybody's
MOST_DEAD = 1_000  # an endpoint; the oldest goes first


class Deliveries:
    """`queue` and `claim`; then `done`, `retry` or `bury`; `dead_letters` and `resend`."""

    def __init__(self, redis: Commands, most_waiting: int = MOST_WAITING, most_dead: int = MOST_DEAD) -> None:
        self._redis = redis
        self._most_waiting = most_waiting
        self._most_dead = most_dead
        self._decoder = msgspec.json.Decoder(Delivery)
        folder = Path(__file__).parent
        self._queue, self._claim, self._settle, self._resend = (
            redis.register_script((folder / f"deliveries.{verb}.lua").read_text())
            for verb in ("queue", "claim", "settle", "resend")
        )

    async def queue(self, endpoint_id: str, delivery: Delivery, now: int) -> bool:
        """Have it sent; again is once. False: too many wait there, so it went to the dead letters. For an endpoint that
        was deleted meanwhile nothing is kept."""
        limits = [now, self._most_waiting, self._most_dead]
        arguments = [delivery.event_id, msgspec.json.encode(delivery), *limits]
        keys = [*keys_of(endpoint_id), endpoint_key(endpoint_id)]
        return bool(await self._queue(keys=keys, args=arguments))

    async def claim(self, endpoint_id: str, now: int, most: int) -> list[Delivery]:
        """Up to `most` that are due; nobody else gets them before the lease is over."""
        found = await self._claim(keys=keys_of(endpoint_id), args=[now, most, now + LEASE])
        return [self._decoder.decode(record) for record in found]

    async def done(self, endpoint_id: str, delivery: Delivery) -> None:
        """It arrived."""
        waiting, _, records = keys_of(endpoint_id)
        await gather(
            self._redis.zrem(waiting, delivery.event_id), self._redis.hdel(records, delivery.event_id)
        )

    async def retry(self, endpoint_id: str, delivery: Delivery, at: int) -> None:
        """It did not arrive, and is to be tried again."""
        arguments = [delivery.event_id, msgspec.json.encode(delivery), at, "", self._most_dead]
        await self._settle(keys=keys_of(endpoint_id), args=arguments)

    async def bury(self, endpoint_id: str, delivery: Delivery, now: int) -> None:
        """It did not arrive, and is given up until somebody asks for it."""
        arguments = [delivery.event_id, msgspec.json.encode(delivery), "", now, self._most_dead]
        await self._settle(keys=keys_of(endpoint_id), args=arguments)

    async def dead_letters(self, endpoint_id: str, offset: int, limit: int) -> tuple[list[Delivery], int]:
        """Those given up, the latest first, and how many there are."""
        _, dead, records = keys_of(endpoint_id)
        ids, total = await gather(
            self._redis.zrevrange(dead, offset, offset + limit - 1), self._redis.zcard(dead)
        )
        found = await self._redis.hmget(records, [each.decode() for each in ids]) if ids else []
        return [self._decoder.decode(record) for record in found if record], total

    async def resend(self, endpoint_id: str, event_id: str, now: int) -> bool:
        """Have a dead letter tried from the start again. False: there is none of this id."""
        (record,) = await self._redis.hmget(records_key(endpoint_id), [event_id])
        if record is None:
            return False
        fresh = msgspec.structs.replace(self._decoder.decode(record), attempts=0)
        arguments = [event_id, msgspec.json.encode(fresh), now]
        return bool(await self._resend(keys=keys_of(endpoint_id), args=arguments))

    async def waiting(self, endpoint_id: str) -> int:
        return await self._redis.zcard(waiting_key(endpoint_id))

    async def forget(self, endpoint_id: str) -> None:
        await gather(*map(self._redis.delete, keys_of(endpoint_id)))


def keys_of(endpoint_id: str) -> list[str]:
    return [waiting_key(endpoint_id), dead_key(endpoint_id), records_key(endpoint_id)]


def endpoint_key(endpoint_id: str) -> str:
    return f"webhook:{{{endpoint_id}}}"


def waiting_key(endpoint_id: str) -> str:
    return f"deliveries:{{{endpoint_id}}}"


def dead_key(endpoint_id: str) -> str:
    return f"dead_letters:{{{endpoint_id}}}"


def records_key(endpoint_id: str) -> str:
    return f"delivery_records:{{{endpoint_id}}}"
