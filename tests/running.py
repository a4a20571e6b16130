"""A broker as it runs in production: `broker serve` in a process of its own."""

import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from broker.cli.keys import new_keys

Wait = Callable[[str, "subprocess.Popen[bytes]", Path], None]
# All calls are plain http on loopback; without `verify` each would first read the system's certificates, for 0.1 s.
LOCAL: dict[str, Any] = {"timeout": 20, "verify": False}
BROKER = [sys.executable, "-m", "broker"]


@cache
def keys() -> dict[str, str]:
    """The three key settings, made once a test process."""
    return dict(line.split("=", 1) for line in new_keys("test"))


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without any setting of the broker, and `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROKER_")}
    return kept | dict(extra)


def free_port() -> int:
    """A port that nobody listens on, below those that the kernel lends to outgoing connections: one of these could
    take it while the broker starts."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class RunningBroker:
    """`address` is where it listens, `issuer` what it calls itself; they differ behind a proxy."""

    address: str
    issuer: str
    redis_url: str
    process: "subprocess.Popen[bytes]"
    log_file: Path
    environment: dict[str, str] = field(repr=False)

    @property
    def secret_key(self) -> str:
        return keys()["BROKER_SECRET_KEYS"]

    def log(self) -> str:
        return self.log_file.read_text()

    def get(self, path: str, **kwargs: Any) -> httpx2.Response:
        return httpx2.get(self.address + path, **LOCAL, **kwargs)

    def post(self, path: str, **kwargs: Any) -> httpx2.Response:
        return httpx2.post(self.address + path, **LOCAL, **kwargs)

    def admin(self, method: str, path: str, body: object = None) -> httpx2.Response:
        """A call of the backend API with the secret key."""
        headers = {"authorization": f"Bearer {self.secret_key}"}
        if method == "GET":
            return httpx2.request(method, self.address + path, headers=headers, **LOCAL)
        return httpx2.request(method, self.address + path, headers=headers, json=body or {}, **LOCAL)

    def make_client(self, **body: Any) -> dict[str, Any]:
        answer = self.admin("POST", "/v1/clients", {"name": "Test app", **body})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def allow(self, url: str, client_id: str = "default", **body: Any) -> dict[str, Any]:
        answer = self.admin("POST", "/v1/redirect_urls", {"url": url, "client_id": client_id, **body})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@contextmanager
def running_broker(
    redis_url: str,
    *,
    wait: Wait | None = None,
    program: Sequence[str] = BROKER,
    code: Path | None = None,
    **settings: str,
) -> Iterator[RunningBroker]:
    """Start `broker serve` in development mode unless `settings` (without the prefix) say otherwise.

    `wait` sends the first request there is, for who must choose it; `program` is run in the place of `broker`, `code` is a
    folder with another copy of the code.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    chosen = {"DEVELOPMENT": "1", "ISSUER": address, "REDIS_URL": redis_url} | settings
    environment = keys() | {f"BROKER_{name}": value for name, value in chosen.items()}
    with tempfile.TemporaryDirectory(prefix="broker") as folder:
        log_file = Path(folder) / "log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [*program, "serve", "--port", str(port)],
                cwd=code,
                env=clean_environment(environment),
                stdout=log,
                stderr=log,
            )
        try:
            (wait or wait_until_ready)(address, process, log_file)
            yield RunningBroker(address, chosen["ISSUER"], redis_url, process, log_file, environment)
        finally:
            process.terminate()
            process.wait(20)


def wait_until_ready(address: str, process: "subprocess.Popen[bytes]", log_file: Path) -> None:
    for _ in range(1500):
        if process.poll() is not None:
            raise RuntimeError(log_file.read_text())
        try:
            if httpx2.get(f"{address}/health/live", **LOCAL).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.02)
    raise TimeoutError(log_file.read_text())
