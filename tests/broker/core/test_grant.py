"""The rules of freshness, without a clock."""

import pytest

from broker.core.grant import (
    Grant,
    Health,
    due_at,
    health_of,
    is_due,
    missing_scopes,
    renewed,
)
from broker.core.identity import ProviderTokens


def grant(life: int | None = 1000, **fields: object) -> Grant:
    """Given at second 0."""
    tokens = ProviderTokens(access_token="at", expires_at=life, scope=("a", "b"))
    return Grant(**{"account_id": "eac_1", "version": 1, "tokens": tokens, "renewable": True} | fields)


@pytest.mark.parametrize(
    ("life", "margin", "min_ttl", "at"),
    [
        (1000, 0.1, 0, 900),
        (1000, 0.5, 0, 500),
        (1000, 0.1, 300, 700),
        (1000, 0.1, 50, 900),
        (1000, 0.1, 5000, 100),
        (0, 0.1, 60, 0),
        (None, 0.1, 60, None),
    ],
)
def test_when_a_token_is_due(life: int | None, margin: float, min_ttl: int, at: float | None):
    """The margin is a share of the life; `min_ttl` may be more, but leaves every token a tenth of its life."""
    assert due_at(grant(life), margin, min_ttl) == (None if at is None else pytest.approx(at))


def test_due_is_a_moment():
    """A token is due from that second on and not before."""
    assert not is_due(grant(1000), 0.1, 899)
    assert is_due(grant(1000), 0.1, 900)


@pytest.mark.parametrize(
    ("one", "now", "health", "reason"),
    [
        (grant(), 0, Health.FRESH, None),
        (grant(), 950, Health.STALE, "due"),
        (grant(), 2000, Health.STALE, "due"),
        (grant(renewable=False), 950, Health.FRESH, None),
        (grant(renewable=False), 1000, Health.NEEDS_RECONNECT, "no_refresh_token"),
        (grant(None, renewable=False), 10**9, Health.FRESH, None),
        (
            grant(status=Health.NEEDS_RECONNECT, reason="invalid_grant"),
            0,
            Health.NEEDS_RECONNECT,
            "invalid_grant",
        ),
        (grant(status=Health.REVOKED, reason="x", tokens=None), 0, Health.REVOKED, "x"),
    ],
)
def test_health(one: Grant, now: int, health: Health, reason: str | None):
    """A connection's state follows from its grant and the time alone."""
    assert health_of(one, 0.1, now) == (health, reason)


def test_missing_scopes_keep_their_order():
    """What was asked and not granted, as it was asked."""
    assert missing_scopes(grant(), ("z", "a", "c")) == ("z", "c")


def test_an_answer_leaves_out_what_stays():
    """A refresh that names no scope and no ID token keeps both (RFC 6749 section 6)."""
    before = ProviderTokens(access_token="1", id_token="i", scope=("a",))
    after = renewed(before, ProviderTokens(access_token="2"))
    assert (after.access_token, after.id_token, after.scope) == ("2", "i", ("a",))
    assert renewed(before, ProviderTokens(access_token="2", scope=("b",))).scope == ("b",)
