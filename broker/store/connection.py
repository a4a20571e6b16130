"""The way to Redis: one pool, no repeated commands, and all commands of one turn of the loop in one round trip."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

__all__ = ["BatchingRedis", "RedisError", "open_redis"]

TURNS = 2
LONGEST_WAIT_FOR_DISK = 1_500  # milliseconds; an append-only file is synced every second


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
            loop.call_soon(self._linger, TURNS)
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((args, options, answer))
        return await answer

    async def durably(self, script: Any, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run a script and return its answer when what it wrote is on the disk, if this server can say so (WAITAOF,
        Redis 7.2). On a connection of its own: the wait, up to a second, would hold up everybody in a shared flight."""
        async with self.pipeline(transaction=False) as pipe:
            await script(keys=keys, args=args, client=pipe)
            pipe.execute_command("WAITAOF", 1, 0, LONGEST_WAIT_FOR_DISK)
            answer, synced = await pipe.execute(raise_on_error=False)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(synced, Exception) and not isinstance(synced, ResponseError):
            raise synced
        return answer

    def _linger(self, turns: int) -> None:
        """A few turns of the loop, microseconds each, so that a `gather` within a `gather` still catches the flight."""
        if turns:
            asyncio.get_running_loop().call_soon(self._linger, turns - 1)
        else:
            self._depart()

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
