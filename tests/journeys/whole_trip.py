"""A trip through everything that the broker does with secrets, where it goes well and where it does not."""

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from aiohttp import web
from click.testing import CliRunner

from broker.cli.keys import keys as keys_command
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT, connect
from tests.device import IDS, Device
from tests.journeys.canaries import Secrets
from tests.phone import Phone
from tests.provider_stub import CLIENT_SECRET, ProviderStub
from tests.running import RunningBroker, keys
from tests.webhook_receiver import WebhookReceiver, until

LOUD = "import logging\nlogging.basicConfig(level=logging.DEBUG)\nlogging.debug('every library is heard')\n"


@dataclass
class Trip:
    """What the steps share; `errors` are the answers that were no success."""

    broker: RunningBroker
    stub: ProviderStub
    receiver: WebhookReceiver
    phone: Phone
    secrets: Secrets = field(default_factory=dict)
    errors: list[httpx2.Response] = field(default_factory=list)
    backend_key: str = ""
    user_id: str = ""

    def keep(self, **secrets: str) -> None:
        self.secrets |= {name: text.encode() for name, text in secrets.items()}

    def fails(self, answer: httpx2.Response) -> int:
        assert answer.status_code >= 400, answer.text
        self.errors.append(answer)
        return answer.status_code

    def admin(self, method: str, path: str, body: object = None) -> Any:
        answer = self.broker.admin(method, path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, path: str, key: str | None = None) -> httpx2.Response:
        return self.broker.get(path, headers={"authorization": f"Bearer {key or self.backend_key}"})

    def read(self, query: str = "") -> httpx2.Response:
        """The person's provider token, asked for by a backend with a key of its own."""
        return self.ask(f"/v1/users/{self.user_id}/oauth_access_tokens/stub{query}")

    def sign_in(self, **fields: object) -> dict[str, Any]:
        self.stub.token_fields = dict(fields)
        tokens = self.phone.sign_in()
        self.user_id = jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"]
        return tokens

    def provider_says(self, path: str, status: int, text: str) -> None:
        """A provider that repeats what it was just told, as careless ones do: in TOLD all of it, in TOKEN the token."""

        def answer() -> web.Response:
            form = self.stub.asked(path)[-1]
            token = form.get("refresh_token") or form.get("token") or form.get("code", "")
            said = text.replace("TOLD", " ".join(form.values())).replace("TOKEN", token)
            return web.Response(status=status, text=said, content_type="application/json")

        self.stub.answers[path] = answer


@contextmanager
def loud_libraries() -> Iterator[None]:
    """The processes begun here log at debug level, with every library: Python reads `sitecustomize` before all else."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory(prefix="loud") as folder:
        (Path(folder) / "sitecustomize.py").write_text(LOUD)
        patch.setenv("PYTHONPATH", folder)
        yield


def set_up(trip: Trip, new_ring: str) -> None:
    """Everything secret that an admin makes."""
    connect(trip.broker, trip.stub)
    client = trip.broker.make_client(type="confidential")
    for url in (HTTPS_REDIRECT, SCHEME_REDIRECT):
        trip.broker.allow(url, client["client_id"])
    trip.phone.client_id, trip.phone.client_secret = client["client_id"], client["client_secret"]
    trip.phone.state = "app-state-canary-0123456789"
    scopes = {"scopes": ["tokens:read"]}
    trip.backend_key = trip.admin("POST", "/v1/secret_keys", {"name": "backend", **scopes})["secret"]
    trip.receiver.answers["/hook"] = [500]
    hook = trip.admin("POST", "/v1/webhooks", {"url": f"{trip.receiver.url}/hook"})
    rotated = trip.admin("POST", f"/v1/webhooks/{hook['id']}/rotate_secret")
    trip.keep(
        client_secret=client["client_secret"],
        backend_key=trip.backend_key,
        provider_client_secret=CLIENT_SECRET,
        provider_access_tokens="at-canary-",
        provider_refresh_tokens="rt-canary-",
    )
    rings = {**keys(), "new ring": new_ring}
    entries = {f"{name} {n}": each for name in rings for n, each in enumerate(rings[name].split(","))}
    for name, text in {**entries, "whsec": hook["secret"], "second whsec": rotated["secret"]}.items():
        keep_key(trip, name, text.removeprefix("whsec_"))


def keep_key(trip: Trip, name: str, text: str) -> None:
    """A key in the form in which it is set, without its id, and its bytes."""
    key = text.partition(":")[2] or text
    trip.keep(**{name: key})
    if "ENCRYPTION" in name or "whsec" in name or name.startswith("new ring"):
        trip.secrets[f"raw {name}"] = b64decode(key)


def sign_in_and_out(trip: Trip) -> None:
    """One whole way; flows left at the provider, on the return page and in PAR; a replay, a reuse, a sign-out."""
    phone, made = trip.phone, list[str]()
    trip.stub.make_id_token = lambda claims: made.append(trip.stub.sign(claims)) or made[-1]
    start = phone.authorize()
    upstream = parse_qs(urlsplit(start.headers["location"]).query)
    code = phone.follow(start)["code"]
    tokens = phone.exchange(code).json()
    again = phone.refresh(tokens["refresh_token"]).json()
    third = phone.refresh(again["refresh_token"]).json()
    phone.authorize()
    pushed = phone.call("/par", dict(phone.request())).json()
    phone.redirect_uri = SCHEME_REDIRECT
    page = phone.follow(phone.authorize()).response
    phone.redirect_uri = HTTPS_REDIRECT
    unused = phone.land()["code"]
    trip.fails(phone.exchange(code))
    trip.fails(phone.exchange(unused, code_verifier="w" * 43))
    trip.fails(phone.refresh(tokens["refresh_token"]))
    phone.revoke(phone.sign_in()["refresh_token"])
    cookies = [
        value for name, value in dict(phone.browser.cookies).items() if "last" not in name
    ]  # a provider's id
    first = trip.stub.asked("/token")[0]
    trip.keep(**{f"cookie {n}": value for n, value in enumerate(cookies)})
    trip.keep(
        app_state=phone.state,
        app_verifier=phone.verifier,
        our_state=upstream["state"][0],
        our_nonce=upstream["nonce"][0],
        our_verifier=first["code_verifier"],
        provider_code=first["code"],
        provider_id_token=made[0].split(".")[2],
        code=code[28:],
        unused_code=unused[28:],
        request_uri=pushed["request_uri"].rpartition(":")[2],
        return_form=page.text.split('name="flow" value="')[1].split('"')[0],
        refresh_token=tokens["refresh_token"][53:],
        second_refresh_token=again["refresh_token"][53:],
        third_refresh_token=third["refresh_token"][53:],
        access_token=tokens["access_token"].split(".")[2],
        id_token=tokens["id_token"].split(".")[2],
    )


def sign_in_natively(trip: Trip) -> None:
    """By an SDK: a challenge that is taken and replayed, one that is refused, one that is left."""
    client_id = trip.phone.client_id
    trip.admin("PATCH", "/v1/providers/stub", {"native_nonce": "sha256-hex"})
    trip.admin("PATCH", f"/v1/clients/{client_id}", {"native_client_ids": {"stub": IDS}})
    device = Device(trip.broker, client_id, trip.stub, "stub", client_secret=trip.phone.client_secret)
    made, refused, left = device.challenge(), device.challenge(), device.challenge()
    token = device.id_token(made["nonce"])
    tokens = device.exchange(made["challenge"], token).json()
    trip.fails(device.exchange(made["challenge"], token))
    trip.fails(device.exchange(refused["challenge"], token))
    trip.fails(device.exchange(device.challenge()["challenge"], token, authorization_code="sdk-code-canary"))
    trip.keep(
        challenge=made["challenge"],
        refused_challenge=refused["challenge"],
        left_challenge=left["challenge"],
        left_nonce=left["nonce"],
        sdk_id_token=token.split(".")[2],
        sdk_code="sdk-code-canary",
        native_refresh_token=tokens["refresh_token"][53:],
    )


def fail_at_the_provider(trip: Trip) -> None:
    """Sign-ins that end badly, each time with secrets in the provider's words."""
    refused = '{"error": "invalid_grant", "error_description": "TOLD"}'
    for status, text in ((400, refused), (400, '{"error": "TOKEN"}'), (502, "<p>TOLD"), (200, '"TOLD')):
        trip.provider_says("/token", status, text)
        assert trip.phone.land()["error"] in {"server_error", "temporarily_unavailable"}
    trip.stub.answers.clear()
    trip.stub.claims = lambda claims: claims | {"nonce": "another"}
    assert trip.phone.land()["error"] == "server_error"
    trip.stub.claims = lambda claims: claims
    trip.stub.callback = lambda back: {**back, "error": "oops", "error_description": back["code"]}
    assert trip.phone.land()["error"] == "server_error"
    trip.stub.callback = lambda back: back


def read_tokens(trip: Trip) -> None:
    """A provider token served, renewed, late, refused and lost; and asked for by who may not."""
    trip.sign_in()
    for query in ("", "?force_refresh=true"):
        assert trip.read(query).status_code == 200
    answers = [
        (502, "<p>TOLD"),
        (400, '{"error": "TOKEN"}'),
        (400, '{"error": "invalid_grant", "error_description": "TOLD"}'),
        (200, '{"access_token": 1, "refresh_token": "TOKEN"}'),
    ]
    for status, text in answers:
        trip.sign_in(expires_in=0)
        trip.provider_says("/token", status, text)
        trip.fails(trip.read())
        trip.stub.answers.clear()
    trip.sign_in()
    trip.fails(trip.read("?min_ttl=" + trip.backend_key))
    trip.fails(trip.ask("/v1/users"))
    trip.fails(trip.ask("/v1/users", trip.backend_key + "x"))
    trip.fails(trip.broker.admin("POST", "/v1/webhooks", {"url": f"ftp://x.example/{trip.backend_key}"}))


def give_back(trip: Trip) -> None:
    """Tokens given back to a provider that is down, so that it stays owed; a user deleted, who comes anew."""
    trip.provider_says("/revoke", 503, '{"error": "TOKEN"}')
    (account,) = trip.admin("GET", f"/v1/users/{trip.user_id}/external_accounts")
    given = trip.admin("DELETE", f"/v1/users/{trip.user_id}/external_accounts/{account['id']}/tokens")
    assert given["revocation"] == "pending"
    trip.fails(trip.read())
    trip.sign_in()
    erased = trip.admin("DELETE", f"/v1/users/{trip.user_id}")
    assert erased["revocations"][0]["revocation"] == "pending"
    trip.fails(trip.read())
    trip.sign_in()
    wanted = {"user.created", "user.deleted", "session.revoked", "connection.needs_reconnect"}
    until(lambda: wanted <= {json.loads(call.body)["type"] for call in trip.receiver.at("/hook")})


def rotate(broker: RunningBroker) -> bytes:
    """The encryption key is exchanged; what the command says."""
    done = CliRunner(env=broker.environment).invoke(keys_command, ["rotate"])
    assert done.exit_code == 0, done.output
    return done.output.encode()
