"""Exchanges, refreshes and whole sign-ins: how many of them one core does, for the broker and for its ceiling.

Both servers are up at once and their runs alternate, so that whatever else the machine does falls on both.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypeVar

from benchmarks import servers
from benchmarks.client import REDIRECT_URI, Code, Connection, Failed, Phone
from benchmarks.provider import CLIENT_ID, CLIENT_SECRET, PEOPLE, Provider
from benchmarks.report import Report, Sample
from benchmarks.servers import Cores, Server

OPERATIONS = ("exchange", "refresh", "sign-in")
MOST = 50_000  # operations of one run
CODES = 1_500  # at most so many are made before a run of exchanges, in at most thrice the time of a run
WARM_UP = 10  # seconds at most, for sign-ins and again for refreshes
GIVE_UP = 60  # seconds beyond a run's time: a server hangs

Step = Callable[[Phone], Awaitable[object]]
Worker = TypeVar("Worker")


@dataclass(frozen=True)
class Load:
    """How long, how often, how many at once."""

    seconds: float
    runs: int
    concurrency: int


@dataclass
class Tally:
    """What came of the steps of one run."""

    begun: int = 0
    latencies: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)


async def run(load: Load) -> Report:
    """Start everything, warm both up, measure by turns, end everything."""
    cores = Cores.choose()
    report = Report(load.seconds, load.runs, load.concurrency, one_core=cores.server == cores.load)
    keys = servers.keys()
    with servers.pinned(cores.load), servers.valkey() as redis_url:
        provider = await Provider.start()
        for _ in range(load.runs - 1):
            report.starts.append(await starts(cores, redis_url, provider, keys))
        async with AsyncExitStack() as stack:
            broker, secret_key = await stack.enter_async_context(
                servers.broker(cores.server, f"{redis_url}/0", keys)
            )
            ceiling = await stack.enter_async_context(
                servers.ceiling(cores.server, f"{redis_url}/1", provider.address)
            )
            report.starts.append({each.name: each.start for each in (broker, ceiling)})
            await configure(broker, secret_key, provider)
            for server in (broker, ceiling):
                await warm_up(server, provider, load)
            for _ in range(load.runs):
                for operation in OPERATIONS:
                    for server in (broker, ceiling):
                        report.add(operation, server.name, await measure(operation, server, provider, load))
            report.peaks = {each.name: each.peak_mib() for each in (broker, ceiling)}
        provider.close()
    return report


async def starts(
    cores: Cores, redis_url: str, provider: Provider, keys: Mapping[str, str]
) -> dict[str, float]:
    """One start of each, one after the other."""
    async with servers.broker(cores.server, f"{redis_url}/0", keys) as (broker, _):
        pass
    async with servers.ceiling(cores.server, f"{redis_url}/1", provider.address) as ceiling:
        pass
    return {each.name: each.start for each in (broker, ceiling)}


async def configure(broker: Server, secret_key: str, provider: Provider) -> None:
    """Tell the broker of the provider and of the app's address, as an admin would."""
    headers = f"Authorization: Bearer {secret_key}\r\nContent-Type: application/json\r\n"
    connection = await Connection.open(broker.address)
    for path, body in {
        "/v1/redirect_urls": f'{{"url":"{REDIRECT_URI}"}}',
        "/v1/providers": f'{{"id":"bench","issuer":"{provider.address}",'
        f'"client_id":"{CLIENT_ID}","client_secret":"{CLIENT_SECRET}"}}',
    }.items():
        answer = await connection.ask("POST", path, headers, body)
        if answer.status != 200:
            raise Failed(f"{path} answered {answer.status}: {answer.body.decode()}")
    connection.close()


async def warm_up(server: Server, provider: Provider, load: Load) -> None:
    """Every person signs in twice, so that from here on all of them are known."""
    phones = await open_phones(server, provider, load)
    await drive(phones, Phone.sign_in, WARM_UP, 2 * PEOPLE)
    await drive(phones, Phone.refresh, WARM_UP, 2 * PEOPLE)
    close(phones)


async def measure(operation: str, server: Server, provider: Provider, load: Load) -> Sample:
    """One timed run. What it needs beforehand is made before the clock starts, on the same connections."""
    phones = await open_phones(server, provider, load)
    step, most, failures = await prepare(operation, phones, load)
    cpu, began = server.cpu_seconds(), time.perf_counter()
    tally = await drive(phones, step, load.seconds, most)
    wall, cpu = time.perf_counter() - began, server.cpu_seconds() - cpu
    close(phones)
    return Sample(sorted(tally.latencies), failures + tally.failures, wall, cpu)


async def prepare(operation: str, phones: list[Phone], load: Load) -> tuple[Step, int, Counter[str]]:
    """The step to be timed, how many of them there can be, and what went wrong in getting there."""
    if operation == "sign-in":
        return Phone.sign_in, MOST, Counter()
    if operation == "refresh":
        signed_in = await drive(phones, Phone.sign_in, WARM_UP, len(phones))
        return Phone.refresh, MOST, signed_in.failures
    minted: list[Code] = []

    async def mint(phone: Phone) -> None:
        minted.append(await phone.authorize())

    minting = await drive(phones, mint, 3 * load.seconds, CODES)
    codes = iter(minted)
    return lambda phone: phone.exchange(next(codes)), len(minted), minting.failures


async def drive(
    phones: list[Worker], step: Callable[[Worker], Awaitable[object]], seconds: float, most: int
) -> Tally:
    """Every phone takes one step after another, until the time is over or `most` are begun."""
    tally = Tally()
    latest = time.perf_counter() + seconds

    async def work(phone: Worker) -> None:
        while tally.begun < most and (began := time.perf_counter()) < latest:
            tally.begun += 1
            try:
                await step(phone)
            except Failed as failure:
                tally.failures[str(failure)] += 1
            else:
                tally.latencies.append(time.perf_counter() - began)

    async with asyncio.timeout(seconds + GIVE_UP):
        await asyncio.gather(*map(work, phones))
    return tally


async def open_phones(server: Server, provider: Provider, load: Load) -> list[Phone]:
    return [await Phone.open(server.address, provider.address) for _ in range(load.concurrency)]


def close(phones: list[Phone]) -> None:
    for phone in phones:
        phone.close()
