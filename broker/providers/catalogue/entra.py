"""Microsoft Entra ID: Microsoft's OpenID Connect for the people of one tenant, under an issuer of its own."""

from broker.core.provider_field import CLIENT_SECRET, ProviderField
from broker.providers.catalogue.microsoft import LIFECYCLE, to_identity
from broker.providers.documented import STANDARD_CLAIMS, STANDARD_TOKEN, Documented
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://learn.microsoft.com/en-us/entra/identity-platform"
TENANT = "https://login.microsoftonline.com/{tenant}"

PROVIDER = Provider(
    id="entra",
    name="Microsoft Entra ID",
    source=f"{DOCS}/v2-protocols-oidc",
    issuer=f"{TENANT}/v2.0",
    authorization_endpoint=f"{TENANT}/oauth2/v2.0/authorize",
    token_endpoint=f"{TENANT}/oauth2/v2.0/token",
    userinfo_endpoint="https://graph.microsoft.com/oidc/userinfo",
    jwks_uri=f"{TENANT}/discovery/v2.0/keys",
    algorithms=("RS256",),
    scopes=("openid", "email", "profile", "offline_access"),
    scope_labels={
        "openid": "Know that it is you",
        "email": "See your e-mail address",
        "profile": "See your name",
        "offline_access": "Stay connected while you are away",
        "User.Read": "See your profile",
        "Mail.Read": "Read your e-mail",
        "Mail.Send": "Send e-mail as you",
        "Calendars.Read": "See your calendars",
        "Calendars.ReadWrite": "See and change your calendars",
        "Contacts.Read": "See your contacts",
        "Files.Read": "See your files",
        "Files.ReadWrite": "See and change your files",
        "Tasks.ReadWrite": "See and change your tasks",
        "Chat.Read": "Read your Teams chats",
    },
    fields=(
        CLIENT_SECRET,
        ProviderField(
            name="tenant",
            label="directory (tenant) ID, 36 characters in lower case and not a domain's name",  # the issuer has no other
            pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        ),
    ),
    lifecycle=LIFECYCLE,
    to_identity=to_identity,
    setup=Setup(
        console="https://entra.microsoft.com",
        steps=(
            "Under *App registrations* make a new one for *Accounts in this organizational directory only*",
            "Add a redirect URI of the platform *Web*: {callback}",
            "Under *Certificates & secrets* make a client secret and copy its value, not its ID",
            "Under *Token configuration* add `email` and `xms_edov` as optional claims of the ID token",
            "Under *API permissions* add each delegated permission that your apps ask for",
        ),
        client_id="Application (client) ID",
        review="None for people of the tenant, but where they may not consent themselves an admin has to, once.",
        pitfalls=(
            "A client secret ends after two years at the latest, and every sign-in and refresh with it",
            "Without the optional claim `xms_edov` no e-mail counts as verified",
            "Scopes without an address are Microsoft Graph's; one token opens one API",
        ),
    ),
    documented=Documented(
        token={**STANDARD_TOKEN, "ext_expires_in": "{expires_in}"},
        claims={
            **{name: told for name, told in STANDARD_CLAIMS.items() if name != "email_verified"},
            "tid": "3aa4a235-b6e2-48d5-9195-7fcf05b459b0",
            "xms_edov": "{email_verified?}",
        },
        email_scope="email",
        name_scope="profile",
    ),
)
