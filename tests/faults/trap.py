"""A proxy that catches a broker at one step of its work: between what a script wrote and its answer."""

import asyncio
import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.redis_proxy import Line, RedisProxy

STORE = Path(__file__).parents[2] / "broker" / "store"


def call_of(script: str) -> bytes:
    """How a call of `grants.<script>.lua` begins on the wire."""
    sha = hashlib.sha1((STORE / f"{script}.lua").read_text().encode()).hexdigest()
    return f"EVALSHA\r\n$40\r\n{sha}".encode()


class Trap:
    """Keeps the answers to `times` calls of a script back, then does `spring`, then lets them go; or loses them, if
    `spring` says so by returning True. `sprung` is set once that is done."""

    def __init__(self, script: str, times: int, spring: Callable[[], bool | None]) -> None:
        self.call = call_of(script)
        self.sprung = threading.Event()
        self._times, self._spring = times, spring
        self._open = asyncio.Event()
        self._lost = False

    async def catch(self, calls: int) -> bool:
        """Returns when the answer may go on; False: it is lost."""
        self._times -= calls
        if self._times == 0:
            self._lost = bool(await asyncio.to_thread(self._spring))
            self._open.set()
            self.sprung.set()
        await self._open.wait()
        return not self._lost


class TrappingProxy(RedisProxy):
    """Has at most one trap. Survives a Valkey that is away."""

    trap: Trap | None = None

    async def connected(self, broker: asyncio.StreamReader, to_broker: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_unix_connection(self._server)
        except OSError:
            to_broker.close()
            return
        line = TrappedLine(self)
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(line.ask(broker, to_server), line.answer(server, to_broker))
        for end in (to_server, to_broker):
            end.close()


class TrappedLine(Line):
    """One connection through it."""

    def __init__(self, proxy: TrappingProxy) -> None:
        super().__init__(proxy)
        self._proxy: TrappingProxy = proxy

    async def ask(self, broker: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        self._caught: tuple[Trap, int] | None = None
        while data := await broker.read(65536):
            self._proxy.sent += data
            trap = self._proxy.trap
            calls = data.count(trap.call) if trap and not trap.sprung.is_set() else 0
            self._caught = (trap, calls) if trap and calls else None
            server.write(data)
            await server.drain()
        server.close()

    async def answer(self, server: asyncio.StreamReader, broker: asyncio.StreamWriter) -> None:
        while data := await server.read(65536):
            caught, self._caught = self._caught, None
            if caught and not await caught[0].catch(caught[1]):
                break
            broker.write(data)
            await broker.drain()
        broker.close()
