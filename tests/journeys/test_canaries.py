"""Secrets that can be recognised, a trip through everything, and a look everywhere they must not be."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import redis

from broker.core.encryption_keys import new_encryption_key
from tests.conftest import HTTPS_REDIRECT
from tests.journeys.canaries import Secrets, everything, found_in, watching
from tests.journeys.forced_errors import DAMAGE, break_chores, damage, end_redis
from tests.journeys.whole_trip import (
    Trip,
    fail_at_the_provider,
    give_back,
    loud_libraries,
    read_tokens,
    rotate,
    set_up,
    sign_in_and_out,
    sign_in_natively,
)
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker, keys, running_broker
from tests.valkey import running_valkey
from tests.webhook_receiver import running_receiver, until

pytestmark = pytest.mark.xdist_group("canaries")  # one worker takes the trip, once

IN_REDIS = ("memory", "MONITOR", "append-only file", "snapshot")
AT_THE_BROKER = ("log", "error bodies", "command line", "metrics", "output of the rotation")
SEEN_IN = {  # what stands there if it is the whole of it
    "memory": b"events",
    "MONITOR": b"PUBLISH",
    "append-only file": b"session:{user_",
    "snapshot": b"session:{user_",
    "log": b"every library is heard",
    "error bodies": b"errors",
    "command line": b"serve",
    "metrics": b"",
    "output of the rotation": b"are sealed anew",
}


@dataclass
class Left:
    """What the trip left: its secrets, the places where one could lie, the status of each error that was forced."""

    secrets: Secrets
    places: dict[str, bytes]
    damaged: dict[str, int]
    without_redis: dict[str, int]


@pytest.fixture(scope="module")
def left(provider_process: ProviderStub) -> Iterator[Left]:
    provider_process.reset()
    new = new_encryption_key("new")
    with (
        loud_libraries(),
        running_valkey(appendonly="yes", rdbcompression="no") as url,
        watching(url) as watch,
        running_receiver() as receiver,
        running_broker(url) as first,
        httpx2.Client(follow_redirects=False, **LOCAL) as browser,
    ):
        trip = Trip(
            first, provider_process, receiver, Phone(first, "default", HTTPS_REDIRECT, browser=browser)
        )
        set_up(trip, new)
        for step in (sign_in_and_out, sign_in_natively, fail_at_the_provider, read_tokens, give_back):
            step(trip)
        with running_broker(url, ENCRYPTION_KEYS=f"{new},{keys()['BROKER_ENCRYPTION_KEYS']}") as second:
            said = rotate(second)
            trip.broker = trip.phone.broker = second
            assert trip.read().status_code == 200
            places = kept_by_redis(url) | {"MONITOR": watch.told, "output of the rotation": said}
            break_chores(trip, url, first)
            outcomes = damage(trip, url), end_redis(trip, url)
            yield Left(trip.secrets, places | told_by(trip, first, second), *outcomes)


def kept_by_redis(url: str) -> dict[str, bytes]:
    folder = Path(url.removeprefix("unix://")).parent
    with redis.Redis.from_url(url) as state:
        state.save()
    return {
        "memory": everything(url),
        "append-only file": b"".join(path.read_bytes() for path in folder.rglob("*.aof")),
        "snapshot": b"".join(path.read_bytes() for path in folder.rglob("*.rdb")),
    }


def told_by(trip: Trip, *brokers: RunningBroker) -> dict[str, bytes]:
    lines = [Path(f"/proc/{each.process.pid}/cmdline").read_bytes() for each in brokers]
    headers = [repr(each.headers.multi_items()).encode() for each in trip.errors]
    return {
        "log": "".join(each.log() for each in brokers).encode(),
        "error bodies": b"\n".join([*(each.content for each in trip.errors), *headers]),
        "command line": b"".join(lines),
        "metrics": trip.broker.get("/metrics").content,
    }


@pytest.mark.parametrize("place", IN_REDIS)
def test_tv_04_redis_holds_and_hears_no_secret(left: Left, place: str):
    """TV-04: no secret of the whole trip stands in what Redis holds, was told, or wrote to its disk."""
    assert SEEN_IN[place] in left.places[place]
    assert found_in(left.places[place], left.secrets) == []


@pytest.mark.parametrize("place", AT_THE_BROKER)
def test_tv_05_the_broker_tells_no_secret(left: Left, place: str):
    """TV-05: none stands in the log at debug level, in an error, on the command line or among the metrics."""
    assert SEEN_IN[place] in left.places[place]
    assert found_in(left.places[place], left.secrets | {"a damaged record": DAMAGE.encode()}) == []


def test_tv_05_every_error_was_forced(left: Left):
    """TV-05: each damaged record was a 500 or 503, each step without Redis a 503: the log has seen them all."""
    assert set(left.damaged.values()) <= {500, 503}, left.damaged
    assert set(left.without_redis.values()) == {503}, left.without_redis
    log = left.places["log"].decode()
    for event in (
        "unexpected_error", "state_unavailable", "record_broken", "sign_in_failed", "refresh_delayed",
        "connection_needs_reconnect", "revocation_postponed", "code_replayed", "admin_change",
    ):  # fmt: skip
        assert f'"event": "{event}"' in log, event


CANARY = b"planted-canary-0123456789"
ENCODED = {
    "clear": CANARY,
    "hexadecimal": CANARY.hex().encode(),
    **{f"base64 after {n}": b64encode(b"x" * n + CANARY + b"yz") for n in range(3)},
}


@pytest.mark.parametrize("text", ENCODED.values(), ids=ENCODED)
def test_the_search_finds_what_is_there(text: bytes):
    """A secret is found in clear, in hexadecimal and in base64 of a longer text, at each place where it could begin."""
    assert found_in(b"before" + text + b"after", {"it": CANARY, "another": b"not-there-0123"}) == ["it"]


HIDING_PLACES = {
    "key": ("SET", CANARY, "x"),
    "string": ("SET", "k", CANARY),
    "field": ("HSET", "k", CANARY, "x"),
    "value": ("HSET", "k", "x", b64encode(CANARY)),
    "list": ("RPUSH", "k", "x", CANARY.hex()),
    "set": ("SADD", "k", "x", CANARY),
    "sorted set": ("ZADD", "k", 1, "x", 2, CANARY),
    "stream": ("XADD", "k", "*", "x", b"--" + CANARY),
}
MESSAGES = {
    "channel": ("PUBLISH", "channel", CANARY),
    "argument": ("EVAL", "return 1", 0, b"\x00\xff" + CANARY),
    "bytes": ("ECHO", b64encode(CANARY)),
}


@pytest.fixture(scope="module")
def empty_valkey() -> Iterator[str]:
    with running_valkey() as url:
        yield url


@pytest.mark.parametrize("command", HIDING_PLACES.values(), ids=HIDING_PLACES)
def test_the_search_looks_into_every_type(empty_valkey: str, command: tuple[bytes, ...]):
    """A secret that is planted in Redis is found, whatever type holds it."""
    with redis.Redis.from_url(empty_valkey) as state:
        state.flushall()
        state.execute_command(*command)
    assert found_in(everything(empty_valkey), {"it": CANARY}) == ["it"]


@pytest.mark.parametrize(
    "command", [*HIDING_PLACES.values(), *MESSAGES.values()], ids=[*HIDING_PLACES, *MESSAGES]
)
def test_the_watch_hears_every_argument(empty_valkey: str, command: tuple[bytes, ...]):
    """A secret that is told to Redis in any argument is heard, though nothing keeps it; raw bytes are, too."""
    raw = bytes(range(200, 224))
    with watching(empty_valkey) as watch, redis.Redis.from_url(empty_valkey) as state:
        state.flushall()
        state.execute_command(*command)
        state.echo(raw)
        until(lambda: found_in(watch.told, {"it": CANARY, "raw": raw}) == ["it", "raw"])
