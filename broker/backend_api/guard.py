"""Who may use `/v1`: the bearer of a secret key that has the scope of the route."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from allowlist.wire import AnyRequest, ApiError
from broker.core.secret_keys import SecretKey
from broker.store.known_keys import KnownKeys

ANY_KEY = "any"
READING = ("GET", "HEAD", "OPTIONS")
Gate = Callable[[AnyRequest], Awaitable[None]]


def secret_key_gate(keys: KnownKeys) -> Gate:
    """Raises ApiError 401 unless `Authorization: Bearer sk_...` holds one of our keys, 403 if that lacks the scope.

    A router says `opt={"area": "clients"}`: reading takes `clients:read`, all else `clients:write`; a handler that
    differs says `opt={"scope": "tokens:read"}`. What says neither is closed to everybody.
    """

    async def gate(request: AnyRequest) -> None:
        key = await keys.find(bearer(request), int(time.time()))
        if key is None:
            raise ApiError(
                401, "clerk_key_invalid", "this secret key is not, or no longer, one of this broker's"
            )
        check_scope(key, needed_scope(request.route_handler, request.scope["method"]))
        request.scope["state"]["secret_key"] = key

    return gate


def as_guard(gate: Gate) -> Guard:
    """For the allowlist's router, which is not made without one. Litestar copies a handler for each guard that it
    calls, 14 microseconds, so everywhere else the gate is the hook before a request."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        del handler
        await gate(cast("AnyRequest", connection))

    return guard


def bearer(request: AnyRequest) -> str:
    """Read from the raw headers: Litestar's own parse all of them."""
    header = next((value for name, value in request.scope["headers"] if name == b"authorization"), b"")
    scheme, _, text = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        raise ApiError(401, "authorization_header_format_invalid", "send `Authorization: Bearer sk_...`")
    return text


def needed_scope(handler: BaseRouteHandler, method: str) -> str | None:
    """None: nobody said, so nobody may."""
    scope, area = handler.opt.get("scope"), handler.opt.get("area")
    if scope or not area:
        return scope
    return f"{area}:read" if method in READING else f"{area}:write"


def check_scope(key: SecretKey, needed: str | None) -> None:
    """Raises ApiError 403 that names the scope."""
    if needed is None:
        raise ApiError(403, "authorization_invalid", "this route is open to no secret key")
    if needed != ANY_KEY and not key.permits(needed):
        raise ApiError(403, "authorization_invalid", f"this secret key lacks the scope {needed}")


def key_of(request: AnyRequest) -> SecretKey:
    """The key that made this call."""
    key: SecretKey = request.scope["state"]["secret_key"]
    return key


def actor_of(request: AnyRequest) -> str:
    """Its id, for the audit log: `key_...`, or `env:1` for one of the environment."""
    return key_of(request).id
