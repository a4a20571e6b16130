"""Running the `broker` command, once or for as long as a test needs it."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from tests.running import BROKER, clean_environment, keys

DEVELOPMENT = {"ISSUER": "http://127.0.0.1:8080", "DEVELOPMENT": "1"}


@dataclass(frozen=True)
class Command:
    """How it ended, and what it said."""

    code: int
    output: str
    error: str

    @property
    def everything(self) -> str:
        return self.output + self.error


def run(
    arguments: Sequence[str], folder: Path, settings: Mapping[str, str | None], said: str | None = None
) -> Command:
    """To its end, in `folder`; `said` is its standard input."""
    made = {name.removeprefix("BROKER_"): value for name, value in keys().items()}
    given = {f"BROKER_{name}": value for name, value in (made | DEVELOPMENT | dict(settings)).items()}
    environment = {name: value for name, value in given.items() if value is not None}
    return run_bare(arguments, folder, environment, said)


def run_bare(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    said: str | None = None,
) -> Command:
    """To its end, with no setting but those given."""
    ended = subprocess.run(
        [*BROKER, *arguments],
        cwd=folder,
        env=on_path(environment or {}),
        input=said or "",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return Command(ended.returncode, ended.stdout, ended.stderr)


def on_path(extra: Mapping[str, str]) -> dict[str, str]:
    """The test's folder is not the project's, so `python -m broker` must find it."""
    return clean_environment({"PYTHONPATH": str(Path(__file__).parents[2]), **extra})


@dataclass
class DevelopmentBroker:
    """A running `broker dev`, and the first line of its output."""

    process: "subprocess.Popen[str]"
    ready: dict[str, str]

    def admin(self, method: str, path: str, body: object = None) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.ready['secret_key']}"}
        return httpx2.request(method, self.ready["issuer"] + path, headers=headers, json=body, timeout=20)

    def valkey(self) -> psutil.Process:
        (child,) = psutil.Process(self.process.pid).children()
        return child

    def kill(self) -> None:
        """Broker and Valkey at once, neither with time to write anything down."""
        child = self.valkey()
        os.kill(child.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(10)
        psutil.wait_procs([child], timeout=10)


@contextmanager
def development_broker(folder: Path, *arguments: str, **settings: str) -> Iterator[DevelopmentBroker]:
    process = subprocess.Popen(
        [*BROKER, "dev", "--port", "0", "--data-dir", str(folder), "--json", *arguments],
        env=on_path({f"BROKER_{name}": value for name, value in settings.items()}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        first = process.stdout.readline()
        assert first, process.communicate(timeout=10)[1]
        yield DevelopmentBroker(process, json.loads(first))
    finally:
        process.terminate()
        process.communicate(timeout=20)
