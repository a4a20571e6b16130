"""What a person granted us at a provider, and the rules by which its tokens are called fresh. Pure."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from broker.core.identity import ProviderTokens

MARGIN = 0.1  # share of a token's life at whose end it is renewed, where a provider's facts say nothing else
SEAL_BROKEN = "seal_broken"  # why a grant that does not open is of no use; the record itself is left as it is
YOUNGEST = 0.9  # share of its life that a token must have lost a part of before `min_ttl` alone renews it


class Health(StrEnum):
    """The state of a connection, as backends and people are told it."""

    FRESH = "fresh"
    STALE = "stale"  # due or over, and the provider has not given a newer one yet
    NEEDS_RECONNECT = "needs_reconnect"  # only the person can help, by signing in there again
    MISSING_SCOPES = "missing_scopes"  # good, but not for all that was asked
    REVOKED = "revoked"  # given back to the provider


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One account's tokens in custody. `version` grows by one at every write and fences off slower ones. The refresh
    token stays sealed: `renewable` says whether there is one. `tokens` is None once they were erased."""

    account_id: str
    version: int
    tokens: ProviderTokens | None
    subject: str = ""
    issued_at: int = 0
    renewable: bool = False
    status: Health | None = None  # NEEDS_RECONNECT or REVOKED; None while it lives
    reason: str | None = None
    settling: bool = False  # a renewal was written and is not yet on the disk

    def expired(self, now: int) -> bool:
        return self.tokens is None or (self.tokens.expires_at is not None and self.tokens.expires_at <= now)


class Standing(NamedTuple):
    """How an account's connection is. `scope` is what its grant holds now; `askable` those of them that a provider would
    have to be asked for again, or None where it cannot be asked: it is switched off here."""

    health: "GrantHealth"
    scope: tuple[str, ...] = ()
    askable: tuple[str, ...] | None = None


class GrantHealth(NamedTuple):
    """`reason` is a short word for a program, such as `invalid_grant`; None when all is well."""

    health: Health
    reason: str | None


def due_at(grant: Grant, margin: float, min_ttl: int = 0) -> float | None:
    """When the token is to be renewed, in seconds since 1970; None: it does not expire.

    The margin is a share of the token's own life: a fixed one is too late for an hour and too early for two minutes.
    A `min_ttl` longer than a life would renew at every read, so a token keeps a tenth of its life in any case.
    """
    if grant.tokens is None or grant.tokens.expires_at is None:
        return None
    life = max(0, grant.tokens.expires_at - grant.issued_at)
    return grant.tokens.expires_at - min(max(life * margin, min_ttl), life * YOUNGEST)


def is_due(grant: Grant, margin: float, now: int, min_ttl: int = 0) -> bool:
    at = due_at(grant, margin, min_ttl)
    return at is not None and now >= at


def health_of(grant: Grant, margin: float, now: int) -> GrantHealth:
    """What can be said without asking the provider."""
    if grant.status is not None:
        return GrantHealth(grant.status, grant.reason)
    if grant.expired(now) and not grant.renewable:
        return GrantHealth(Health.NEEDS_RECONNECT, "no_refresh_token")
    if grant.renewable and is_due(grant, margin, now):
        return GrantHealth(Health.STALE, "due")
    return GrantHealth(Health.FRESH, None)


def missing_scopes(grant: Grant, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Which of the wanted scopes were not granted, in the caller's order."""
    granted = set(grant.tokens.scope) if grant.tokens else set()
    return tuple(scope for scope in wanted if scope not in granted)


def renewed(earlier: ProviderTokens, answer: ProviderTokens) -> ProviderTokens:
    """The tokens after a refresh: what an answer leaves out stays as it was (RFC 6749 sections 5.1 and 6), and so does
    whose they are. The refresh token is kept apart and stays by itself."""
    return msgspec.structs.replace(
        answer,
        scope=answer.scope or earlier.scope,
        id_token=answer.id_token or earlier.id_token,
        client_id=earlier.client_id,
    )
