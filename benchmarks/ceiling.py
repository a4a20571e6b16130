"""A ceiling and not a design: the least that Litestar, uvicorn, redis-py and aiohttp can do for the same work.

It does what no honest broker can leave out: flows, codes and refresh tokens that serve once, PKCE on both legs, the
provider's ID token verified, its tokens sealed, ES256 access tokens. It has no clients, no allowlist, no cookie, no
sessions, no error handling and no log. Whatever a broker costs beyond this is the price of being one.

python -m benchmarks.ceiling PORT REDIS_URL PROVIDER
"""

import hashlib
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import jwt
import msgspec
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from litestar import Litestar, Request, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from redis.asyncio import Redis

from benchmarks.client import challenge_of
from benchmarks.provider import CLIENT_ID, CLIENT_SECRET

AnyRequest = Request[Any, Any, Any]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KEEPING = AESGCM(hashlib.sha256(b"nothing here is secret").digest())  # who writes is another process


class Flow(msgspec.Struct):
    """From /authorize to /callback."""

    redirect_uri: str
    state: str
    challenge: str
    verifier: str
    nonce: str


class Grant(msgspec.Struct):
    """From /callback to /token."""

    subject: str
    challenge: str


class Kept(msgspec.Struct):
    """A provider's tokens, to be handed to backends."""

    account_id: str
    access_token: str
    id_token: str | None
    expires_at: int | None
    scope: list[str]


class Ceiling:
    """Its doors."""

    def __init__(self, port: int, redis_url: str, provider: str) -> None:
        self._callback = f"http://127.0.0.1:{port}/callback"
        self._issuer = f"http://127.0.0.1:{port}"
        self._redis: Any = Redis.from_url(redis_url, protocol=3)
        self._provider = provider
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._seal = AESGCM(AESGCM.generate_key(256))
        self._provider_key: Any = None
        self._flow, self._grant = msgspec.json.Decoder(Flow), msgspec.json.Decoder(Grant)
        self._kept = msgspec.json.Decoder(Kept)

    @asynccontextmanager
    async def lifespan(self, _: Litestar) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as self._http:
            await self._redis.ping()
            yield

    async def live(self) -> ASGIResponse:
        return ASGIResponse(body=b"{}")

    async def authorize(self, request: AnyRequest) -> ASGIResponse:
        asked = dict(parse_qsl(request.scope["query_string"].decode()))
        state, verifier, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        flow = Flow(asked["redirect_uri"], asked["state"], asked["code_challenge"], verifier, nonce)
        await self._redis.set(f"flow:{fingerprint(state)}", msgspec.json.encode(flow), ex=600)
        query = {
            "client_id": CLIENT_ID,
            "redirect_uri": self._callback,
            "response_type": "code",
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        return redirect(f"{self._provider}/authorize?{urlencode(query)}")

    async def callback(self, request: AnyRequest) -> ASGIResponse:
        asked = dict(parse_qsl(request.scope["query_string"].decode()))
        flow = self._flow.decode(await self._redis.getdel(f"flow:{fingerprint(asked['state'])}"))
        answer = await self._ask_provider(asked["code"], flow.verifier)
        claims = await self._verify(msgspec.json.decode(answer)["id_token"], flow.nonce)
        iv, code = secrets.token_bytes(12), secrets.token_urlsafe(32)
        subject: str = claims["sub"]
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.set(f"tokens:{subject}", iv + self._seal.encrypt(iv, answer, subject.encode()))
        grant = msgspec.json.encode(Grant(subject, flow.challenge))
        pipeline.set(f"code:{fingerprint(code)}", grant, ex=60)
        await pipeline.execute()
        return redirect(f"{flow.redirect_uri}?{urlencode({'code': code, 'state': flow.state})}")

    async def token(self, request: AnyRequest) -> ASGIResponse:
        form = dict(parse_qsl((await request.body()).decode()))
        if form["grant_type"] == "refresh_token":
            taken = await self._redis.getdel(f"refresh:{fingerprint(form['refresh_token'])}")
            subject = taken.decode()
        else:
            grant = self._grant.decode(await self._redis.getdel(f"code:{fingerprint(form['code'])}"))
            if challenge_of(form["code_verifier"]) != grant.challenge:
                return ASGIResponse(status_code=400)
            subject = grant.subject
        successor, now = secrets.token_urlsafe(32), int(time.time())
        await self._redis.set(f"refresh:{fingerprint(successor)}", subject, ex=86_400)
        claims = {"iss": self._issuer, "sub": subject, "aud": self._issuer, "iat": now, "exp": now + 600}
        access_token = jwt.encode({**claims, "jti": secrets.token_hex(12)}, self._key, "ES256", {"kid": "1"})
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": 600}
        return ASGIResponse(body=msgspec.json.encode({**answer, "refresh_token": successor}))

    async def read(self, user_id: FromPath[str]) -> ASGIResponse:
        sealed = await self._redis.get(f"kept:{user_id}")
        kept = self._kept.decode(KEEPING.decrypt(sealed[:12], sealed[12:], user_id.encode()))
        answer: dict[str, Any] = {
            "object": "oauth_access_token",
            "external_account_id": kept.account_id,
            "provider_user_id": user_id,
            "token": kept.access_token,
            "token_type": "Bearer",
            "expires_at": kept.expires_at and kept.expires_at * 1000,
            "provider": "oauth_bench",
            "public_metadata": {},
            "label": None,
            "scopes": kept.scope,
            "id_token": kept.id_token,
            "health": "fresh",
            "health_reason": None,
            "missing_scopes": [],
        }
        return ASGIResponse(body=msgspec.json.encode([answer]), headers={"cache-control": "no-store"})

    async def _ask_provider(self, code: str, verifier: str) -> bytes:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
        # aiohttp would make a multipart writer of a dict before it finds that it needs none.
        async with self._http.post(f"{self._provider}/token", data=urlencode(form), headers=FORM) as response:
            return await response.read()

    async def _verify(self, id_token: str, nonce: str) -> dict[str, Any]:
        if self._provider_key is None:
            async with self._http.get(f"{self._provider}/jwks") as response:
                self._provider_key = jwt.PyJWK((await response.json())["keys"][0]).key
        claims: dict[str, Any] = jwt.decode(
            id_token, self._provider_key, ["ES256"], audience=CLIENT_ID, issuer=self._provider
        )
        if claims["nonce"] != nonce:
            raise jwt.InvalidTokenError
        return claims


def redirect(url: str) -> ASGIResponse:
    return ASGIResponse(status_code=303, headers=[("location", url)])


def fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def main() -> None:
    port, redis_url, provider = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    ceiling = Ceiling(port, redis_url, provider)
    app = Litestar(
        [
            get("/health/live")(ceiling.live),
            get("/authorize")(ceiling.authorize),
            get("/callback")(ceiling.callback),
            post("/token", status_code=200)(ceiling.token),
            get("/v1/users/{user_id:str}/oauth_access_tokens/bench")(ceiling.read),
        ],
        lifespan=[ceiling.lifespan],
        openapi_config=None,
        logging_config=None,
    )
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
