"""Who may use `/v1`: the bearer of a secret key."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from allowlist.wire import ApiError
from broker.core.secret_keys import SecretKeys


def require_secret_key(keys: SecretKeys) -> Guard:
    """A guard that raises ApiError 401 unless `Authorization: Bearer sk_...` holds one of our keys."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        del handler  # every route behind it needs the same
        scheme, _, key = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise ApiError(401, "authorization_header_format_invalid", "send `Authorization: Bearer sk_...`")
        if not keys.hold(key):
            raise ApiError(401, "clerk_key_invalid", "this secret key is not one of this broker's")

    return guard
