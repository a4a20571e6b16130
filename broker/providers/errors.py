"""The two ways in which a provider fails us. What exactly was wrong is for our log, never for the app (CB-06)."""

from broker.core.errors import ErrorCode, OAuthError


def broken(detail: str) -> OAuthError:
    """It answered, and the answer will not do; trying again would not help."""
    return OAuthError(ErrorCode.SERVER_ERROR, "the provider's answer was refused", detail=detail)


def unavailable(detail: str) -> OAuthError:
    """It did not answer, or asked for patience."""
    return OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, "the provider does not answer now", detail=detail)
