"""A provider on loopback whose every answer the test chooses: honest until told otherwise."""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.http_server import running_app

Claims = dict[str, Any]
CLIENT_ID, CLIENT_SECRET = "stub-client", "stub-client-secret-canary"


@dataclass
class Family:
    """One person's grant: `current` is the refresh token that is good now."""

    subject: str
    scope: str
    current: str = ""
    alive: bool = True
    answer: Claims = field(default_factory=dict)


class ProviderStub:
    """Approves every request at once, as `subject`. `requests` holds what it was asked, by path.

    To misbehave, replace one of: `claims` (changes the ID token's claims), `make_id_token` (makes the whole token),
    `callback` (changes the parameters of the way back), `answers[path]` (a whole answer instead of the honest one).
    """

    def __init__(self) -> None:
        self.issuer = ""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.rsa_key = rsa.generate_private_key(65537, 2048)
        self.reset()

    def reset(self) -> None:
        """Honest again, and nothing remembered."""
        self.subject = "ada"
        self.requests: dict[str, list[dict[str, str]]] = {}
        self.headers: dict[str, list[dict[str, str]]] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.claims: Callable[[Claims], Claims] = lambda claims: claims
        self.userinfo: Callable[[Claims], Claims] = lambda claims: claims
        self.make_id_token: Callable[[Claims], str] = self.sign
        self.callback: Callable[[dict[str, str]], dict[str, str]] = lambda parameters: parameters
        self.answers: dict[str, Callable[[], web.StreamResponse]] = {}
        self.discovery: Claims = {}
        self.keys = [self.public_jwk()]
        self.token_fields: Claims = {}
        self.delay = 0.0
        self.families: dict[str, Family] = {}
        self.rotation: Literal["strict", "grace", "none"] = "strict"
        self.lifetime = 3600
        self.refresh_delay = 0.0
        self.refreshed = 0
        self.before_refresh: Callable[[], Any] = lambda: None
        self.after_refresh: Callable[[], Any] = lambda: None

    def sign(
        self, claims: Claims, *, headers: Claims | None = None, key: Any = None, algorithm: str = "ES256"
    ) -> str:
        """An ID token; by default as an honest provider signs it."""
        return jwt.encode(claims, key or self.key, algorithm, {"kid": "stub-1", **(headers or {})})

    def public_jwk(self) -> Claims:
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        jwk.pop("key_ops", None)
        return {**jwk, "kid": "stub-1", "alg": "ES256", "use": "sig"}

    def asked(self, path: str) -> list[dict[str, str]]:
        return self.requests.get(path, [])

    async def authorize(self, request: web.Request) -> web.StreamResponse:
        asked = dict(request.query)
        code = "pc_" + secrets.token_urlsafe(24)
        self.codes[code] = asked | {"subject": self.subject}
        back = {"code": code, "state": asked.get("state", "")}
        if self.discovery.get("authorization_response_iss_parameter_supported"):
            back["iss"] = self.issuer
        return web.Response(
            status=302, headers={"location": f"{asked['redirect_uri']}?{urlencode(self.callback(back))}"}
        )

    async def token(self, request: web.Request) -> web.StreamResponse:
        form = await read_body(request)
        if form.get("grant_type") == "refresh_token":
            return await self.refresh(form)
        grant = self.codes.pop(form.get("code", ""), None)
        if grant is None or not fits(form.get("code_verifier", ""), grant.get("code_challenge")):
            return web.json_response({"error": "invalid_grant"}, status=400)
        await asyncio.sleep(self.delay)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": grant["subject"],
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 600,
            "email": f"{grant['subject']}@example.com",
            "email_verified": True,
            "name": grant["subject"].title(),
        } | ({"nonce": grant["nonce"]} if "nonce" in grant else {})
        family = Family(grant["subject"], grant.get("scope", ""))
        return web.json_response(
            {
                **self.tokens_of(family),
                "id_token": self.make_id_token(self.claims(claims)),
                **self.token_fields,
            }
        )

    def tokens_of(self, family: "Family", *, rotate: bool = True) -> Claims:
        """An access token, and the family's next refresh token."""
        if rotate:
            family.current = f"rt-canary-{secrets.token_urlsafe(12)}"
            self.families[family.current] = family
        return {
            "access_token": f"at-canary-{family.subject}-{secrets.token_hex(8)}",
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "refresh_token": family.current,
            "scope": family.scope,
        }

    async def refresh(self, form: dict[str, str]) -> web.StreamResponse:
        """As strict providers do: a refresh token is good once, and its second use ends the whole family. With `grace`
        the second use gives the same tokens again, with `none` a refresh token stays."""
        self.refreshed += 1
        await asyncio.to_thread(self.before_refresh)
        family = self.families.get(form.get("refresh_token", ""))
        if family is None or not family.alive:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if self.rotation == "none":
            answer = {**self.tokens_of(family, rotate=False), **self.token_fields}
            answer.pop("refresh_token")
        elif form["refresh_token"] == family.current:
            answer = family.answer = {**self.tokens_of(family), **self.token_fields}
        elif self.rotation == "grace":
            answer = family.answer
        else:
            family.alive = False
            return web.json_response({"error": "invalid_grant"}, status=400)
        await asyncio.sleep(self.refresh_delay)
        await asyncio.to_thread(self.after_refresh)
        return web.json_response(answer)

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """RFC 7009: any token of a family ends it."""
        token = str((await request.post()).get("token", ""))
        if token in self.families:
            self.families[token].alive = False
        return web.Response()

    async def tell_userinfo(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("authorization", "").removeprefix("Bearer at-canary-")
        subject = token.rpartition("-")[0]  # which may have hyphens of its own
        return web.json_response(
            self.userinfo({"sub": subject, "email": f"{subject}@example.com", "email_verified": True})
        )

    async def tell_keys(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"keys": self.keys})

    async def tell_discovery(self, _: web.Request) -> web.StreamResponse:
        honest = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
        return web.json_response({**honest, **self.discovery})

    def application(self) -> web.Application:
        @web.middleware
        async def remember(request: web.Request, handler: Any) -> web.StreamResponse:
            said = dict(request.query) | await read_body(request)
            self.requests.setdefault(request.path, []).append(said)
            self.headers.setdefault(request.path, []).append(dict(request.headers))
            answer = self.answers.get(request.path)
            return answer() if answer else await handler(request)

        app = web.Application(middlewares=[remember])
        app.router.add_get("/authorize", self.authorize)
        app.router.add_post("/token", self.token)
        app.router.add_post("/revoke", self.revoke)
        app.router.add_get("/userinfo", self.tell_userinfo)
        app.router.add_get("/jwks", self.tell_keys)
        app.router.add_get("/.well-known/openid-configuration", self.tell_discovery)
        return app


async def read_body(request: web.Request) -> dict[str, str]:
    """A form, or JSON for those that speak it."""
    if request.content_type == "application/json":
        return dict(await request.json())
    return {name: str(value) for name, value in (await request.post()).items()}


def fits(verifier: str, challenge: str | None) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return challenge is None or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


@contextmanager
def running_provider() -> Iterator[ProviderStub]:
    """The stub on a free port, in a thread of its own."""
    stub = ProviderStub()
    with running_app(stub.application()) as stub.issuer:
        yield stub


def answer_json(document: object, status: int = 200, **headers: str) -> Callable[[], web.StreamResponse]:
    """A whole answer, for `answers`."""
    return lambda: web.Response(
        text=json.dumps(document), status=status, content_type="application/json", headers=headers
    )
