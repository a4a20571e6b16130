"""Webhooks as Standard Webhooks 1.0 has them: the endpoint, the message, its signature, when to try again. Pure."""

from base64 import b64encode
from datetime import UTC, datetime

import msgspec
from standardwebhooks import Webhook

from broker.core.events import Event

EVERY_EVENT = "*"
OVERLAP = 86_400  # seconds in which a replaced secret goes on signing
# Seconds before each further attempt: a restart, a deploy, a night, and at most four days in all.
DELAYS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = (
    0.1  # share of a delay that is left to chance, so that what failed together does not come back together
)
LONGEST_RETRY_AFTER = 86_400


class SigningSecret(msgspec.Struct, frozen=True):
    """`whsec_...` as the receiver has it. `expires_at` is set once it was replaced."""

    text: str
    expires_at: int | None = None

    def __repr__(self) -> str:
        return f"SigningSecret(expires_at={self.expires_at})"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a backend wants to hear of events. `disabled_reason`: `admin`, or `gone` when it answered 410."""

    id: str
    url: str
    events: tuple[str, ...]
    description: str | None
    created_at: int
    updated_at: int
    disabled_reason: str | None = None
    secrets: tuple[SigningSecret, ...] = ()

    @property
    def enabled(self) -> bool:
        return self.disabled_reason is None

    def hears(self, event: Event) -> bool:
        return self.enabled and (EVERY_EVENT in self.events or event.type in self.events)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint. The body is kept as it was first written: a signature is over bytes."""

    event_id: str
    event_type: str
    created_at: int
    body: str
    attempts: int = 0
    last_outcome: str | None = None


def new_secret_text(random: bytes) -> str:
    return "whsec_" + b64encode(random).decode()


def delivery_of(event: Event) -> Delivery:
    return Delivery(
        event_id=event.id, event_type=event.type, created_at=event.created_at, body=body_of(event).decode()
    )


def body_of(event: Event) -> bytes:
    """`type`, `timestamp`, `data`: the payload that the standard recommends; the data name the user, if there is one."""
    at = datetime.fromtimestamp(event.created_at, UTC).isoformat().replace("+00:00", "Z")
    about = {"user_id": event.user_id} if event.user_id else {}
    return msgspec.json.encode({"type": event.type, "timestamp": at, "data": {**about, **event.data}})


def signed_headers(endpoint: Endpoint, event_id: str, body: str, now: int) -> dict[str, str]:
    """One signature a secret that still signs, so a receiver may change over when it likes within the day."""
    at = datetime.fromtimestamp(now, UTC)
    signatures = [
        Webhook(secret.text).sign(event_id, at, body)
        for secret in endpoint.secrets
        if secret.expires_at is None or now < secret.expires_at
    ]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signatures),
    }


def replaced(secrets: tuple[SigningSecret, ...], fresh: SigningSecret, now: int) -> tuple[SigningSecret, ...]:
    """The new secret first; the one before it signs for a day more, any earlier one no longer."""
    return (fresh, msgspec.structs.replace(secrets[0], expires_at=now + OVERLAP)) if secrets else (fresh,)


def next_attempt(
    attempts: int, now: int, *, chance: float, retry_after: int | None, delays: tuple[int, ...] = DELAYS
) -> int | None:
    """When to try again after the `attempts`-th try failed; None: never. `chance` is between 0 and 1."""
    if attempts > len(delays):
        return None
    delay = round(delays[attempts - 1] * (1 + JITTER * chance))
    return now + max(delay, min(retry_after or 0, LONGEST_RETRY_AFTER))
