"""Our JWTs: access tokens (RFC 9068, or Clerk's claims for its SDKs) and ID tokens (OpenID Connect Core section 2)."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import jwt

from broker.core.client import Client
from broker.core.errors import ErrorCode, OAuthError
from broker.core.opaque import new_id
from broker.core.records import Session
from broker.core.signing_keys import SigningKey, SigningKeys

ACCESS_TOKEN_LIFETIME = (
    600  # seconds; a revoked session's JWT dies offline within this (JW-01: at most 15 minutes)
)
LONGEST_TOKEN = 8192
TYPES = {"ES256": "at+jwt", "RS256": "JWT"}


@dataclass(frozen=True)
class TokenIssuer:
    """Who signs: our issuer URL, the audience of our access tokens, the keys."""

    issuer: str
    audience: str
    keys: SigningKeys

    def access_token(
        self, session: Session, client: Client, scope: str, now: int, lifetime: int = ACCESS_TOKEN_LIFETIME
    ) -> str:
        """A JWT for `session`, in the client's profile."""
        if client.token_profile == "clerk":
            return sign(clerk_claims(self.issuer, session, now, lifetime), self.keys.signing("RS256"), "JWT")
        claims = {
            "iss": self.issuer,
            "sub": session.user_id,
            "aud": self.audience,
            "client_id": session.client_id,
            "sid": session.id,
            "scope": scope,
            "jti": new_id("jti"),
            "iat": now,
            "exp": now + lifetime,
        }
        return sign(claims, self.keys.signing("ES256"), "at+jwt")

    def id_token(self, session: Session, nonce: str | None, access_token: str, now: int) -> str:
        """RS256, which every OpenID Connect client takes; the nonce is echoed, and none is invented (mobile.md 4.2)."""
        claims = {
            "iss": self.issuer,
            "sub": session.user_id,
            "aud": session.client_id,
            "sid": session.id,
            "auth_time": session.signed_in_at,
            "at_hash": half_hash(access_token),
            "iat": now,
            "exp": now + ACCESS_TOKEN_LIFETIME,
        }
        return sign(claims | ({"nonce": nonce} if nonce else {}), self.keys.signing("RS256"), "JWT")

    def verify_access_token(self, token: str) -> dict[str, Any]:
        """The claims of one of our access tokens, of either profile. Raises OAuthError invalid_token."""
        algorithm, claims = self._verify(token)
        profile = claims.get("aud") == self.audience if algorithm == "ES256" else "azp" in claims
        if not profile or not isinstance(claims.get("sid"), str):
            raise refused()
        return claims

    def verify_id_token_hint(self, token: str) -> dict[str, Any]:
        """The claims of an ID token of ours, expired or not: at /logout it says which session, no more."""
        _, claims = self._verify(token, expired=True)
        if "at_hash" not in claims or not isinstance(claims.get("aud"), str):
            raise refused()
        return claims

    def _verify(self, token: str, *, expired: bool = False) -> tuple[str, dict[str, Any]]:
        """Cheap checks first (D-09); algorithm, type and key come from us, never from the token alone (JW-02)."""
        try:
            header = jwt.get_unverified_header(token) if len(token) <= LONGEST_TOKEN else {}
            algorithm, key = self.keys.verifying[header.get("kid", "")]
            if header.get("typ") != TYPES[algorithm] or header.get("alg") != algorithm or "crit" in header:
                raise refused()
            options = {
                "verify_aud": False,
                "verify_exp": not expired,
                "require": ["exp", "iat", "sub", "iss"],
            }
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                [algorithm],
                issuer=self.issuer,
                options=options,  # type: ignore[arg-type]
            )
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            raise refused() from None
        return algorithm, claims


def clerk_claims(issuer: str, session: Session, now: int, lifetime: int) -> dict[str, Any]:
    """Session token version 2 as Clerk's backend SDKs check it: no `aud`, `azp` a stable name of the app."""
    return {
        "iss": issuer,
        "sub": session.user_id,
        "sid": session.id,
        "azp": session.client_id,
        "sts": "active",
        "fva": [max(0, now - session.signed_in_at) // 60, -1],
        "v": 2,
        "jti": new_id("jti"),
        "nbf": now - 10,
        "iat": now,
        "exp": now + lifetime,
    }


def sign(claims: dict[str, Any], key: SigningKey, token_type: str) -> str:
    return jwt.encode(claims, key.private, key.algorithm, {"kid": key.id, "typ": token_type})


def half_hash(text: str) -> str:
    """`at_hash` (OpenID Connect Core section 3.1.3.6) for the SHA-256 algorithms."""
    return urlsafe_b64encode(sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


def refused() -> OAuthError:
    return OAuthError(ErrorCode.INVALID_TOKEN, "the access token is expired, revoked or not ours")
