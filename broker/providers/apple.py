"""Sign in with Apple: OpenID Connect with a posted callback, a client secret minted per call, a name told once."""

import jwt
import msgspec

from broker.core.identity import Identity
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Claims, Connection, Provider, from_openid_claims, truth

ISSUER = "https://appleid.apple.com"
SECRET_LIFETIME = 300  # seconds; Apple allows six months, a call needs one
RELAY = "@privaterelay.appleid.com"


def to_identity(claims: Claims) -> Identity:
    """Apple runs its relay's addresses. Any other was verified when the Apple account was made, whoever has it now."""
    who = from_openid_claims(claims)
    relayed = truth(claims.get("is_private_email")) is True or (who.email or "").lower().endswith(RELAY)
    return msgspec.structs.replace(who, email_authoritative=who.email_verified is True and relayed)


def mint_client_secret(connection: Connection, now: int) -> str:
    """An ES256 JWT signed with the team's key; `aud` is Apple's fixed value, one string (OC-09)."""
    claims = {
        "iss": connection.credentials["team_id"],
        "sub": connection.client_id,
        "aud": ISSUER,
        "iat": now,
        "exp": now + SECRET_LIFETIME,
    }
    key_id = connection.credentials["key_id"]
    return jwt.encode(claims, connection.credentials["private_key"], "ES256", {"kid": key_id})


# Apple asks to send a refresh token no more than once a day and may refuse beyond that: leave `refresh_ahead` off, its
# access tokens open no API that a backend would call daily. No lifetime of a refresh token is documented: it lasts until
# it is revoked or the account's password changes.
LIFECYCLE = Lifecycle(
    sources={
        "https://developer.apple.com/documentation/signinwithapple/verifying-a-user": ("rotates",),
        "https://developer.apple.com/documentation/technotes/tn3194-handling-account-deletions-and-revoking-tokens-for-sign-in-with-apple": (
            "revokes",
        ),
    },
    rotates=False,
    revokes="refresh_token",
)

APPLE = Provider(
    id="apple",
    name="Apple",
    source="https://developer.apple.com/documentation/signinwithapplerestapi",
    issuer=ISSUER,
    authorization_endpoint="https://appleid.apple.com/auth/authorize",
    token_endpoint="https://appleid.apple.com/auth/token",
    revocation_endpoint="https://appleid.apple.com/auth/revoke",
    jwks_uri="https://appleid.apple.com/auth/keys",
    algorithms=("RS256",),
    scopes=("name", "email"),
    pkce=False,  # Apple documents none; the nonce in the signed ID token binds the flow
    credential_fields=("team_id", "key_id", "private_key"),
    response_mode="form_post",  # Apple insists on it when a scope is asked
    prompts=(),
    lifecycle=LIFECYCLE,
    to_identity=to_identity,
    mint_client_secret=mint_client_secret,
)
