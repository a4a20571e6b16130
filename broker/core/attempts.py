"""What Clerk's SDK does on a device, in its words: the device's client, its one attempt at a time, its errors. Pure.

A nonce is an authorization code under another name: its proof is that the device which shows it has the attempt in hand.
"""

from typing import Literal

import msgspec

from broker.core.errors import ErrorCode, OAuthError
from broker.core.opaque import derived_secret, new_id

LIFETIME = 600  # seconds, as long as any flow
Kind = Literal["sign_in", "sign_up", "hosted_auth", "connection"]
PREFIXES: dict[Kind, str] = {"sign_in": "sia", "sign_up": "sua", "hosted_auth": "hau", "connection": "eac"}

# By the rule of core/account_rules.py that refused.
BY_RULE = {
    "connect-anothers": "oauth_identification_claimed",
    "connect-only": "oauth_non_authenticatable_provider",
    "proof-failed": "oauth_identification_claimed",
    "closed": "sign_up_mode_restricted",
    "not-listed": "sign_up_mode_restricted",
    "sub-address": "not_allowed_access",
}
BY_CODE = {
    ErrorCode.ACCESS_DENIED: "oauth_access_denied",
    ErrorCode.TEMPORARILY_UNAVAILABLE: "oauth_token_exchange_error",
}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in, a sign-up or a connection from its beginning to the nonce that ends it. `session_id`: the session that
    came of it, or of a connection the one that asked; `error` in Clerk's code."""

    id: str
    kind: Kind
    provider: str
    started_at: int
    session_id: str = ""
    done: bool = False
    error: str = ""
    message: str = ""

    def expired(self, now: int) -> bool:
        return now >= self.started_at + LIFETIME


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """An app on one device as Clerk's SDK knows it, a `client` there. `token` and `previous` are fingerprints of its client
    token and of the one before; `active` the session that the app chose last."""

    id: str
    client_id: str
    token: str
    created_at: int
    previous: str = ""
    sessions: tuple[str, ...] = ()
    active: str = ""
    attempt: Attempt | None = None


class Failure(msgspec.Struct, frozen=True):
    """Why an attempt came to nothing, waiting for the nonce that tells its device so."""

    attempt: str
    code: str
    message: str


def new_attempt(kind: Kind, provider: str, now: int, session_id: str = "") -> Attempt:
    return Attempt(
        id=new_id(PREFIXES[kind]), kind=kind, provider=provider, started_at=now, session_id=session_id
    )


def begin_secret(token: str, attempt: Attempt) -> str:
    """What the address by which a browser begins the attempt holds. Made of the client token, so it is shown again without
    being kept."""
    return derived_secret(token, f"begin:{attempt.id}")


def clerk_code(error: OAuthError) -> str:
    """Clerk's code for an OAuthError; what has none is a callback that was refused."""
    return BY_RULE.get(error.detail or "") or BY_CODE.get(error.code, "oauth_callback_invalid")
