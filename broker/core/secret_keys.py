"""The keys of app backends and admins: what each may do, and which others it may manage."""

import hmac
import re
from dataclasses import dataclass, field

import msgspec

from broker.core.opaque import fingerprint, new_secret

AREAS = ("users", "sessions", "allowlist", "clients", "providers", "keys", "webhooks")
EVERYTHING = "*"
SCOPES = ("tokens:read", "events:read", *(f"{area}:{act}" for area in AREAS for act in ("read", "write")))
SHAPE = re.compile(r"sk_[A-Za-z0-9_-]{43}")  # of those that we make; the environment may hold longer ones


class SecretKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as we know it. Its text is nowhere: whoever shows a text with this fingerprint holds the key."""

    id: str
    name: str
    scopes: tuple[str, ...]
    fingerprint: str
    created_at: int | None = None  # None: the environment does not say
    updated_at: int | None = None
    expires_at: int | None = None

    def alive(self, now: int) -> bool:
        return self.expires_at is None or now < self.expires_at

    def permits(self, scope: str) -> bool:
        return scope in self.scopes or EVERYTHING in self.scopes

    def lacks(self, scopes: tuple[str, ...]) -> list[str]:
        """Those of `scopes` that it does not have itself."""
        return [scope for scope in scopes if not self.permits(scope)]

    def outlived_by(self, other: "SecretKey") -> bool:
        return self.expires_at is not None and (
            other.expires_at is None or other.expires_at > self.expires_at
        )


def new_secret_key() -> str:
    return f"sk_{new_secret()}"


def make_secret_key(
    text: str, name: str, scopes: tuple[str, ...], now: int, lifetime: int | None
) -> SecretKey:
    """The record of a key that is handed out now. `lifetime` in seconds; None: until it is revoked."""
    shown = fingerprint(text)
    return SecretKey(
        id=key_id(shown),
        name=name,
        scopes=tuple(dict.fromkeys(scopes)),
        fingerprint=shown,
        created_at=now,
        updated_at=now,
        expires_at=None if lifetime is None else now + lifetime,
    )


def key_id(shown: str) -> str:
    """The front of the fingerprint, so that one record is found by its id and by the key. It tells nothing of the
    key: that has 256 random bits."""
    return f"key_{shown[:24]}"


@dataclass(frozen=True)
class EnvironmentKeys:
    """Those of `BROKER_SECRET_KEYS`, `env:1` and on: they may do everything and are changed only there."""

    keys: tuple[SecretKey, ...] = field(repr=False)

    @classmethod
    def of(cls, texts: tuple[str, ...]) -> "EnvironmentKeys":
        return cls(tuple(from_environment(n, text) for n, text in enumerate(texts, start=1)))

    def find(self, shown: str) -> SecretKey | None:
        """The key with this fingerprint. Each is compared, and in constant time."""
        found = [key for key in self.keys if hmac.compare_digest(key.fingerprint, shown)]
        return found[0] if found else None


def from_environment(n: int, text: str) -> SecretKey:
    return SecretKey(
        id=f"env:{n}", name="BROKER_SECRET_KEYS", scopes=(EVERYTHING,), fingerprint=fingerprint(text)
    )
