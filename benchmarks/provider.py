"""An OpenID provider that approves at once and costs little; it runs in the load generator's own loop.

It is honest where honesty costs the broker work: PKCE is checked, codes serve once, ID tokens are signed with ES256.
"""

import asyncio
import secrets
import time
from itertools import cycle
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from benchmarks.client import Framing, Message, challenge_of

CLIENT_ID, CLIENT_SECRET = "bench-client", "bench-client-secret"
PEOPLE = 100  # who sign in by turns, so that all but the first 100 sign-ins are of returning users
REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 404: "Not Found"}


class Provider:
    """`address` is its issuer."""

    def __init__(self) -> None:
        self.address = ""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._codes: dict[str, dict[str, str]] = {}
        self._people = cycle(range(PEOPLE))
        self._spent: set[str] = set()
        self.refreshes = 0
        self.delay = 0.0  # seconds
        self._server: asyncio.Server | None = None

    @classmethod
    async def start(cls) -> Self:
        """Listening on a free port of loopback."""
        provider = cls()
        loop = asyncio.get_running_loop()
        provider._server = await loop.create_server(lambda: Visit(provider), "127.0.0.1", 0)
        provider.address = f"http://127.0.0.1:{provider._server.sockets[0].getsockname()[1]}"
        return provider

    def close(self) -> None:
        if self._server:
            self._server.close()

    def answer(self, request: Message) -> bytes:
        target = urlsplit(request.first_line.split(" ")[1])
        match target.path:
            case "/authorize":
                return self._authorize(dict(parse_qsl(target.query)))
            case "/token":
                return self._token(dict(parse_qsl(request.body.decode())))
            case "/jwks":
                return json(200, {"keys": [self._public_key()]})
            case "/.well-known/openid-configuration":
                return json(200, self._discovery())
            case _:
                return json(404, {})

    def _authorize(self, asked: dict[str, str]) -> bytes:
        code = secrets.token_urlsafe(24)
        self._codes[code] = asked | {"subject": f"person-{next(self._people)}"}
        back = urlencode({"code": code, "state": asked["state"]})
        return written(302, f"Location: {asked['redirect_uri']}?{back}\r\n", b"")

    def _token(self, form: dict[str, str]) -> bytes:
        if form["grant_type"] == "refresh_token":
            return self._refresh(form["refresh_token"])
        asked = self._codes.pop(form["code"], None)
        if (
            asked is None
            or challenge_of(form["code_verifier"]) != asked["code_challenge"]
            or (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET)
        ):
            return json(400, {"error": "invalid_grant"})
        answer = {
            "access_token": secrets.token_urlsafe(120),
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": secrets.token_urlsafe(48),
            "scope": asked["scope"],
            "id_token": self._id_token(asked),
        }
        return json(200, answer)

    def _refresh(self, refresh_token: str) -> bytes:
        """Whatever is shown was ours; only that it serves once is checked."""
        self.refreshes += 1
        if refresh_token in self._spent:
            return json(400, {"error": "invalid_grant"})
        self._spent.add(refresh_token)
        answer = {"access_token": secrets.token_urlsafe(120), "token_type": "Bearer", "expires_in": 3600}
        return json(200, {**answer, "refresh_token": secrets.token_urlsafe(48)})

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.address,
            "sub": asked["subject"],
            "aud": CLIENT_ID,
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 600,
            "email": f"{asked['subject']}@example.com",
            "email_verified": True,
            "name": asked["subject"],
        }
        return jwt.encode(claims, self._key, "ES256", {"kid": "bench"})

    def _public_key(self) -> dict[str, Any]:
        public = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {**public, "kid": "bench", "alg": "ES256", "use": "sig"}

    def _discovery(self) -> dict[str, object]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }


class Visit(Framing):
    """One connection to the provider."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self._provider = provider

    def received(self, message: Message) -> None:
        assert self.transport
        answer = self._provider.answer(message)
        if self._provider.delay:
            asyncio.get_running_loop().call_later(self._provider.delay, self.transport.write, answer)
        else:
            self.transport.write(answer)


def json(status: int, document: object) -> bytes:
    return written(status, "Content-Type: application/json\r\n", msgspec.json.encode(document))


def written(status: int, headers: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} {REASONS[status]}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
