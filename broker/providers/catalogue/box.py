"""Box: OAuth 2 whose token answers name no scope; a refresh token is good once, for sixty days."""

from broker.providers.attributes import mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://developer.box.com"

LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/guides/authentication/tokens/refresh/": ("rotates", "grace", "refresh_lifetime"),
        f"{DOCS}/guides/authentication/tokens/revoke/": ("revokes",),
    },
    rotates=True,
    grace=0,  # "can be used only once"
    refresh_lifetime=60 * DAY,  # of each anew
    revokes="refresh_token",
)

PROVIDER = Provider(
    id="box",
    name="Box",
    source=f"{DOCS}/guides/authentication/oauth2/",
    authorization_endpoint="https://account.box.com/api/oauth2/authorize",
    token_endpoint="https://api.box.com/oauth2/token",
    revocation_endpoint="https://api.box.com/oauth2/revoke",
    # There is no scope for the profile alone, and a request without any gets all that is ticked at the console: this
    # one is the least.
    scopes=("root_readonly",),
    scope_labels={
        "root_readonly": "See your profile and read your files",
        "root_readwrite": "Read and change your files",
        "manage_managed_users": "Manage your company's users",
        "manage_groups": "Manage your company's groups",
        "manage_webhook": "Manage webhooks",
        "manage_enterprise_properties": "Manage your company's settings and see its events",
        "manage_data_retention": "Manage how long your company keeps data",
    },
    pkce=False,  # Box documents none
    prompts=(),
    lifecycle=LIFECYCLE,
    profile={"user": get("https://api.box.com/2.0/users/me")},
    # The login is an address; whether it was checked is not said, and the picture opens for people who are signed in at
    # Box alone.
    to_identity=mapped(subject="user.id", email="user.login", name="user.name"),
    setup=Setup(
        console="https://account.box.com/developers/console",
        steps=(
            "Create a *Platform App* with *User Authentication (OAuth 2.0)*; the kind cannot be changed later",
            "Under *Configuration* paste {callback} as *OAuth 2.0 Redirect URI*",
            "Under *Application Scopes* tick reading files, and what else your apps ask for",
            "Copy client ID and secret from the same page",
        ),
        review="None for the app. A company's admin may have to authorize it in the Admin Console before the company's "
        "people can sign in; until then they are told that it is disabled by the administrator.",
        pitfalls=(
            "A scope that is not ticked cannot be asked for (`invalid_scope`)",
            "Whoever was not refreshed for sixty days must sign in again: `refresh_ahead` is worth switching on",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "expires_in": "{expires_in}",
            "token_type": "bearer",
            "restricted_to": [],
            "refresh_token": "{refresh_token?}",
        },
        profile={
            "user": {
                "type": "user",
                "id": "{subject}",
                "name": "{name}",
                "login": "{email}",
                "created_at": "2012-03-26T15:43:07-07:00",
                "language": "en",
                "timezone": "Europe/Vienna",
                "status": "active",
                "job_title": "",
                "phone": "",
                "avatar_url": "https://app.box.com/api/avatar/large/{subject}",
            }
        },
    ),
)
