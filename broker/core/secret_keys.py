"""The keys of app backends and admins (`BROKER_SECRET_KEYS`), compared by fingerprint in constant time."""

import hmac
from dataclasses import dataclass, field

from broker.core.opaque import fingerprint, new_secret


@dataclass(frozen=True)
class SecretKeys:
    """Only fingerprints stay in memory."""

    fingerprints: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, keys: tuple[str, ...]) -> "SecretKeys":
        return cls(tuple(map(fingerprint, keys)))

    def hold(self, key: str) -> bool:
        shown = fingerprint(key)
        return any(hmac.compare_digest(shown, known) for known in self.fingerprints)


def new_secret_key() -> str:
    return f"sk_{new_secret()}"
