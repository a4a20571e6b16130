"""An independent OpenID provider behind the broker, and programs that other people's OAuth clients are made of."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.clients.clerk import ClerkJs, Person
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

NODE = Path(__file__).with_name("node")
LOOPBACK_WITH_PORT = "http://127.0.0.1:49152/callback"
UPSTREAM_SECRET = "oidc-provider-secret-canary"


@dataclass(frozen=True)
class Upstream:
    """npm oidc-provider, as node/upstream.mjs runs it."""

    issuer: str

    def queue(self, **sign_in: str) -> None:
        """What the next sign-in there is: `account="bob"` or `error="access_denied"`."""
        assert httpx2.post(f"{self.issuer}/__control", json=sign_in).status_code == 200

    def seen(self) -> dict[str, int]:
        return dict(httpx2.get(f"{self.issuer}/__control").json())


@pytest.fixture(scope="session")
def upstream_process(broker: RunningBroker) -> Iterator[Upstream]:
    assert (NODE / "node_modules" / "oidc-provider").is_dir(), (
        "run `make test`: it installs the node programs"
    )
    client = {
        "client_id": "broker",
        "client_secret": UPSTREAM_SECRET,
        "redirect_uri": f"{broker.address}/callback/upstream",
    }
    program = subprocess.Popen(
        ["node", "upstream.mjs", json.dumps({"clients": [client]})],
        cwd=NODE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout
        yield Upstream(json.loads(program.stdout.readline())["issuer"])
    finally:
        program.communicate(timeout=10)  # it ends when its standard input does


@pytest.fixture(scope="session")
def upstream(broker: RunningBroker, upstream_process: Upstream) -> Upstream:
    """It demands PKCE, rotates refresh tokens, announces `iss`, signs ES256; the broker calls it `upstream`."""
    body = {
        "id": "upstream",
        "issuer": upstream_process.issuer,
        "client_id": "broker",
        "client_secret": UPSTREAM_SECRET,
        "scopes": ["openid", "email", "profile", "offline_access"],
    }
    answer = broker.admin("POST", "/v1/providers", body)
    assert answer.status_code == 200, answer.text
    return upstream_process


@pytest.fixture(scope="session")
def public_app(broker: RunningBroker) -> dict[str, str]:
    """An installed app with a scheme of its own and no secret."""
    client_id = broker.make_client(name="Phone app")["client_id"]
    broker.allow(SCHEME_REDIRECT, client_id)
    return {"client_id": client_id, "redirect_uri": SCHEME_REDIRECT}


@pytest.fixture(scope="session")
def web_app(broker: RunningBroker) -> dict[str, str]:
    """A server-side app with a secret, back over https."""
    return confidential(broker, HTTPS_REDIRECT)


@pytest.fixture(scope="session")
def desktop_app(broker: RunningBroker) -> dict[str, str]:
    """An app with a secret, back over a loopback port that the entry does not name."""
    app = confidential(broker, LOOPBACK_WITH_PORT.replace(":49152", ""))
    return {**app, "redirect_uri": LOOPBACK_WITH_PORT}


def confidential(broker: RunningBroker, redirect_uri: str) -> dict[str, str]:
    made = broker.make_client(type="confidential")
    broker.allow(redirect_uri, made["client_id"])
    return {
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
        "redirect_uri": redirect_uri,
    }


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it printed."""

    code: int
    output: str
    error: str

    @property
    def told(self) -> dict[str, Any]:
        assert self.code == 0, self.error
        return dict(json.loads(self.output))


def run_node(program: str, trip: dict[str, Any], folder: Path = NODE) -> Ended:
    ended = subprocess.run(
        ["node", program, json.dumps(trip)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def honest(provider: ProviderStub) -> ProviderStub:
    """The suite's own provider, for trips that need no independent one."""
    return provider


@pytest.fixture(scope="session")
def clerk_js(broker: RunningBroker) -> Iterator[ClerkJs]:
    """`@clerk/backend` in one process for all its tests."""
    program = subprocess.Popen(
        ["node", "clerk_backend.mjs"], cwd=NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield ClerkJs(program, broker)
    finally:
        program.communicate(timeout=10)  # it ends when its standard input does


@pytest.fixture(scope="session")
def clerk_client_id(broker: RunningBroker) -> str:
    """An app whose backend verifies with one of Clerk's SDKs."""
    client_id = str(broker.make_client(name="Clerk app", token_profile="clerk")["client_id"])
    broker.allow(HTTPS_REDIRECT, client_id)
    return client_id


@pytest.fixture
def person(broker: RunningBroker, provider: ProviderStub, clerk_client_id: str) -> Person:
    """Somebody new, just signed in to that app."""
    provider.subject = f"person-{secrets.token_hex(4)}"
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        tokens = Phone(broker, clerk_client_id, HTTPS_REDIRECT, browser=browser).sign_in()
    return Person(f"{provider.subject}@example.com", tokens)
