"""Microsoft: OpenID Connect for every tenant; the token's own tenant names its issuer."""

import msgspec

from broker.core.identity import Identity
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Claims, Provider, from_openid_claims


def to_identity(claims: Claims) -> Identity:
    """A tenant's admin may write any address into `email`, so it is verified only when Microsoft says that the
    domain's owner was checked (`xms_edov`; the nOAuth incident of 2023). Then it is authoritative, too."""
    verified = claims.get("xms_edov") in (True, "1", 1) or None
    return msgspec.structs.replace(
        from_openid_claims(claims), email_verified=verified, email_authoritative=verified is True
    )


# There is no endpoint that takes one grant back: a person or an admin removes the app (https://myapps.microsoft.com).
# The scope offline_access is what brings a refresh token.
LIFECYCLE = Lifecycle(
    sources={
        "https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens": (
            "rotates",
            "grace",
            "refresh_lifetime",
        ),
    },
    rotates=True,
    grace=90 * DAY,  # a new one comes with every refresh, and the old one is not revoked by it
    refresh_lifetime=90 * DAY,
)

MICROSOFT = Provider(
    id="microsoft",
    name="Microsoft",
    source="https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow",
    issuer="https://login.microsoftonline.com/{tid}/v2.0",
    authorization_endpoint="https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    token_endpoint="https://login.microsoftonline.com/common/oauth2/v2.0/token",
    userinfo_endpoint="https://graph.microsoft.com/oidc/userinfo",
    jwks_uri="https://login.microsoftonline.com/common/discovery/v2.0/keys",
    algorithms=("RS256",),
    scopes=("openid", "email", "profile", "offline_access"),
    lifecycle=LIFECYCLE,
    to_identity=to_identity,
)
