"""Atlassian: OAuth 2 for Jira and Confluence; the token endpoint takes JSON, consent is asked each time."""

from broker.providers.attributes import mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

DOCS = "https://developer.atlassian.com/cloud"
STAFF = "https://community.developer.atlassian.com/t"

# A refresh token sent again after the grace ends all of that consent's. `refresh_lifetime` counts from the consent and
# no refresh prolongs it. No call is documented by which an app gives a grant back: a person removes it at
# https://id.atlassian.com/manage-profile/apps.
LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/oauth/getting-started/refresh-tokens/": ("rotates", "offline_scope"),
        f"{STAFF}/updated-31-january-2022-action-required-deprecating-persistent-refresh-tokens/54172": (
            "grace",
            "refresh_idle",
            "refresh_lifetime",
        ),
        f"{DOCS}/jira/platform/oauth-2-3lo-apps/": ("offline_params",),
    },
    rotates=True,
    grace=600,
    refresh_idle=90 * DAY,
    refresh_lifetime=365 * DAY,
    offline_scope="offline_access",
    offline_params={"prompt": "consent"},  # required in every request, whatever is asked for
)

PROVIDER = Provider(
    id="atlassian",
    name="Atlassian",
    source=f"{DOCS}/jira/platform/oauth-2-3lo-apps/",
    authorization_endpoint="https://auth.atlassian.com/authorize",
    token_endpoint="https://auth.atlassian.com/oauth/token",
    scopes=("read:me", "offline_access"),
    scope_labels={
        "read:me": "See your name and e-mail address",
        "offline_access": "Keep access while you are away",
        "read:jira-user": "See the people in Jira",
        "read:jira-work": "See Jira projects and issues",
        "write:jira-work": "Create and change Jira issues",
        "manage:jira-project": "Manage the settings of Jira projects",
        "read:confluence-content.all": "Read Confluence pages",
        "write:confluence-content": "Write Confluence pages",
        "read:confluence-space.summary": "See Confluence spaces",
        "search:confluence": "Search Confluence",
    },
    authorization_parameters={"audience": "api.atlassian.com"},
    # PKCE is announced at https://auth.atlassian.com/.well-known/openid-configuration; the guide is silent about it.
    token_body="json",
    prompts=("consent",),
    lifecycle=LIFECYCLE,
    errors=Errors(bad_client=("access_denied",), status=403),
    profile={"user": get("https://api.atlassian.com/me")},
    # The account id is one for all of Atlassian and never changes. `email_verified` was seen in answers and is in no
    # documentation, so it is not heard.
    to_identity=mapped(
        subject="user.account_id",
        email="user.email",
        name="user.name",
        username="user.nickname",
        picture="user.picture",
    ),
    setup=Setup(
        console="https://developer.atlassian.com/console/myapps/",
        steps=(
            "Create an *OAuth 2.0 integration*",
            "Under *Permissions* add the *User identity API*, and each API whose scopes your apps ask for",
            "Under *Authorization* configure *OAuth 2.0 (3LO)* and paste {callback} as *Callback URL*",
            "Under *Distribution* switch sharing on",
            "Copy client ID and secret from *Settings*",
        ),
        review="None. Until sharing is on under Distribution, only the app's owner can sign in.",
        pitfalls=(
            "A scope must be switched on under Permissions before it can be asked for; `offline_access` is not listed there",
            "People must consent again after the app got another scope",
            "A consent for Jira or Confluence covers the sites that the person picked there, not all of theirs",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "refresh_token": "{refresh_token?}",
            "expires_in": "{expires_in}",
            "scope": "{scope}",
            "token_type": "Bearer",
        },
        profile={
            "user": {
                "account_type": "atlassian",
                "account_id": "{subject}",
                "email": "{email}",
                "name": "{name}",
                "picture": "{picture}",
                "account_status": "active",
                "nickname": "{username}",
                "zoneinfo": "Europe/Vienna",
                "locale": "en-US",
            }
        },
    ),
)
