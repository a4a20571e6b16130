"""The outermost layer: CORS for web apps, and the headers every answer carries."""

from typing import Any, cast

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from broker.endpoints.responses import json_answer
from broker.rooms import Rooms

SHARED = (
    "/token",
    "/revoke",
    "/par",
    "/userinfo",
    "/introspect",
    "/challenge",
)  # what a web app calls with fetch (mobile.md 4.4)
OWN = "/v1/me"  # and what lies below it: the signed-in user's own
EXPOSED = "WWW-Authenticate, Retry-After"
COMMON = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
HSTS = {"strict-transport-security": "max-age=63072000; includeSubDomains"}


class Edge(ASGIMiddleware):
    """One pass around every request."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, rooms: Rooms) -> None:
        self._clients = rooms.store.clients
        self._shared = tuple(rooms.settings.base + path for path in SHARED)
        self._own = rooms.settings.base + OWN
        headers = common_headers(rooms.settings.issuer)
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        scope = cast("HTTPScope", scope)  # `scopes` lets no other kind through
        origin = header(scope, b"origin")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(pair for pair in self._headers if pair[0] not in given),
                ]
                if origin and origin in scope["state"].get("web_origins", ()):
                    share_with(MutableScopeHeaders.from_message(message), origin)
            await send(message)

        if scope["method"] == "OPTIONS" and origin and self._is_shared(scope["path"]):
            await self._answer_preflight(origin, scope, receive, send_with_headers)
        else:
            await next_app(scope, receive, send_with_headers)

    def _is_shared(self, path: str) -> bool:
        return path in self._shared or path == self._own or path.startswith(f"{self._own}/")

    async def _answer_preflight(self, origin: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A preflight names no client, so it asks whether any has this origin; the answer itself is then read only
        from an origin of the client that asked."""
        response = json_answer(None, status=204)
        if await self._clients.any_has_origin(origin):
            share_with(response.headers, origin)
            response.headers["access-control-allow-methods"] = "GET, POST, DELETE"
            response.headers["access-control-allow-headers"] = "Authorization, Content-Type"
            response.headers["access-control-max-age"] = "600"
        await response(scope, receive, send)


def common_headers(issuer: str) -> dict[str, str]:
    """What every answer carries; HSTS only where the issuer is https (AD-04)."""
    return COMMON | (HSTS if issuer.startswith("https://") else {})


def share_with(headers: Any, origin: str) -> None:
    """One origin, no credentials, never `*` (AZ-10)."""
    headers["access-control-allow-origin"] = origin
    headers["access-control-expose-headers"] = EXPOSED
    headers["vary"] = "Origin"


def header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)
