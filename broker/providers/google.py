"""Google: OpenID Connect; the ID token says it all."""

from broker.providers.provider import Provider, from_openid_claims

GOOGLE = Provider(
    id="google",
    name="Google",
    source="https://developers.google.com/identity/openid-connect/openid-connect",
    issuer="https://accounts.google.com",
    authorization_endpoint="https://accounts.google.com/o/oauth2/v2/auth",
    token_endpoint="https://oauth2.googleapis.com/token",
    userinfo_endpoint="https://openidconnect.googleapis.com/v1/userinfo",
    revocation_endpoint="https://oauth2.googleapis.com/revoke",
    jwks_uri="https://www.googleapis.com/oauth2/v3/certs",
    algorithms=("RS256",),
    scopes=("openid", "email", "profile"),
    authorization_params={"access_type": "offline"},
    prompts=("consent", "select_account"),
    to_identity=from_openid_claims,
)
