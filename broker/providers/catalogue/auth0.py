"""Auth0: OpenID Connect of one tenant, whose issuer ends in a slash; its token endpoint refuses with 403."""

from broker.core.provider_field import CLIENT_SECRET, HOST, ProviderField
from broker.providers.attributes import mapped
from broker.providers.documented import STANDARD_CLAIMS, Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

DOCS = "https://auth0.com/docs"

# Rotation, its overlap and both lifetimes of refresh tokens are settings of the application, so nothing is known of them.
LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/secure/tokens/refresh-tokens/get-refresh-tokens": ("offline_scope",),
        f"{DOCS}/secure/tokens/refresh-tokens/revoke-refresh-tokens": ("revokes",),
    },
    offline_scope="offline_access",
    revokes="refresh_token",  # an access token cannot be revoked
)

PROVIDER = Provider(
    id="auth0",
    name="Auth0",
    source=f"{DOCS}/get-started/authentication-and-authorization-flow/authorization-code-flow",
    issuer="https://{domain}/",
    authorization_endpoint="https://{domain}/authorize",
    token_endpoint="https://{domain}/oauth/token",
    userinfo_endpoint="https://{domain}/userinfo",
    revocation_endpoint="https://{domain}/oauth/revoke",
    jwks_uri="https://{domain}/.well-known/jwks.json",
    algorithms=("RS256", "PS256"),
    scopes=("openid", "email", "profile", "offline_access"),
    scope_labels={
        "openid": "Know that it is you",
        "email": "See your e-mail address",
        "profile": "See your name and picture",
        "offline_access": "Stay connected while you are away",
        "phone": "See your phone number",
        "address": "See your address",
        "read:current_user": "See your whole Auth0 profile",
        "update:current_user_metadata": "Change what is noted in your Auth0 profile",
    },
    fields=(
        CLIENT_SECRET,
        ProviderField(
            name="domain",
            label="tenant's domain, such as `example.eu.auth0.com`, or the custom one",
            pattern=HOST,
        ),
    ),
    prompts=("login", "consent"),
    lifecycle=LIFECYCLE,
    errors=Errors(bad_client=("access_denied", "invalid_client"), status=403),  # a bad client: 401
    to_identity=mapped(
        subject="sub",
        email="email",
        email_verified="email_verified",
        name="name",
        given_name="given_name",
        family_name="family_name",
        username="nickname",
        picture="picture",
    ),
    setup=Setup(
        console="https://manage.auth0.com/#/applications",
        steps=(
            "Create an application of the type *Regular Web Application*",
            "Paste {callback} under *Allowed Callback URLs*",
            "Under *Advanced Settings* keep `RS256` as signature and allow the grants *Authorization Code* and *Refresh Token*",
            "Under *Connections* switch on the ways in which people may sign in",
        ),
        client_id="Client ID",
        review="None. Social connections that use Auth0's development keys are for tests only.",
        pitfalls=(
            "An application that signs with `HS256` does not work here",
            "Without an API as `audience` the access token opens nothing but the profile",
            "Where *Refresh Token Revocation Deletes Grant* is off, revoking leaves a person's other tokens alive",
        ),
    ),
    documented=Documented(
        claims={
            **{name: told for name, told in STANDARD_CLAIMS.items() if name != "preferred_username"},
            "nickname": "{username?}",
            "picture": "{picture?}",
        },
        email_scope="email",
        name_scope="profile",
    ),
)
