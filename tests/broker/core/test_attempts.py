"""Refusals in Clerk's words, and the secret of an attempt's address."""

from broker.core.account_rules import TABLE, Outcome
from broker.core.attempts import begin_secret, clerk_code, new_attempt
from broker.core.errors import ErrorCode, OAuthError

NEVER_OF_AN_ATTEMPT = {"reconnect-other", "confirm-other", "visit-unknown"}


def test_every_refusal_has_a_code():
    """Each rule that refuses somebody has a code of its own among Clerk's, and none falls back to a cancellation."""
    rules = {row.name for row in TABLE if row.outcome is Outcome.REFUSE} - NEVER_OF_AN_ATTEMPT
    for rule in rules:
        code = clerk_code(OAuthError(ErrorCode.ACCESS_DENIED, "no", detail=rule))
        assert code not in ("oauth_access_denied", "oauth_callback_invalid")


def test_other_errors():
    """What no rule refused is a cancellation, a provider that is away, or a callback that was refused."""
    assert clerk_code(OAuthError(ErrorCode.ACCESS_DENIED, "no")) == "oauth_access_denied"
    assert clerk_code(OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, "no")) == "oauth_token_exchange_error"
    assert clerk_code(OAuthError(ErrorCode.SERVER_ERROR, "no", detail="iss")) == "oauth_callback_invalid"


def test_the_address_s_secret():
    """It is the same each time, another for each attempt and each token, and shows neither."""
    one, two = (new_attempt("sign_in", "stub", 0) for _ in range(2))
    secrets = {begin_secret(token, attempt) for token in ("ct_a", "ct_b") for attempt in (one, two)}
    assert len(secrets) == 4
    assert begin_secret("ct_a", one) in secrets
    assert all(len(secret) == 43 and one.id not in secret for secret in secrets)
