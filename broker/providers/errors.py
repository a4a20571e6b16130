"""The ways in which a provider fails us. What exactly was wrong is for our log, never for the app (CB-06)."""

from broker.core.errors import ErrorCode, OAuthError


class Unavailable(OAuthError):
    """It did not answer, or not in a way that says anything about the grant. `heard`: it may have acted on the request
    all the same. `retry_after` seconds: it said when it wants to be asked again."""

    def __init__(self, detail: str, *, heard: bool = False, retry_after: float | None = None) -> None:
        super().__init__(ErrorCode.TEMPORARILY_UNAVAILABLE, "the provider does not answer now", detail=detail)
        self.heard = heard
        self.retry_after = retry_after


class GrantRefused(Exception):
    """The provider says for good that a refresh token is worth nothing (RFC 6749 section 5.2). `reason` is its word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def broken(detail: str) -> OAuthError:
    """It answered, and the answer will not do; trying again would not help."""
    return OAuthError(ErrorCode.SERVER_ERROR, "the provider's answer was refused", detail=detail)
