"""Waking those who wait for another process: one subscribed connection a process, opened when there is something to
wait for and closed when there is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

Word = bytes | None  # what was published; None: the connection broke, so look for yourself


class Wakeups:
    """`async with wakeups.on(channel) as word:` is listening from its first line on; then `await word`."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._waiting: dict[str, set[asyncio.Future[Word]]] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        self._pubsub: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()  # the last one out closes what the next one in would have joined

    @asynccontextmanager
    async def on(self, channel: str) -> AsyncIterator[asyncio.Future[Word]]:
        """Raises RedisError when Redis does not answer."""
        word: asyncio.Future[Word] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(channel, set()).add(word)
        try:
            async with self._changing:
                await self._subscribe(channel)
            yield word
        finally:
            self._waiting[channel].discard(word)
            async with self._changing:
                await self._leave(channel)

    async def _subscribe(self, channel: str) -> None:
        """Return only when Redis has confirmed it: a word said before that would be missed."""
        if channel in self._confirmed:
            return
        confirmed = self._confirmed[channel] = asyncio.Event()
        pubsub = self._pubsub = self._pubsub or self._client.pubsub()
        await pubsub.subscribe(channel)
        if self._pubsub is not pubsub:
            raise RedisConnectionError("the connection broke while subscribing")
        self._reader = self._reader or asyncio.create_task(self._read(pubsub))
        try:
            async with asyncio.timeout(2):
                await confirmed.wait()
        except TimeoutError:
            raise RedisTimeoutError("a subscription was not confirmed") from None

    async def _leave(self, channel: str) -> None:
        if self._waiting.get(channel):
            return
        self._waiting.pop(channel, None)
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
        except Exception:  # noqa: BLE001 - whatever it was, nobody may wait for a word that cannot come
            if self._pubsub is pubsub:
                self._break()
            with suppress(RedisError, OSError):
                await pubsub.aclose()

    def _break(self) -> None:
        """Everybody looks for himself; who comes next gets a new connection."""
        self._pubsub = self._reader = None
        for confirmed in self._confirmed.values():
            confirmed.set()
        self._confirmed.clear()
        for channel in self._waiting:
            self._tell(channel, None)

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
            await asyncio.gather(reader, return_exceptions=True)
        if pubsub:
            await pubsub.aclose()
