"""What the simulator remembers, in this process alone: a restart forgets every code and token it gave."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, cast, get_args

from broker.core.errors import ErrorCode, OAuthError
from broker.core.opaque import new_secret
from broker.simulator.personas import Persona

T = TypeVar("T")
MOST = 10_000  # entries in one drawer; a development server that runs for weeks must not grow

Outcome = Literal["approve", "deny", "slow", "fail"]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a person allowed. Every token of it points here, so that revoking one ends all."""

    provider: str
    persona: Persona
    redirect_uri: str | None
    scopes: tuple[str, ...]
    challenge: str | None
    nonce: str | None
    offline: bool
    outcome: Outcome
    lifetime: int  # seconds an access token lives
    client_id: str = "simulated"  # whose code and tokens these are


class Drawer(Generic[T]):
    """Values by key, for a time; when it is full the oldest goes."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[float, T]] = {}

    def put(self, value: T, lifetime: float) -> str:
        """The random key under which the value is found again."""
        key = new_secret()
        self.keep(key, value, lifetime)
        return key

    def keep(self, key: str, value: T, lifetime: float) -> None:
        if len(self._held) >= MOST:
            del self._held[next(iter(self._held))]
        self._held[key] = (time.monotonic() + lifetime, value)

    def find(self, key: str) -> T | None:
        until, value = self._held.get(key, (0.0, None))
        return value if time.monotonic() < until else None

    def take(self, key: str) -> T | None:
        value = self.find(key)
        self._held.pop(key, None)
        return value

    def shorten(self, key: str, lifetime: float) -> None:
        """It ends then, unless it ends earlier anyway."""
        if key in self._held:
            until, value = self._held[key]
            self._held[key] = (min(until, time.monotonic() + lifetime), value)

    def drop(self, unwanted: Callable[[T], bool]) -> None:
        self._held = {key: held for key, held in self._held.items() if not unwanted(held[1])}


def read_outcome(text: str) -> Outcome:
    """Raises OAuthError invalid_request."""
    if text not in get_args(Outcome):
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"outcome must be among: {', '.join(get_args(Outcome))}")
    return cast("Outcome", text)
