"""Google: OpenID Connect; the ID token says it all."""

import msgspec

from broker.core.identity import Identity
from broker.providers.lifecycle import DAY, Lifecycle, TokenCall
from broker.providers.provider import Claims, Provider, from_openid_claims, text

OAUTH2 = "https://developers.google.com/identity/protocols/oauth2"
REVOCATION_ENDPOINT = "https://oauth2.googleapis.com/revoke"

MAILBOXES = ("@gmail.com", "@googlemail.com")


def to_identity(claims: Claims) -> Identity:
    """Google runs the mailboxes of Gmail, and with `hd` it hosts the domain for its owner. Of any other address it only
    knows that somebody once read a letter there."""
    who = from_openid_claims(claims)
    hosted = (who.email or "").lower().endswith(MAILBOXES) or text(claims, "hd") is not None
    return msgspec.structs.replace(who, email_authoritative=who.email_verified is True and hosted)


# A refresh token also ends after seven days while the Google Cloud project is in the status "Testing", when a person
# who granted a Gmail scope changes the password, and when a person has given one client more than a hundred.
LIFECYCLE = Lifecycle(
    sources={
        f"{OAUTH2}/web-server": (
            "rotates",
            "offline_params",
            "consent_params",
            "revokes",
            "revocation_call",
        ),
        f"{OAUTH2}#expiration": ("refresh_idle",),
    },
    rotates=False,
    refresh_idle=180 * DAY,  # "six months"
    offline_params={"access_type": "offline"},
    consent_params={"prompt": "consent"},  # without it a refresh token comes at a person's first consent only
    # It ends all that the person granted to the project, so every client of the same Google Cloud project. The token
    # is the whole proof: no client authentication is asked for.
    revokes="refresh_token",
    revocation_call=TokenCall(method="POST", url=REVOCATION_ENDPOINT, parameters={"token": "{token}"}),
)

GOOGLE = Provider(
    id="google",
    name="Google",
    source="https://developers.google.com/identity/openid-connect/openid-connect",
    issuer="https://accounts.google.com",
    authorization_endpoint="https://accounts.google.com/o/oauth2/v2/auth",
    token_endpoint="https://oauth2.googleapis.com/token",
    userinfo_endpoint="https://openidconnect.googleapis.com/v1/userinfo",
    revocation_endpoint=REVOCATION_ENDPOINT,
    jwks_uri="https://www.googleapis.com/oauth2/v3/certs",
    algorithms=("RS256",),
    scopes=("openid", "email", "profile"),
    prompts=("consent", "select_account"),
    authorization_params={"include_granted_scopes": "true"},  # an answer holds what was granted before, too
    lifecycle=LIFECYCLE,
    to_identity=to_identity,
)
