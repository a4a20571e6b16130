"""Xero: OpenID Connect; whether the e-mail was checked is not said, and a spent refresh token stays good for half an hour."""

from broker.providers.attributes import mapped
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

GUIDES = "https://developer.xero.com/documentation/guides/oauth2"

LIFECYCLE = Lifecycle(
    sources={
        "https://developer.xero.com/faq/oauth2": ("rotates", "grace", "refresh_idle", "offline_scope"),
        f"{GUIDES}/auth-flow/": ("revokes",),
    },
    rotates=True,
    grace=30 * 60,
    refresh_idle=60 * DAY,
    offline_scope="offline_access",
    revokes="refresh_token",  # and with it all of the person's connections to the app
)

PROVIDER = Provider(
    id="xero",
    name="Xero",
    source=f"{GUIDES}/auth-flow/",
    issuer="https://identity.xero.com",
    authorization_endpoint="https://login.xero.com/identity/connect/authorize",
    token_endpoint="https://identity.xero.com/connect/token",
    userinfo_endpoint="https://identity.xero.com/connect/userinfo",
    revocation_endpoint="https://identity.xero.com/connect/revocation",
    jwks_uri="https://identity.xero.com/.well-known/openid-configuration/jwks",
    algorithms=("RS256",),
    scopes=("openid", "profile", "email", "offline_access"),
    scope_labels={  # the older `accounting.transactions` and `accounting.reports.read` are closed to new apps
        "openid": "Know that it is you",
        "profile": "See your name",
        "email": "See your e-mail address",
        "offline_access": "Stay connected while you are away",
        "accounting.contacts": "See and change your contacts",
        "accounting.contacts.read": "See your contacts",
        "accounting.settings.read": "See your organisation's settings",
        "accounting.invoices": "See and change your invoices",
        "accounting.invoices.read": "See your invoices",
        "accounting.payments.read": "See your payments",
        "accounting.banktransactions.read": "See your bank transactions",
        "accounting.reports.profitandloss.read": "See your profit and loss report",
        "accounting.reports.balancesheet.read": "See your balance sheet",
    },
    client_auth="client_secret_basic",
    prompts=(),
    lifecycle=LIFECYCLE,
    to_identity=mapped(
        subject="sub",
        email="email",
        name="name",
        given_name="given_name",
        family_name="family_name",
        username="preferred_username",
    ),
    setup=Setup(
        console="https://developer.xero.com/app/manage",
        steps=(
            "Create an app with the integration type *Web app*",
            "Paste {callback} as redirect URI under *Configuration*",
            "Generate a secret; it is shown once",
        ),
        client_id="Client id",
        review="None for a sign-in. How many organisations may be connected depends on the app's tier; a sign-in alone "
        "connects none.",
        pitfalls=(
            "With a scope of an organisation the person has to choose one, and calls need the header `Xero-Tenant-Id`",
            "Apps made since March 2026 get the narrow accounting scopes only; a broad one fails the whole sign-in",
            "An app of the type *Auth Code with PKCE* has no secret and does not work here",
        ),
    ),
    documented=Documented(
        claims={
            "sub": "{subject}",
            "xero_userid": "1945393b-6eb7-4143-b083-7ab26cd7690b",
            "preferred_username": "{email?}",
            "email": "{email?}",
            "name": "{name?}",
            "given_name": "{given_name?}",
            "family_name": "{family_name?}",
        },
        email_scope="email",
        name_scope="profile",
    ),
)
