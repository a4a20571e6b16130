"""Proof Key for Code Exchange, S256 only (RFC 7636)."""

import hmac
import re

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from broker.core.errors import ErrorCode, OAuthError

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (section 4.2)."""
    return str(create_s256_code_challenge(verifier))  # type: ignore[no-untyped-call]


def check_challenge(challenge: str | None, method: str | None) -> str:
    """A usable `code_challenge`. Raises OAuthError invalid_request: `plain` and a missing method are refused,
    since a downgrade is how PKCE is lost (RFC 9700 section 4.8.2)."""
    if not challenge:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "code_challenge is missing")
    if method != "S256":
        raise OAuthError(ErrorCode.INVALID_REQUEST, "code_challenge_method must be S256")
    if not CHALLENGE.fullmatch(challenge):
        raise OAuthError(ErrorCode.INVALID_REQUEST, "code_challenge must be 43 base64url characters")
    return challenge


def verifies(verifier: str, challenge: str) -> bool:
    """Whether the verifier has the challenge's hash and a verifier's own shape (section 4.1)."""
    return bool(VERIFIER.fullmatch(verifier)) and hmac.compare_digest(challenge_of(verifier), challenge)
