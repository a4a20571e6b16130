"""Token custody: what a provider token costs to read, to keep, and to renew when a hundred ask at once.

Three servers are up at once and their runs alternate: a broker over a few connections, one over many, and the ceiling.
"""

import random
import secrets
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import count
from statistics import median
from typing import NamedTuple

import msgspec
from redis.asyncio import Redis

from benchmarks import connections, servers
from benchmarks.ceiling import KEEPING, Kept
from benchmarks.client import Connection, Failed
from benchmarks.connections import PROVIDER, Place, Range, ref_of
from benchmarks.findings import Findings, Memory
from benchmarks.flows import Load, drive
from benchmarks.provider import CLIENT_ID, CLIENT_SECRET, Provider
from benchmarks.report import Report, Sample
from benchmarks.servers import Cores, Server
from benchmarks.storm import storms
from broker.core.identity import ProviderTokens
from broker.store.grants import Ref

SERVERS = ("broker", "loaded", "ceiling")
FEW = 3_000  # each half more than the 1,024 addresses whose routes Litestar remembers
STRIDE = 7_919  # a prime: by it all are read before one is read again, and neighbours are not read together
MOST = 50_000  # reads of one run
WARM_UP = 1_000  # reads of each operation
COUNTED = 400  # reads of which the round trips are counted
READS = "oauth_access_tokens"


class Operation(NamedTuple):
    """Reads of tokens of one length, by so many callers at once. `most_users`: of the same few again and again."""

    name: str
    tokens: str
    concurrency: int
    most_users: int | None = None


class Target(NamedTuple):
    """A server, whose connections it has, and the header by which it answers."""

    server: Server
    held: dict[str, Range]
    header: str = ""


async def run(load: Load, many: int) -> Findings:
    """Load, start everything, measure by turns, end everything."""
    cores = Cores.choose()
    report = Report(load.seconds, load.runs, None, one_core=cores.server == cores.load, servers=SERVERS)
    found = Findings(report, (FEW, many))
    keys = servers.keys()
    with servers.pinned(cores.load), servers.valkey() as few_url, servers.valkey() as many_url:
        places = [Place(url, keys["BROKER_ENCRYPTION_KEYS"]) for url in (few_url, many_url)]
        await fill(places[0], FEW)
        found.memory = await fill(places[1], many)
        await fill_ceiling(f"{few_url}/1")
        provider = await Provider.start()
        async with AsyncExitStack() as stack:
            few, loaded = [
                await start_broker(stack, cores, place, keys, provider, held)
                for place, held in zip(places, (FEW, many), strict=True)
            ]
            least = await stack.enter_async_context(
                servers.ceiling(cores.server, f"{few_url}/1", provider.address)
            )
            targets = dict(zip(SERVERS, (few, loaded, Target(least, halves(FEW))), strict=True))
            found.storms = await storms(few.server, few.header, places[0], provider, load.runs)
            await measure_all(report, targets, load)
            found.round_trips = await count_round_trips(few, few_url, load.concurrency)
            report.peaks = {name: target.server.peak_mib() for name, target in targets.items()}
            report.starts = [{name: target.server.start for name, target in targets.items()}]
        provider.close()
    return found


async def start_broker(
    stack: AsyncExitStack, cores: Cores, place: Place, keys: dict[str, str], provider: Provider, held: int
) -> Target:
    server, secret_key = await stack.enter_async_context(servers.broker(cores.server, place.redis_url, keys))
    return Target(server, halves(held), await configure(server, secret_key, provider))


def halves(held: int) -> dict[str, Range]:
    """One half of the connections has long tokens, the other short ones."""
    return {"long": Range(0, held // 2), "short": Range(held // 2, held)}


async def fill(place: Place, held: int) -> list[Memory]:
    """Make as many connections, and see what Redis needs for them."""
    found = []
    async with Redis.from_url(place.redis_url) as redis:
        before = await used_memory(redis)
        for kind, numbers in {**halves(held), "people": Range(0, held)}.items():
            await connections.write(place, kind, numbers)
            after = await used_memory(redis)
            found.append(memory(kind, (after - before) / (numbers.end - numbers.first)))
            before = after
    return found


async def used_memory(redis: Redis) -> int:
    return int((await redis.info("memory"))["used_memory"])


def memory(kind: str, bytes_each: float) -> Memory:
    if kind == "people":
        return Memory("user, account, identity, lists", bytes_each, 0)
    tokens = connections.TOKENS[kind](1)
    given = sum(len(each or "") for each in (tokens.access_token, tokens.refresh_token, tokens.id_token))
    return Memory(f"a grant with {kind} tokens", bytes_each, given)


async def fill_ceiling(redis_url: str) -> None:
    """The same tokens, as the ceiling keeps them."""
    records: dict[str, bytes] = {}
    for kind, numbers in halves(FEW).items():
        for number in range(*numbers):
            tokens = connections.TOKENS[kind](number)
            records |= kept_record(ref_of(number), tokens)
    async with Redis.from_url(redis_url) as redis:
        await redis.mset(records)


def kept_record(ref: Ref, tokens: ProviderTokens) -> dict[str, bytes]:
    kept = Kept(ref.account_id, tokens.access_token, tokens.id_token, tokens.expires_at, list(tokens.scope))
    iv = secrets.token_bytes(12)
    sealed = KEEPING.encrypt(iv, msgspec.json.encode(kept), ref.user_id.encode())
    return {f"kept:{ref.user_id}": iv + sealed}


async def configure(broker: Server, secret_key: str, provider: Provider) -> str:
    """Tell a broker of the provider; the header of a stored secret key that may read tokens and nothing else."""
    headers = f"Authorization: Bearer {secret_key}\r\nContent-Type: application/json\r\n"
    connection = await Connection.open(broker.address)
    for path, body in {
        "/v1/providers": {
            "id": PROVIDER,
            "issuer": provider.address,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        },
        "/v1/secret_keys": {"name": "reader", "scopes": ["tokens:read"]},
    }.items():
        answer = await connection.ask("POST", path, headers, msgspec.json.encode(body).decode())
        if answer.status != 200:
            raise Failed(f"{path} answered {answer.status}: {answer.body.decode()}")
    connection.close()
    return f"Authorization: Bearer {msgspec.json.decode(answer.body)['secret']}\r\n"


async def measure_all(report: Report, targets: dict[str, Target], load: Load) -> None:
    once = load.concurrency
    operations = [
        Operation(f"long, {once}", "long", once),
        Operation(f"long, {4 * once}", "long", 4 * once),
        Operation(f"short, {once}", "short", once),
        Operation(f"same, {once}", "long", once, 100),
    ]
    for target in targets.values():
        for operation in operations:
            await measure(operation, target, load.seconds, WARM_UP)
    for _ in range(load.runs):
        for operation in operations:
            for name, target in targets.items():
                report.add(operation.name, name, await measure(operation, target, load.seconds, MOST))


async def measure(operation: Operation, target: Target, seconds: float, most: int) -> Sample:
    """One timed run: everybody reads the next user's token."""
    numbers = in_turn(target.held[operation.tokens], operation.most_users)

    async def read(connection: Connection) -> None:
        number = next(numbers)
        path = f"/v1/users/{ref_of(number).user_id}/{READS}/{PROVIDER}"
        answer = await connection.ask("GET", path, target.header)
        if answer.status != 200:
            raise Failed(f"{READS} answered {answer.status}")
        if connections.TOKENS[operation.tokens](number).access_token.encode() not in answer.body:
            raise Failed(f"{READS} gave another token")

    callers = [await Connection.open(target.server.address) for _ in range(operation.concurrency)]
    cpu, began = target.server.cpu_seconds(), time.perf_counter()
    tally = await drive(callers, read, seconds, most)
    wall, cpu = time.perf_counter() - began, target.server.cpu_seconds() - cpu
    for caller in callers:
        caller.close()
    return Sample(sorted(tally.latencies), tally.failures, wall, cpu)


def in_turn(numbers: Range, most: int | None) -> Iterator[int]:
    """Endlessly, from anywhere on."""
    size = min(numbers.end - numbers.first, most or numbers.end)
    return (numbers.first + step * STRIDE % size for step in count(random.randrange(size)))


async def count_round_trips(target: Target, redis_url: str, concurrency: int) -> dict[int, float]:
    """As Valkey counts what it reads from its connections; one read is one burst of commands. The median of three: the
    broker's own chores come once a second."""
    found = {}
    async with Redis.from_url(redis_url) as redis:
        for callers in (1, concurrency, 4 * concurrency):
            counts = []
            for _ in range(3):
                before = (await redis.info("stats"))["total_reads_processed"]
                await measure(Operation("", "long", callers), target, 10, COUNTED)
                counts.append((await redis.info("stats"))["total_reads_processed"] - before - 1)
            found[callers] = median(counts) / COUNTED
    return found
