"""A proxy between a broker and its Valkey: it counts round trips, and can keep answers back."""

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

Proxy = TypeVar("Proxy", bound="RedisProxy")

LEADER = b"\r\nleader\r\n"  # the key by which a process asks every second to lead: no request's doing
FLUSH = b"\r\ntally:{"  # the counters that go out twice a second with the steps of flows: no request waits for them


class RedisProxy:
    """`round_trips` counts bursts of commands: what a broker sends on a connection where the last word was the
    server's. A pipeline is one burst however many commands it holds; a command that waits for an answer before it is
    another; bursts on two connections are two, so nothing done side by side is counted too low.

    `flushes` are what the broker writes by itself of what it noted, and are no round trips of anybody's.
    `sent` is what the broker sent since `reset`. While `losing_answers` is set Valkey hears and the broker does not;
    with `losing_answer_to` that begins with the first burst that holds these bytes. `lost` is set once it happened.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self.losing_answers = False
        self.losing_answer_to: bytes | None = None
        self.lost = threading.Event()
        self.reset()

    def reset(self) -> None:
        self.round_trips = 0
        self.flushes = 0
        self.sent = b""

    async def connected(self, broker: asyncio.StreamReader, to_broker: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(self._server)
        line = Line(self)
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(line.ask(broker, to_server), line.answer(server, to_broker))
        for end in (to_server, to_broker):
            end.close()


class Line:
    """One connection through the proxy."""

    def __init__(self, proxy: RedisProxy) -> None:
        self._proxy = proxy
        self._waiting = False  # the broker has asked and not heard yet

    async def ask(self, broker: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while data := await broker.read(65536):
            self._proxy.round_trips += not self._waiting and LEADER not in data and FLUSH not in data
            self._proxy.flushes += FLUSH in data
            self._proxy.sent += data
            if self._proxy.losing_answer_to and self._proxy.losing_answer_to in data:
                self._proxy.losing_answers = True
            self._waiting = True
            server.write(data)
            await server.drain()
        server.close()

    async def answer(self, server: asyncio.StreamReader, broker: asyncio.StreamWriter) -> None:
        while data := await server.read(65536):
            if self._proxy.losing_answers:
                self._proxy.lost.set()
                continue
            self._waiting = False
            broker.write(data)
            await broker.drain()
        broker.close()


@contextmanager
def running_proxy(valkey: str, kind: Callable[[str], Proxy] = RedisProxy) -> Iterator[tuple[Proxy, str]]:
    """A proxy in front of the Valkey at this `unix://` URL, in a thread of its own, and the URL to reach it by."""
    proxy = kind(valkey.removeprefix("unix://"))
    with tempfile.TemporaryDirectory(prefix="rp") as folder:
        socket = str(Path(folder) / "s")
        loop, up = asyncio.new_event_loop(), threading.Event()
        thread = threading.Thread(target=serve, args=(loop, proxy, socket, up))
        thread.start()
        up.wait(10)
        try:
            yield proxy, f"unix://{socket}"
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)


def serve(loop: asyncio.AbstractEventLoop, proxy: RedisProxy, socket: str, up: threading.Event) -> None:
    asyncio.set_event_loop(loop)
    server = loop.run_until_complete(asyncio.start_unix_server(proxy.connected, socket))
    up.set()
    loop.run_forever()
    server.close()
    lines = asyncio.all_tasks(loop)
    for line in lines:
        line.cancel()
    loop.run_until_complete(asyncio.gather(*lines, return_exceptions=True))
    loop.close()
