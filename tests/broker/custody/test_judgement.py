"""What is served, what is renewed and what is refused: the rules, without Redis and without a provider."""

import pytest

from broker.core.grant import Grant, Health
from broker.core.identity import ProviderTokens
from broker.custody.fresh import Refused, Served, Wish, good, judge, may_renew
from broker.providers.lifecycle import Lifecycle

PLAIN, FORCED = Wish(), Wish(force_refresh=True)
ITSELF = Lifecycle(renewal="access_token", renewable_after=100)


def grant(**fields: object) -> Grant:
    """Given at second 0 for a thousand."""
    tokens = ProviderTokens(access_token="at", expires_at=1000, scope=("a",))
    return Grant(**{"account_id": "eac_1", "version": 1, "tokens": tokens, "renewable": True} | fields)


def given_up(reason: str) -> Grant:
    return grant(status=Health.NEEDS_RECONNECT, reason=reason)


@pytest.mark.parametrize(
    ("one", "lifecycle", "now", "wish", "answer"),
    [
        (grant(), Lifecycle(), 899, PLAIN, True),
        (grant(), Lifecycle(), 900, PLAIN, False),
        (grant(), Lifecycle(margin=0.5), 499, PLAIN, True),
        (grant(), Lifecycle(margin=0.5), 500, PLAIN, False),
        (grant(), Lifecycle(), 0, FORCED, False),
        (grant(settling=True), Lifecycle(), 0, PLAIN, False),
        (given_up("answer_lost"), Lifecycle(), 0, PLAIN, False),
    ],
)
def test_served_as_it_is(one: Grant, lifecycle: Lifecycle, now: int, wish: Wish, answer: bool):
    """A token is served unseen until its provider's own share of its life is left, unless something is to be told."""
    assert good(one, lifecycle, now, wish) is answer


@pytest.mark.parametrize(
    ("one", "lifecycle", "now", "wish", "answer"),
    [
        (grant(), Lifecycle(), 0, PLAIN, True),
        (grant(renewable=False), Lifecycle(), 0, PLAIN, False),
        (grant(renewable=False), ITSELF, 99, PLAIN, False),
        (grant(renewable=False), ITSELF, 100, PLAIN, True),
        (grant(), Lifecycle(renewal=None), 0, FORCED, False),
        (grant(tokens=None), Lifecycle(), 0, FORCED, False),
        (given_up("answer_lost"), Lifecycle(), 0, PLAIN, False),
        (given_up("answer_lost"), Lifecycle(), 0, FORCED, True),
        (grant(status=Health.REVOKED, reason="x"), Lifecycle(), 0, FORCED, False),
    ],
)
def test_what_may_be_renewed(one: Grant, lifecycle: Lifecycle, now: int, wish: Wish, answer: bool):
    """With a refresh token, or with a token that is old enough to renew itself; what was given up only if asked to insist,
    and what was given back never."""
    assert may_renew(one, lifecycle, now, wish) is answer


@pytest.mark.parametrize(
    ("one", "now", "wish", "kind", "health", "reason"),
    [
        (grant(), 0, PLAIN, Served, Health.FRESH, None),
        (grant(), 0, Wish(scopes=("a", "b")), Served, Health.MISSING_SCOPES, "not_granted"),
        (grant(), 1000, PLAIN, Refused, Health.STALE, "due"),
        (grant(renewable=False), 1000, PLAIN, Refused, Health.NEEDS_RECONNECT, "no_refresh_token"),
        (grant(renewable=False), 0, FORCED, Refused, Health.NEEDS_RECONNECT, "no_refresh_token"),
        (given_up("answer_lost"), 0, PLAIN, Served, Health.NEEDS_RECONNECT, "answer_lost"),
        (given_up("answer_lost"), 1000, PLAIN, Refused, Health.NEEDS_RECONNECT, "answer_lost"),
        (given_up("invalid_grant"), 0, PLAIN, Refused, Health.NEEDS_RECONNECT, "invalid_grant"),
        (grant(tokens=None, status=Health.REVOKED, reason="x"), 0, PLAIN, Refused, Health.REVOKED, "x"),
    ],
)
def test_what_is_answered(
    one: Grant, now: int, wish: Wish, kind: type[Served | Refused], health: Health, reason: str | None
):
    """A valid token is served whatever ails its renewal, unless the provider called the grant dead; else the reason is."""
    answer = judge(one, Lifecycle(), now, wish)
    assert isinstance(answer, kind)
    assert answer.health == (health, reason)
