"""What a thief of the disk, or of the process list, would find after a trip with recognisable secrets."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import redis

from tests.conftest import HTTPS_REDIRECT, connect
from tests.phone import Phone
from tests.provider_stub import CLIENT_SECRET, ProviderStub
from tests.running import LOCAL, keys, running_broker
from tests.valkey import running_valkey


@dataclass(frozen=True)
class Left:
    """The secrets of a trip, and where it could have left them."""

    secrets: dict[str, str]
    append_only_file: bytes
    snapshot: bytes
    command_line: bytes


@pytest.fixture(scope="module")
def left(provider_process: ProviderStub) -> Iterator[Left]:
    provider_process.reset()
    with running_valkey(appendonly="yes", rdbcompression="no") as url, running_broker(url) as broker:
        connect(broker, provider_process)
        made = broker.make_client(type="confidential")
        broker.allow(HTTPS_REDIRECT, made["client_id"])
        with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
            phone = Phone(
                broker, made["client_id"], HTTPS_REDIRECT, browser=browser, state="app-state-canary-01"
            )
            phone.client_secret = made["client_secret"]
            code = phone.land()["code"]
            tokens = phone.exchange(code).json()
            again = phone.refresh(tokens["refresh_token"]).json()
            unused = phone.land()["code"]
            phone.authorize()
        folder = Path(url.removeprefix("unix://")).parent
        with redis.Redis.from_url(url) as state:
            state.save()
        yield Left(
            {
                "app state": phone.state,
                "verifier": phone.verifier,
                "code": code[28:],
                "unused code": unused[28:],
                "refresh token": tokens["refresh_token"][53:],
                "second refresh token": again["refresh_token"][53:],
                "access token": tokens["access_token"].split(".")[2],
                "client secret": made["client_secret"],
                "provider client secret": CLIENT_SECRET,
                "provider access token": "at-canary-",
                "provider refresh token": "rt-canary-",
                "backend key": broker.secret_key,
                **{f"{name} {n}": key for name, ring in keys().items() for n, key in enumerate(single(ring))},
            },
            b"".join(path.read_bytes() for path in folder.rglob("*.aof")),
            b"".join(path.read_bytes() for path in folder.rglob("*.rdb")),
            Path(f"/proc/{broker.process.pid}/cmdline").read_bytes(),
        )


def single(ring: str) -> list[str]:
    """The keys of a setting, without their ids."""
    return [part.partition(":")[2] or part for part in ring.split(",")]


def spellings(secret: str) -> list[bytes]:
    """The secret in clear, and in base64 at each of the three places where it could begin."""
    found = [secret.encode()]
    for shift in range(3):
        padded = b"\0" * shift + secret.encode()
        whole = len(padded) // 3 * 3
        begin = 4 if shift else 0  # the first four characters also hold what stands before
        found += [encode(padded[:whole])[begin:] for encode in (b64encode, urlsafe_b64encode)]
    return found


def found_in(place: bytes, secrets: dict[str, str]) -> list[str]:
    return [name for name, secret in secrets.items() if any(text in place for text in spellings(secret))]


@pytest.mark.parametrize("spelling", range(7))
def test_the_search_finds_what_is_there(spelling: int):
    """Each spelling that is searched for is found where it stands, in clear and in base64 of a longer text."""
    secret = "some-secret-canary-0123456789"
    place = b"--" + spellings(secret)[spelling] + b"--"
    assert found_in(place, {"it": secret}) == ["it"]
    assert found_in(b64encode(b"x" * spelling + secret.encode() + b"yz"), {"it": secret}) == ["it"]


def test_tv_04_nothing_in_the_append_only_file(left: Left):
    """TV-04: the append-only file holds the trip, and no secret of it in clear or in base64."""
    assert b"session:{user_" in left.append_only_file
    assert found_in(left.append_only_file, left.secrets) == []


def test_tv_04_nothing_in_a_snapshot(left: Left):
    """TV-04: an uncompressed snapshot holds the records, and no secret in clear or in base64."""
    assert b"session:{user_" in left.snapshot
    assert found_in(left.snapshot, left.secrets) == []


def test_tv_05_nothing_on_the_command_line(left: Left):
    """TV-05: the process list shows how the broker was started and none of its keys."""
    assert b"serve" in left.command_line
    assert found_in(left.command_line, left.secrets) == []
