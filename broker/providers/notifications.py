"""What a provider tells us by itself, server to server: one signed token a notification, with one event in it (Apple)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jwt
import msgspec

from broker.providers.errors import broken
from broker.providers.id_token import verify_signed
from broker.providers.provider import Connection, Provider
from broker.providers.upstream import Upstream

REQUIRED = ("iss", "aud", "exp", "iat", "jti", "events")


class Told(msgspec.Struct, frozen=True):
    """The event inside. `event_time` is in milliseconds."""

    type: str
    sub: str
    event_time: int


@dataclass(frozen=True, kw_only=True)
class Notification:
    """`meaning` is our word for it, None where we know none; `audiences` are whose person it is about; times are seconds."""

    id: str
    meaning: str | None
    subject: str
    audiences: frozenset[str]
    happened_at: int
    expires_at: int


async def read_notification(upstream: Upstream, connection: Connection, payload: str) -> Notification:
    """Proven to be the provider's; whether it is for us is the caller's to say, who knows every app. Raises OAuthError."""
    provider = connection.provider
    if not provider.jwks_uri:
        raise broken("the provider has no keys")
    return await upstream.with_keys(provider.jwks_uri, partial(verify_notification, provider, payload))


def verify_notification(provider: Provider, payload: str, keys: Mapping[str, jwt.PyJWK]) -> Notification:
    """Raises OAuthError, or UnknownKey. An ID token has no `events`, so none passes for a notification."""
    claims, _ = verify_signed(payload, keys, provider.algorithms, REQUIRED, None)
    if claims["iss"] != provider.issuer:
        raise broken("notification: iss")
    told, listed = read_event(claims["events"]), claims["aud"]
    if not isinstance(claims["jti"], str) or not claims["jti"]:
        raise broken("notification: jti")
    return Notification(
        id=claims["jti"],
        meaning=(provider.notifications or {}).get(told.type),
        subject=told.sub,
        audiences=frozenset(map(str, listed if isinstance(listed, list) else [listed])),
        happened_at=told.event_time // 1000,
        expires_at=int(claims["exp"]),
    )


def read_event(events: Any) -> Told:
    """Apple sends JSON in a string; its documentation shows the object, and a list would only be one around it."""
    try:
        said = msgspec.json.decode(events) if isinstance(events, str) else events
        said = said[0] if isinstance(said, list) and len(said) == 1 else said
        return msgspec.convert(said, Told)
    except (msgspec.MsgspecError, RecursionError):
        raise broken("notification: events") from None
