"""Sign in with Apple: OpenID Connect with a posted callback, a client secret minted per call, a name told once."""

import jwt

from broker.providers.lifecycle import Lifecycle
from broker.providers.native import Native, Sdk, SdkCode
from broker.providers.provider import Connection, Provider, from_openid_claims

ISSUER = "https://appleid.apple.com"
JWKS_URI = "https://appleid.apple.com/auth/keys"
SECRET_LIFETIME = 300  # seconds; Apple allows six months, a call needs one


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

DOCS = "https://developer.apple.com/documentation"

# The nonce of the request stands in the token as it is, the bundle id in `aud`. The code beside it is the bundle id's: it
# is exchanged by it, with a secret minted for it, and without a redirect URI.
NATIVE = Native(
    sources=(
        f"{DOCS}/authenticationservices/asauthorizationopenidrequest/nonce",
        f"{DOCS}/signinwithapplerestapi/verifying-a-user",
        f"{DOCS}/signinwithapplerestapi/generate-and-validate-tokens",
    ),
    issuers=(ISSUER,),
    jwks_uri=JWKS_URI,
    sdks={"ios": Sdk(audiences=("ios",), presenters=("ios",), code=SdkCode(client="app"))},
    tells_name=True,
)

# https://developer.apple.com/documentation/signinwithapple/processing-changes-for-sign-in-with-apple-accounts
# names `account-deleted`; `account-delete` is what was sent before, and was still seen.
NOTIFICATIONS = {
    "consent-revoked": "consent_revoked",
    "account-deleted": "account_deleted",
    "account-delete": "account_deleted",
    "email-disabled": "email_disabled",
    "email-enabled": "email_enabled",
}

APPLE = Provider(
    id="apple",
    name="Apple",
    source="https://developer.apple.com/documentation/signinwithapplerestapi",
    issuer=ISSUER,
    authorization_endpoint="https://appleid.apple.com/auth/authorize",
    token_endpoint="https://appleid.apple.com/auth/token",
    revocation_endpoint="https://appleid.apple.com/auth/revoke",
    jwks_uri=JWKS_URI,
    algorithms=("RS256",),
    scopes=("name", "email"),
    pkce=False,  # Apple documents none; the nonce in the signed ID token binds the flow
    credential_fields=("team_id", "key_id", "private_key"),
    response_mode="form_post",  # Apple insists on it when a scope is asked
    prompts=(),
    lifecycle=LIFECYCLE,
    native=NATIVE,
    notifications=NOTIFICATIONS,
    to_identity=from_openid_claims,
    mint_client_secret=mint_client_secret,
)
