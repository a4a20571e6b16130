"""The encryption key is exchanged, here for one in AWS KMS, while the broker runs; and what would lose data is refused."""

import os
import pty
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import httpx2
import pytest
import redis
from click.testing import CliRunner, Result

from broker.cli.check import check
from broker.cli.keys import keys as keys_command
from broker.core.encryption_keys import EncryptionKeys, new_encryption_key, new_key
from broker.key_sources import source
from broker.store.sealing import SealBroken, Sealer, key_id_of
from tests.cli.command import on_path, run
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT, connect
from tests.key_services import WRAPPING_KEY, running_kms
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import BROKER, LOCAL, RunningBroker, keys, running_broker
from tests.valkey import running_valkey

OLD = keys()["BROKER_ENCRYPTION_KEYS"]  # its id is `test`
SEALED_WITH_OLD = b"\x01\x04test"
DRAWERS = {b"grant", b"provider", b"webhook", b"pending", b"pushed", b"return"}


def environment(url: str, ring: str) -> dict[str, str]:
    chosen = {"REDIS_URL": url, "ENCRYPTION_KEYS": ring, "ISSUER": "http://127.0.0.1:1", "DEVELOPMENT": "1"}
    return keys() | {f"BROKER_{name}": value for name, value in chosen.items()}


def told(url: str, ring: str, command: click.Command, *arguments: str) -> Result:
    """What a command says. In this process, since a new one would need a second for its imports alone."""
    return CliRunner(env=environment(url, ring)).invoke(command, arguments)


@dataclass(frozen=True)
class Deployment:
    """A Valkey with the traces of one of everything, sealed with the old key; `new` is the entry that replaces it."""

    url: str
    new: str
    old_broker: RunningBroker

    @property
    def both(self) -> str:
        return f"{self.new},{OLD}"

    def drawers_of_the_old_key(self) -> set[bytes]:
        """What the keys of Redis begin with under which something is sealed with the old key, raw or in base64."""
        with redis.Redis.from_url(self.url) as state:
            return {
                key.partition(b":")[0]
                for key in state.scan_iter()
                for value in values(state, key)
                if SEALED_WITH_OLD in value or b64encode(SEALED_WITH_OLD) in value
            }

    def make_quiet(self) -> None:
        """As if the last broker with the old key had ended minutes ago."""
        with redis.Redis.from_url(self.url) as state:
            for mark in state.hkeys("ring"):
                if mark.startswith(b"test."):
                    state.hincrby("ring", mark, -600)


def values(state: "redis.Redis", key: bytes) -> list[bytes]:
    kind = state.type(key)
    if kind == b"hash":
        return list(state.hgetall(key).values())
    return [state.get(key) or b""] if kind == b"string" else []


@pytest.fixture(scope="module")
def deployment(provider_process: ProviderStub) -> Iterator[Deployment]:
    provider_process.reset()
    with pytest.MonkeyPatch.context() as patch, running_kms() as service, running_valkey() as url:
        for name, value in service.items():
            patch.setenv(name, value)
        new = f"new:aws-kms:{source('aws-kms').wrap('new', new_key(), WRAPPING_KEY)}"
        with running_broker(url) as broker:
            leave_one_of_everything(broker, provider_process)
            yield Deployment(url, new, broker)


def leave_one_of_everything(broker: RunningBroker, provider: ProviderStub) -> None:
    connect(broker, provider)
    broker.allow(HTTPS_REDIRECT)
    broker.allow(SCHEME_REDIRECT)
    hook = broker.admin("POST", "/v1/webhooks", {"url": "https://backend.example.com/hook"})
    assert hook.status_code == 200, hook.text
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        phone = Phone(broker, "default", HTTPS_REDIRECT, browser=browser)
        phone.sign_in()
        phone.authorize()
        phone.call("/par", phone.request())
        phone.redirect_uri = SCHEME_REDIRECT
        phone.follow(phone.authorize())


def test_tv_03_the_key_is_exchanged(deployment: Deployment):
    """TV-03: the way from one key to another: none may be skipped, nothing is lost on it, and afterwards nothing needs
    the old key."""
    assert deployment.drawers_of_the_old_key() == DRAWERS
    early = told(deployment.url, deployment.both, keys_command, "rotate")
    assert early.exit_code == 1
    assert "no broker has sealed with new yet" in early.stderr

    with running_broker(deployment.url, ENCRYPTION_KEYS=deployment.both) as broker:
        first = told(deployment.url, deployment.both, keys_command, "rotate")
        assert first.exit_code == 0, first.stdout
        assert "test must stay in the ring" in first.stdout  # its broker still runs
        assert deployment.drawers_of_the_old_key() == set()
        deployment.old_broker.process.terminate()
        deployment.old_broker.process.wait(20)
        deployment.make_quiet()
        second = told(deployment.url, deployment.both, keys_command, "rotate")
        assert "0 records are sealed anew" in second.stdout
        assert "test seals nothing any more" in second.stdout
        assert broker.admin("GET", "/v1/providers").status_code == 200
        with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
            Phone(broker, "default", HTTPS_REDIRECT, browser=browser).sign_in()

    after = told(deployment.url, deployment.new, check)
    assert after.exit_code == 0, after.output
    assert "records are sealed with the key new" in after.output
    assert every_grant_opens(deployment)


def every_grant_opens(deployment: Deployment) -> bool:
    """With the new key alone."""
    sealer = Sealer(
        EncryptionKeys.parse(deployment.new, lambda *named: source(named[1]).unwrap(named[0], named[2]))
    )
    with redis.Redis.from_url(deployment.url) as state:
        found = [(key.decode(), state.hgetall(key)) for key in state.scan_iter("grant:*")]
    opened = [
        sealer.open(value, f"{key}:{field.decode()}")
        for key, fields in found
        for field, value in fields.items()
        if key_id_of(value)
    ]
    return len(opened) >= 2 and all(opened)


def test_tv_03_a_key_dropped_early_stops_the_start(tmp_path: Path):
    """TV-03: a broker whose ring lacks a key with records does not start; told are the setting, the key, and what to do."""
    with running_valkey() as url:
        with redis.Redis.from_url(url) as state:
            state.hset("ring", EncryptionKeys.parse(OLD).marks[0], "1800000000")
        new = new_encryption_key("new")
        serve = run(["serve"], tmp_path, {"REDIS_URL": url, "ENCRYPTION_KEYS": new})
        checked = told(url, new, check)
    for code, text in ((serve.code, serve.error), (checked.exit_code, checked.stdout)):
        assert code == 1
        assert "BROKER_ENCRYPTION_KEYS: the key test is missing" in text
        assert "broker keys rotate" in text


@dataclass(frozen=True)
class Crowd:
    """Many grants, sealed with the old key of a ring that has a new one."""

    url: str
    ring: str

    def counts(self) -> dict[str, int]:
        """Of all records, by the key that sealed them. Raises SealBroken when one is not what it was."""
        sealer, counts = Sealer(EncryptionKeys.parse(self.ring)), {"old": 0, "new": 0}
        with redis.Redis.from_url(self.url) as state:
            for key in state.scan_iter("grant:*", count=1000):
                for field, value in state.hgetall(key).items():
                    assert sealer.open(value, f"{key.decode()}:{field.decode()}") == b"token"
                    counts[key_id_of(value)] += 1
        return counts


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    old, new = new_encryption_key("old"), new_encryption_key("new")
    ring, sealer = EncryptionKeys.parse(f"{new},{old}"), Sealer(EncryptionKeys.parse(old))
    with running_valkey() as url, redis.Redis.from_url(url) as state:
        state.hset("ring", mapping=dict.fromkeys(ring.marks, int(time.time()) - 600))
        with state.pipeline(transaction=False) as pipe:
            for n in range(1500):
                key, field = f"grant:{{user_{n}}}:stub", f"eac_{n:024x}"
                pipe.hset(key, field, sealer.seal(b"token", f"{key}:{field}"))
            pipe.execute()
        yield Crowd(url, f"{new},{old}")


def test_killed_half_way_it_goes_on(crowd: Crowd):
    """A rotation that was killed in the middle leaves every record whole; the next goes on behind what was done, shows a
    person at a terminal how far it is, and finishes."""
    settings = on_path(environment(crowd.url, crowd.ring))
    rotate = [*BROKER, "keys", "rotate"]
    first = subprocess.Popen([*rotate, "--per-second", "100"], env=settings, stderr=subprocess.DEVNULL)
    with redis.Redis.from_url(crowd.url) as state:
        while first.poll() is None and not state.exists("rewrap"):
            time.sleep(0.01)
    first.kill()
    first.wait(10)
    half = crowd.counts()
    assert min(half.values()) > 0
    screen, terminal = pty.openpty()
    second = subprocess.run(
        rotate, env=settings, stdout=subprocess.PIPE, stderr=terminal, text=True, check=True
    )
    shown = os.read(screen, 100_000).decode()
    os.close(screen)
    os.close(terminal)
    assert crowd.counts() == {"old": 0, "new": 1500}
    assert "going on after" in shown
    assert "100%" in shown
    assert f"{half['old']} records are sealed anew with new" in second.stdout
    assert "old seals nothing any more" in second.stdout


def test_tv_02_broken_records_keep_their_key(crowd: Crowd):
    """TV-02: a record that does not open is named and left as it is, the exit code is 1, and no key leaves the ring; a
    dry run before it says what there is to do."""
    with redis.Redis.from_url(crowd.url) as state:
        state.hset("grant:{user_0}:stub", f"eac_{0:024x}", b"\x01\x03oldcut")
    dry = told(crowd.url, crowd.ring, keys_command, "rotate", "--dry-run")
    assert dry.stdout == "1500 records were found sealed with old\n"
    assert "1501 of about 1501" in dry.stderr
    rotated = told(crowd.url, crowd.ring, keys_command, "rotate")
    assert rotated.exit_code == 1
    assert "1499 records are sealed anew with new\n1 records do not open" in rotated.stdout
    assert f"grant:{{user_0}}:stub:eac_{0:024x}" in rotated.stdout
    with pytest.raises(SealBroken):
        crowd.counts()
    with redis.Redis.from_url(crowd.url) as state:
        assert len(state.hkeys("ring")) == 2


def test_a_lost_key_can_be_given_up(crowd: Crowd):
    """A key that is lost for good is forgotten by name, after a question; one that is there is not."""
    url, new = crowd.url, crowd.ring.split(",")[0]
    assert told(url, new, keys_command, "forget", "old").exit_code == 1  # nobody said yes
    assert told(url, new, check).exit_code == 1
    given_up = told(url, new, keys_command, "forget", "old", "--yes")
    assert given_up.exit_code == 0, given_up.output
    assert told(url, new, check).exit_code == 0
    assert "no key that is missing" in told(url, new, keys_command, "forget", "new", "--yes").stderr
