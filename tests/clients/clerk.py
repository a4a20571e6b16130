"""Clerk's two backend SDKs, as they are published, and a person whom their calls are about."""

import json
import secrets
import subprocess
from dataclasses import dataclass
from typing import Any

import jwt
import redis
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from broker.core.encryption_keys import EncryptionKeys
from broker.core.identity import ExternalAccount, Identity, ProviderTokens
from broker.core.opaque import new_id
from broker.store import Store
from broker.store.connection import open_redis
from tests.running import RunningBroker, keys


@dataclass(frozen=True)
class Person:
    """Somebody who signed in to an app of the Clerk profile, with the provider `stub`."""

    email: str
    tokens: dict[str, Any]

    @property
    def claims(self) -> dict[str, Any]:
        return dict(jwt.decode(self.token, options={"verify_signature": False}))

    @property
    def token(self) -> str:
        return str(self.tokens["access_token"])

    @property
    def user_id(self) -> str:
        return str(self.claims["sub"])

    @property
    def session_id(self) -> str:
        return str(self.claims["sid"])


class Refused(Exception):
    """What the JavaScript SDK threw."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.error = error

    @property
    def told(self) -> tuple[int, str, str | None]:
        """Status, code and parameter, as the SDK's error class has them."""
        assert self.error["isClerkAPIResponseError"], self.error
        (one,) = self.error["errors"]
        assert one["message"]
        assert one["longMessage"]
        assert self.error["clerkTraceId"]
        return self.error["status"], one["code"], one["meta"].get("paramName")


class ClerkJs:
    """The SDK for JavaScript, in a process of its own."""

    def __init__(self, program: "subprocess.Popen[str]", broker: RunningBroker) -> None:
        self._program = program
        self.client = {"apiUrl": broker.address, "secretKey": broker.secret_key}

    def call(self, call: str, *args: Any, **client: str) -> Any:
        """The call's value. Raises Refused."""
        assert self._program.stdin
        assert self._program.stdout
        order = {"call": call, "args": args, "client": {**self.client, **client}}
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()
        outcome = json.loads(self._program.stdout.readline())
        if "error" in outcome:
            raise Refused(outcome["error"])
        return outcome.get("value")


def pem(broker: RunningBroker) -> str:
    """The key by which Clerk's SDKs verify offline: the published RSA key as PEM."""
    published = jwt.PyJWKSet.from_dict(broker.get("/.well-known/jwks.json").json())
    (key,) = (each.key for each in published.keys if each.algorithm_name == "RS256")
    return str(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


async def connect_second_account(broker: RunningBroker, user_id: str, provider: str = "stub") -> str:
    """Another account of the user, as a sign-in would have written it."""
    client = open_redis(broker.redis_url)
    account = ExternalAccount(
        id=new_id("eac"),
        user_id=user_id,
        provider=provider,
        identity=Identity(subject=secrets.token_hex(8), email="second@example.com"),
        scope=("openid",),
        created_at=1_700_000_000,
        updated_at=1_700_000_000,
    )
    store = Store.over(client, EncryptionKeys.parse(keys()["BROKER_ENCRYPTION_KEYS"]))
    await store.users.sign_in(account, ProviderTokens(access_token="at-second"), 1_700_000_000)
    await client.aclose()
    return account.id


def keys_of(broker: RunningBroker, user_id: str) -> list[str]:
    """Every key in Redis that names the user."""
    with redis.Redis.from_url(broker.redis_url) as state:
        return sorted(key.decode() for key in state.scan_iter(f"*{user_id}*", count=1000))
