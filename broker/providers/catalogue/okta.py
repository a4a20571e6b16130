"""Okta: OpenID Connect of an organization's own server; its ID token is thin and does not say whether the e-mail is verified."""

from broker.core.provider_field import CLIENT_SECRET, HOST, ProviderField
from broker.providers.attributes import from_openid_claims
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://developer.okta.com/docs"
OAUTH2 = "https://{domain}/oauth2/v1"

# Whether refresh tokens rotate, and with which grace, is a setting of the app: by default a web app's stay.
LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/guides/refresh-tokens/main/": ("refresh_lifetime", "offline_scope"),
        f"{DOCS}/guides/revoke-tokens/": ("revokes",),
    },
    refresh_lifetime=90 * DAY,
    offline_scope="offline_access",
    revokes="refresh_token",  # the access token ends with it, and not the other way round
)

PROVIDER = Provider(
    id="okta",
    name="Okta",
    source=f"{DOCS}/guides/implement-grant-type/authcode/main/",
    issuer="https://{domain}",
    authorization_endpoint=f"{OAUTH2}/authorize",
    token_endpoint=f"{OAUTH2}/token",
    userinfo_endpoint=f"{OAUTH2}/userinfo",
    revocation_endpoint=f"{OAUTH2}/revoke",
    jwks_uri=f"{OAUTH2}/keys",
    algorithms=("RS256",),
    scopes=("openid", "email", "profile", "offline_access"),
    scope_labels={
        "openid": "Know that it is you",
        "email": "See your e-mail address",
        "profile": "See your name",
        "offline_access": "Stay connected while you are away",
        "phone": "See your phone number",
        "address": "See your address",
        "groups": "See your groups",
        "okta.users.read.self": "See your Okta account",
        "okta.users.manage.self": "Change your Okta account",
    },
    client_auth="client_secret_basic",
    fields=(
        CLIENT_SECRET,
        ProviderField(
            name="domain",
            label="organization's domain, such as `example.okta.com` without `-admin`, or the custom one that people see",
            pattern=rf"(?!.*-admin\.okta){HOST}",
        ),
    ),
    prompts=("login", "consent"),
    thin_id_token=True,
    lifecycle=LIFECYCLE,
    to_identity=from_openid_claims,
    setup=Setup(
        console="https://login.okta.com",
        steps=(
            "In the Admin Console create an app integration: *OIDC - OpenID Connect*, *Web Application*",
            "Choose the grant types *Authorization Code* and *Refresh Token*",
            "Paste {callback} under *Sign-in redirect URIs*",
            "Under *Assignments* give the app to the people or groups that may sign in",
        ),
        client_id="Client ID",
        review="None: everybody to whom the app is assigned can sign in at once.",
        pitfalls=(
            "Whoever is not assigned to the app comes back with `access_denied`",
            "A custom authorization server, such as `/oauth2/default`, is another issuer: add it as a custom provider",
            "With two domains, Okta's and a custom one, use the one that the sign-in page is shown at",
        ),
    ),
    documented=Documented(
        claims={
            "sub": "{subject}",
            "email": "{email?}",
            "name": "{name?}",
            "preferred_username": "{username?}",
            "ver": 1,
            "idp": "00o1a2b3c4d5e6f7g8h9",
        },
        email_scope="email",
        name_scope="profile",
    ),
)
