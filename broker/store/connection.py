"""The way to Redis: one pool, no repeated commands, and all commands of one turn of the loop in one round trip."""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


class BatchingRedis(Redis):
    """A Redis client that sends what one turn of the event loop asks for together, as one plain pipeline.

    So `gather(a.find(...), b.find(...))` is one round trip, and concurrent requests share theirs: half the CPU of a
    command at 8 in flight, a quarter at 64 (research: libraries.md 3). Each caller gets its own answer or error.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: list[tuple[tuple[Any, ...], dict[str, Any], asyncio.Future[Any]]] = []
        self._flights: set[asyncio.Task[None]] = set()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._depart)
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((args, options, answer))
        return await answer

    def _depart(self) -> None:
        batch, self._waiting = self._waiting, []
        flight = asyncio.get_running_loop().create_task(self._fly(batch))
        self._flights.add(flight)  # the loop itself holds tasks only weakly
        flight.add_done_callback(self._flights.discard)

    async def _fly(self, batch: list[tuple[tuple[Any, ...], dict[str, Any], asyncio.Future[Any]]]) -> None:
        try:
            async with self.pipeline(transaction=False) as pipe:
                for command, options, _ in batch:
                    pipe.command_stack.append((command, options))
                results = await pipe.execute(raise_on_error=False)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it was, nobody may wait for ever
            results = [error] * len(batch)
        for (_, _, answer), result in zip(batch, results, strict=True):
            deliver(answer, result)


def deliver(answer: asyncio.Future[Any], result: Any) -> None:
    """Settle one caller's answer; a caller that has gone away is no one's fault."""
    if answer.done():
        return
    if isinstance(result, BaseException):
        answer.set_exception(result)
    else:
        answer.set_result(result)


def open_redis(url: str) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`; settings.py lets no other form through.

    No command is ever sent twice: redis-py's default would repeat a write whose answer was lost, and a code redeemed
    twice looks stolen. A pooled connection that the server closed is noticed and replaced before it is used.
    """
    client: Redis = BatchingRedis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=2,
        socket_connect_timeout=2,
        health_check_interval=15,
        max_connections=128,
        protocol=3,
    )
    return client
