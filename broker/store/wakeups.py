"""Waking those who wait for another process: one subscribed connection a process, opened when there is something to
wait for and closed when there is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

Word = bytes | None  # what was published; None: the connection broke, so look for yourself


class Wakeups:
    """`async with wakeups.on(channel) as word:` is listening from its first line on; then `await word`."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._waiting: dict[str, set[asyncio.Future[Word]]] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        self._pubsub: Any = None
        self._reader: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def on(self, channel: str) -> AsyncIterator[asyncio.Future[Word]]:
        """Raises RedisError when Redis does not answer."""
        word: asyncio.Future[Word] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(channel, set()).add(word)
        try:
            await self._subscribe(channel)
            yield word
        finally:
            self._waiting[channel].discard(word)
            if not self._waiting[channel]:
                await self._leave(channel)

    async def _subscribe(self, channel: str) -> None:
        """Return only when Redis has confirmed it: a word said before that would be missed."""
        confirmed = self._confirmed.get(channel)
        if confirmed is None:
            confirmed = self._confirmed[channel] = asyncio.Event()
            self._pubsub = self._pubsub or self._client.pubsub()
            await self._pubsub.subscribe(channel)
            self._reader = self._reader or asyncio.create_task(self._read(self._pubsub))
        async with asyncio.timeout(2):
            await confirmed.wait()

    async def _leave(self, channel: str) -> None:
        del self._waiting[channel]
        self._confirmed.pop(channel, None)
        with suppress(RedisError, OSError):
            if self._pubsub and not self._waiting:
                await self.close()
            elif self._pubsub:
                await self._pubsub.unsubscribe(channel)

    async def _read(self, pubsub: Any) -> None:
        try:
            while True:
                self._hear(await pubsub.get_message(timeout=None))
        except (RedisError, OSError):
            for channel in self._waiting:
                self._tell(channel, None)
            self._pubsub = self._reader = None
            self._confirmed.clear()
            with suppress(RedisError, OSError):
                await pubsub.aclose()

    def _hear(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        channel = message["channel"].decode()
        if message["type"] == "subscribe" and channel in self._confirmed:
            self._confirmed[channel].set()
        if message["type"] == "message":
            self._tell(channel, message["data"])

    def _tell(self, channel: str, word: Word) -> None:
        for waiting in self._waiting.get(channel, ()):
            if not waiting.done():
                waiting.set_result(word)

    async def close(self) -> None:
        pubsub, reader = self._pubsub, self._reader
        self._pubsub = self._reader = None
        self._confirmed.clear()
        if reader:
            reader.cancel()
        if pubsub:
            await pubsub.aclose()
