"""The providers' key sets: fetched once, shared, kept when a provider is down (D-08)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import jwt

from broker.core.errors import OAuthError
from broker.providers.errors import broken

LIFETIME = 3600  # seconds
SHORTEST_INTERVAL = 60  # seconds between two fetches that unknown key ids ask for
MOST_KEYS = 50


@dataclass
class KeySet:
    """One provider's keys by id, when they were last asked for, and the asking that is under way."""

    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    asked_at: float = -LIFETIME
    flight: "asyncio.Task[None] | None" = None


class KeySets:
    """Key sets by URL. `fetch` is the only I/O."""

    def __init__(self, fetch: Callable[[str], Awaitable[Any]]) -> None:
        self._fetch = fetch
        self._sets: dict[str, KeySet] = {}

    async def get(self, url: str) -> dict[str, jwt.PyJWK]:
        """The keys as last fetched, at most an hour old while the provider answers. Raises OAuthError."""
        return await self._at_most(url, LIFETIME)

    async def refetch(self, url: str) -> dict[str, jwt.PyJWK]:
        """A token named a key that is not here: ask again, but at most once a minute, however many ask."""
        return await self._at_most(url, SHORTEST_INTERVAL)

    async def _at_most(self, url: str, age: float) -> dict[str, jwt.PyJWK]:
        held = self._sets.setdefault(url, KeySet())
        if time.monotonic() - held.asked_at >= age:
            held.flight = held.flight or asyncio.create_task(self._fill(held, url))
            await asyncio.shield(
                held.flight
            )  # all who wait share its end; one that gives up does not stop it
        return held.keys

    async def _fill(self, held: KeySet, url: str) -> None:
        try:
            held.keys = read_keys(await self._fetch(url))
        except OAuthError:
            if not held.keys:
                raise
        finally:
            held.flight = None
        held.asked_at = time.monotonic()


def read_keys(document: Any) -> dict[str, jwt.PyJWK]:
    """The usable public signing keys of a JWK Set (RFC 7517). Raises OAuthError when there is none."""
    rows = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(rows, list) or len(rows) > MOST_KEYS:
        raise broken("its key set is not readable")
    keys = {}
    for row in rows:
        try:
            key = jwt.PyJWK(row)
        except (jwt.PyJWTError, AttributeError, TypeError, KeyError, ValueError):
            continue  # a set may hold keys for uses and algorithms that are not ours
        if row.get("use", "sig") == "sig" and row.get("kty") in ("RSA", "EC", "OKP"):
            keys[str(row.get("kid", ""))] = key
    if not keys:
        raise broken("its key set is not readable")
    return keys
