"""Microsoft: OpenID Connect for every tenant; the token's own tenant names its issuer."""

import msgspec

from broker.core.identity import Identity
from broker.core.provider_field import CLIENT_SECRET, ProviderField
from broker.providers.attributes import Claims, from_openid_claims
from broker.providers.documented import STANDARD_CLAIMS, Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

PERSONAL_ACCOUNTS = "9188040d-6c67-4c5b-b112-36a304b66dad"  # the tenant of everybody who is in none


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
            "offline_scope",
        ),
    },
    rotates=True,
    grace=90 * DAY,  # a new one comes with every refresh, and the old one is not revoked by it
    refresh_lifetime=90 * DAY,
    offline_scope="offline_access",
)

PROVIDER = Provider(
    id="microsoft",
    name="Microsoft",
    source="https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow",
    issuer="https://login.microsoftonline.com/{tid}/v2.0",
    authorization_endpoint="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
    token_endpoint="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    userinfo_endpoint="https://graph.microsoft.com/oidc/userinfo",
    jwks_uri="https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys",
    algorithms=("RS256",),
    scopes=("openid", "email", "profile", "offline_access"),
    scope_labels={
        "openid": "Know that it is you",
        "email": "See your e-mail address",
        "profile": "See your name",
        "offline_access": "Keep access while you are away",
        "User.Read": "See your profile",
        "Mail.Read": "Read your e-mail",
        "Mail.Send": "Send e-mail as you",
        "Calendars.Read": "See your calendars",
        "Calendars.ReadWrite": "See and change your calendars",
        "Contacts.Read": "See your contacts",
        "Files.Read": "See your files",
        "Files.ReadWrite": "See and change your files",
        "Tasks.ReadWrite": "See and change your tasks",
        "Notes.Read": "Read your notebooks",
    },
    fields=(
        CLIENT_SECRET,
        ProviderField(
            name="tenant",
            label="kind of accounts that may sign in: `common` (all), `organizations` or `consumers`",
            pattern="common|organizations|consumers",
            default="common",
        ),
    ),
    refuses_webviews=False,  # its own libraries offer them; passkeys and a company's rules for devices fail in them
    lifecycle=LIFECYCLE,
    to_identity=to_identity,
    setup=Setup(
        console="https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade",
        client_id="Application (client) ID",
        steps=(
            "Register an app for accounts in any organizational directory and personal Microsoft accounts",
            "Under *Authentication* add the platform *Web* with {callback} as redirect URI",
            "Under *Certificates & secrets* make a client secret and copy its value, not its ID",
            "Add the optional claims `email` (*Token configuration*) and `xms_edov` (manifest), which says that it is verified",
            "Under *API permissions* add each delegated Microsoft Graph permission that your apps ask for",
        ),
        review="Anybody with a personal account can sign in at once. Work accounts of other organizations can consent to "
        "little until the app's publisher is verified, and their admins may want to decide themselves.",
        pitfalls=(
            "A client secret lives 24 months at most: renew it before, or every sign-in and refresh fails",
            "The platforms *Single-page application* and *Mobile and desktop* want no secret and do not work here",
            "The kind of accounts that a registration takes is hard to change later",
        ),
    ),
    documented=Documented(
        claims={
            **{name: told for name, told in STANDARD_CLAIMS.items() if name != "email_verified"},
            "tid": PERSONAL_ACCOUNTS,
            "xms_edov": "{email_verified?}",
        },
        email_scope="email",
        name_scope="profile",
    ),
)
