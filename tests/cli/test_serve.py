"""`broker serve` and `broker check` refuse what would not be safe, and say which variable to change (AD-02)."""

import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import redis

from broker.core.encryption_keys import new_encryption_key
from tests.cli.command import Command
from tests.cli.conftest import Run
from tests.running import keys, running_broker
from tests.valkey import running_valkey

PUBLIC = {"ISSUER": "https://id.example.com", "DEVELOPMENT": None}
COUNTED = f"k1:{b64encode(bytes(range(32))).decode()}"
EC, RSA = keys()["BROKER_SIGNING_KEYS"].split(",")
SECRET_KEY = keys()["BROKER_SECRET_KEYS"]
REFUSED = {
    "weak encryption key": ("ENCRYPTION_KEYS", {"ENCRYPTION_KEYS": COUNTED}),
    "short encryption key": ("ENCRYPTION_KEYS", {"ENCRYPTION_KEYS": "k1:aHVzaC1odXNo"}),
    "sample secret key": ("SECRET_KEYS", {"SECRET_KEYS": "sk_replace_me_with_a_real_secret_key_hush-hush"}),
    "short secret key": ("SECRET_KEYS", {"SECRET_KEYS": SECRET_KEY[:30]}),
    "reused secret key": ("SECRET_KEYS", {"SECRET_KEYS": f"{SECRET_KEY},{SECRET_KEY}"}),
    "reused signing key": ("SIGNING_KEYS", {"SIGNING_KEYS": f"{EC},{RSA},{RSA}"}),
    "no secret key": ("SECRET_KEYS", {"SECRET_KEYS": None}),
    "plain http issuer": ("ISSUER", PUBLIC | {"ISSUER": "http://id.example.com"}),
    "loopback http without development": ("ISSUER", {"DEVELOPMENT": None}),
    "development with a public issuer": ("DEVELOPMENT", PUBLIC | {"DEVELOPMENT": "1"}),
    "simulated providers in public": ("SIMULATED_PROVIDERS", PUBLIC | {"SIMULATED_PROVIDERS": "1"}),
    "unreachable Redis": ("REDIS_URL", {"REDIS_URL": "redis://:hush-hush@127.0.0.1:1"}),
    "Redis port that is no number": ("REDIS_URL", {"REDIS_URL": "redis://:hush-hush@127.0.0.1:six"}),
    "no Redis": ("REDIS_URL", {"REDIS_URL": None}),
    "mistyped name": ("REDIS_URI", {"REDIS_URI": "redis://:hush-hush@127.0.0.1"}),
    "half a provider": ("GITHUB_CLIENT_ID", {"GITHUB_CLIENT_SECRET": "hush-hush"}),
}


@pytest.mark.parametrize(
    ("command", "case"),
    [*(("serve", case) for case in REFUSED), ("check", "unreachable Redis"), ("check", "mistyped name")],
)
def test_ad_02_start_is_refused(broker_command: Run, command: str, case: str):
    """AD-02: the broker does not start with weak, sample, short or reused keys, a plain-http or public development
    issuer, public simulations, a Redis that is not there or a mistyped name; the variable is named, no secret shown."""
    name, changes = REFUSED[case]
    told = broker_command(command, **changes)
    assert told.code == 1
    assert re.search(rf"\bBROKER_{name}\b", told.everything), told.everything
    assert_silent(told, changes)


def assert_silent(told: Command, changes: dict[str, str | None]) -> None:
    """Neither the given values nor the keys of the environment stand in what was said."""
    secrets = {"hush-hush", SECRET_KEY[3:], EC, RSA, keys()["BROKER_ENCRYPTION_KEYS"].partition(":")[2]}
    given = {value for name, value in changes.items() if value and "KEYS" in name}
    assert not [secret for secret in secrets | given if secret in told.everything]


@pytest.fixture(scope="module")
def evicting_valkey() -> Iterator[str]:
    with running_valkey(maxmemory="50mb", maxmemory_policy="allkeys-lru") as url:
        yield url


@pytest.mark.parametrize("command", ["serve", "check"])
def test_ad_02_evicting_redis_is_refused(broker_command: Run, evicting_valkey: str, command: str):
    """AD-02: a Redis that evicts would lose sessions; the message names the variable, the policy and the right one."""
    told = broker_command(command, REDIS_URL=evicting_valkey)
    assert told.code == 1
    assert re.search(r"BROKER_REDIS_URL: .*allkeys-lru.*noeviction", told.everything)
    with redis.Redis.from_url(evicting_valkey) as connection:
        assert connection.dbsize() == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_ad_02_simulation_keeps_to_loopback(broker_command: Run, host: str):
    """AD-02: simulated providers let anybody be anybody, so they are not offered to the network."""
    told = broker_command("serve", "--host", host, SIMULATED_PROVIDERS="1")
    assert told.code == 1
    assert "--host" in told.error


@pytest.mark.parametrize("command", [["serve"], ["check"], ["providers", "list"]])
def test_lost_encryption_key_is_named(broker_command: Run, command: list[str]):
    """With a ring that lacks the key of what is stored, the commands name the setting instead of failing at the
    first sign-in."""
    with running_valkey() as url:
        with running_broker(url) as broker:
            body = {"id": "github", "client_id": "x", "client_secret": "hush-hush"}
            assert broker.admin("POST", "/v1/providers", body).status_code == 200
        told = broker_command(*command, REDIS_URL=url, ENCRYPTION_KEYS=new_encryption_key("other"))
    assert told.code == 1
    assert "BROKER_ENCRYPTION_KEYS" in told.everything
    assert "github" in told.everything


def test_port_in_use(broker_command: Run):
    """A port that is taken is named with its option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = broker_command("serve", "--port", str(port))
    assert told.code == 1
    assert f"--port {port}" in told.error


def test_host_that_is_none(broker_command: Run):
    """An address that is none is named with its option."""
    told = broker_command("serve", "--host", "nowhere.invalid")
    assert told.code == 1
    assert "--host nowhere.invalid" in told.error


@pytest.mark.parametrize("arguments", [["serve", "--port", "x"], ["serve", "--prot"], ["check", "me"]])
def test_bad_arguments(broker_command: Run, arguments: list[str]):
    """A mistyped option or argument is repeated in the message, with exit code 2."""
    told = broker_command(*arguments)
    assert told.code == 2
    assert arguments[-1] in told.error


def test_check_says_what_it_saw(broker_command: Run):
    """A deployment that would start is described line by line, what is odd about it marked."""
    told = broker_command("check")
    assert told.code == 0
    lines = told.output.splitlines()
    assert {line.split()[0] for line in lines} == {"good", "odd"}
    assert any("append-only" in line for line in lines)
    assert any("development mode is on" in line for line in lines)


def test_check_of_a_settled_deployment(broker_command: Run, tmp_path: Path):
    """Nothing is odd about a Redis that persists, a provider with credentials and an allowlist that is not empty."""
    google = {"GOOGLE_CLIENT_ID": "g", "GOOGLE_CLIENT_SECRET": "hush-hush"}
    with running_valkey(appendonly="yes") as url:
        settings = PUBLIC | google | {"REDIS_URL": url}
        assert broker_command("allowlist", "add", "https://app.example.com/cb", **settings).code == 0
        told = broker_command("check", **settings)
    assert told.code == 0
    assert {line.split()[0] for line in told.output.splitlines()} == {"good"}
    assert "Google" in told.output
    assert_silent(told, settings)


def test_public_issuer_is_served(valkey: str):
    """With a public https issuer and no development mode the broker starts, and calls itself what it was told."""
    with running_broker(valkey, ISSUER="https://id.example.com", DEVELOPMENT="0") as broker:
        found = httpx2.get(f"{broker.address}/.well-known/openid-configuration")
        assert found.json()["issuer"] == "https://id.example.com"
        assert found.headers["strict-transport-security"]
        assert broker.get("/").status_code == 404
