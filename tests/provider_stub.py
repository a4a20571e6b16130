"""A provider on loopback whose every answer the test chooses: honest until told otherwise."""

import asyncio
import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa

Claims = dict[str, Any]
CLIENT_ID, CLIENT_SECRET = "stub-client", "stub-client-secret-canary"


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
        form = {name: str(value) for name, value in (await request.post()).items()}
        grant = self.codes.pop(form.get("code", ""), None)
        if grant is None or not fits(form.get("code_verifier", ""), grant.get("code_challenge")):
            return web.json_response({"error": "invalid_grant"}, status=400)
        await asyncio.sleep(self.delay)
        now = int(time.time())
        access_token = f"at-canary-{grant['subject']}-{secrets.token_hex(8)}"
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
        return web.json_response(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": 3600,
                "refresh_token": f"rt-canary-{secrets.token_urlsafe(12)}",
                "scope": grant.get("scope", ""),
                "id_token": self.make_id_token(self.claims(claims)),
                **self.token_fields,
            }
        )

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
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
        return web.json_response({**honest, **self.discovery})

    def application(self) -> web.Application:
        @web.middleware
        async def remember(request: web.Request, handler: Any) -> web.StreamResponse:
            said = dict(request.query) | {name: str(value) for name, value in (await request.post()).items()}
            self.requests.setdefault(request.path, []).append(said)
            self.headers.setdefault(request.path, []).append(dict(request.headers))
            answer = self.answers.get(request.path)
            return answer() if answer else await handler(request)

        app = web.Application(middlewares=[remember])
        app.router.add_get("/authorize", self.authorize)
        app.router.add_post("/token", self.token)
        app.router.add_get("/userinfo", self.tell_userinfo)
        app.router.add_get("/jwks", self.tell_keys)
        app.router.add_get("/.well-known/openid-configuration", self.tell_discovery)
        return app


def fits(verifier: str, challenge: str | None) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return challenge is None or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


@contextmanager
def running_provider() -> Iterator[ProviderStub]:
    """The stub on a free port, in a thread of its own."""
    stub, loop, up = ProviderStub(), asyncio.new_event_loop(), threading.Event()

    async def start() -> web.AppRunner:
        runner = web.AppRunner(stub.application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stub.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
        up.set()
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    up.wait(10)
    try:
        yield stub
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def answer_json(document: object, status: int = 200, **headers: str) -> Callable[[], web.StreamResponse]:
    """A whole answer, for `answers`."""
    return lambda: web.Response(
        text=json.dumps(document), status=status, content_type="application/json", headers=headers
    )
