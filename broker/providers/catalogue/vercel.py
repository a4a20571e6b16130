"""Vercel ("Sign in with Vercel"): OpenID Connect with PKCE for everybody; whether the e-mail was checked is not said."""

from broker.providers.attributes import mapped
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://vercel.com/docs/sign-in-with-vercel"

LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/tokens": ("rotates", "refresh_lifetime"),
        f"{DOCS}/scopes-and-permissions": ("offline_scope",),
        f"{DOCS}/authorization-server-api": ("revokes",),
    },
    rotates=True,
    refresh_lifetime=30 * DAY,
    offline_scope="offline_access",
    revokes="refresh_token",
)

PROVIDER = Provider(
    id="vercel",
    name="Vercel",
    source=f"{DOCS}/authorization-server-api",
    issuer="https://vercel.com",
    authorization_endpoint="https://vercel.com/oauth/authorize",
    token_endpoint="https://api.vercel.com/login/oauth/token",
    revocation_endpoint="https://api.vercel.com/login/oauth/token/revoke",
    jwks_uri="https://vercel.com/.well-known/jwks",
    algorithms=("RS256",),
    scopes=("openid", "email", "profile", "offline_access"),
    scope_labels={  # there are no others: more than a sign-in is set as permissions of the app
        "openid": "Know that it is you",
        "email": "See your e-mail address",
        "profile": "See your name, username and picture",
        "offline_access": "Stay connected while you are away",
    },
    client_auth="client_secret_basic",  # the one way that its discovery document names for revoking, too
    prompts=(),
    lifecycle=LIFECYCLE,
    to_identity=mapped(
        subject="sub",
        email="email",
        name="name",
        username="preferred_username",
        picture="picture",
    ),
    setup=Setup(
        console="https://vercel.com/dashboard",
        steps=(
            "Open the team's *Settings*, then *Apps*, and create an app there",
            "Paste {callback} under *Authorization Callback URLs*",
            "Allow `client_secret_basic` under *Authentication*, and generate a client secret; it is shown once",
            "Tick `openid`, `email`, `profile` and `offline_access` under *Permissions*",
        ),
        pitfalls=(
            "A scope that is not ticked is dropped without an error: no e-mail, or no refresh token",
            "The *Integrations Console* is another product, whose client ids do not work here",
        ),
    ),
    documented=Documented(
        claims={
            "sub": "{subject}",
            "email": "{email?}",
            "name": "{name?}",
            "preferred_username": "{username?}",
        },
        email_scope="email",
        name_scope="profile",
    ),
)
