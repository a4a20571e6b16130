"""GitLab: OpenID Connect at gitlab.com or on a host of one's own; a refresh ends the old access token too."""

from broker.core.provider_field import CLIENT_SECRET, HOST, ProviderField
from broker.providers.attributes import from_openid_claims
from broker.providers.documented import STANDARD_CLAIMS, Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://docs.gitlab.com"

# A refresh token comes with every code; how long it lives is not documented. Of two refreshes at once one is refused.
# The documentation's sample sends `redirect_uri` with a refresh too; the standard has none there, and nor have we.
LIFECYCLE = Lifecycle(
    sources={f"{DOCS}/api/oauth2/": ("rotates", "grace", "revokes")},
    rotates=True,
    grace=0,  # a refresh "invalidates the existing" tokens, both of them
    revokes="refresh_token",
)

PROVIDER = Provider(
    id="gitlab",
    name="GitLab",
    source=f"{DOCS}/integration/openid_connect_provider/",
    issuer="https://{host}",
    authorization_endpoint="https://{host}/oauth/authorize",
    token_endpoint="https://{host}/oauth/token",
    userinfo_endpoint="https://{host}/oauth/userinfo",
    revocation_endpoint="https://{host}/oauth/revoke",
    jwks_uri="https://{host}/oauth/discovery/keys",
    algorithms=("RS256",),
    scopes=("openid", "profile", "email"),
    scope_labels={
        "openid": "Know that it is you",
        "profile": "See your name and picture",
        "email": "See your e-mail address",
        "read_user": "See your whole profile",
        "read_api": "Read everything that you can see in GitLab",
        "api": "Read and change everything that you can in GitLab",
        "read_repository": "Read your repositories",
        "write_repository": "Push to your repositories",
        "read_registry": "Download container images",
        "write_registry": "Upload container images",
        "create_runner": "Create runners",
        "ai_features": "Use GitLab Duo",
    },
    fields=(
        CLIENT_SECRET,
        ProviderField(
            name="host",
            label="host of your GitLab, unless it is gitlab.com",
            pattern=HOST,
            default="gitlab.com",
        ),
    ),
    prompts=("login",),  # it fails at `select_account` and `consent`
    lifecycle=LIFECYCLE,
    # `sub` is a number of this one GitLab. Its `email_verified` is worth what the host's admins are.
    to_identity=from_openid_claims,
    setup=Setup(
        console="https://gitlab.com/-/user_settings/applications",
        steps=(
            "Open that page, on a host of your own the same path there, or a group's *Settings*, *Applications*",
            "Add an application",
            "Paste {callback} as *Redirect URI*",
            "Keep *Confidential* ticked",
            "Tick the scopes `openid`, `profile`, `email` and what else your apps ask for",
            "Copy application ID and secret; the secret is shown once",
        ),
        client_id="application ID",
        review="None: everybody with an account there can sign in at once.",
        pitfalls=(
            "A scope that is not ticked cannot be asked for",
            "The host must be that of the instance's `external_url`, which may have no path or port",
            "An application of a person's own ends with that account: let a group own it",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "token_type": "Bearer",
            "expires_in": "{expires_in}",
            "refresh_token": "{refresh_token?}",
            "scope": "{scope}",
            "created_at": "{now}",
            "id_token": "{id_token?}",
        },
        claims={
            **{
                name: told
                for name, told in STANDARD_CLAIMS.items()
                if name not in ("given_name", "family_name")
            },
            "sub_legacy": "ab12",
            "auth_time": "{now}",
            "nickname": "{username?}",
            "groups_direct": [],
        },
        email_scope="email",
        name_scope="profile",
    ),
)
