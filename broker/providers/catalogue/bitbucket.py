"""Bitbucket Cloud: its own OAuth 2, not Atlassian's; granted scopes are called `scopes`, e-mails are a second call."""

from typing import Any

import msgspec

from broker.core.identity import Identity
from broker.providers.attributes import Claims, at, mapped, text
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

DOCS = "https://developer.atlassian.com/cloud/bitbucket"
CHANGES = "https://community.developer.atlassian.com/t/oauth-2-0-and-api-authentication-changes-for-bitbucket-cloud/99003"


def to_identity(claims: Claims) -> Identity:
    """The uuid never changes; names can. Unconfirmed addresses are listed too, so the primary one says what it is."""
    rows = at(claims, "emails.values")
    listed = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    primary = next((row for row in listed if row.get("is_primary") is True), {})
    return msgspec.structs.replace(
        read_user(claims),
        email=text(primary, "email"),
        email_verified=primary.get("is_confirmed") is True if primary else None,
    )


read_user = mapped(
    subject="user.uuid",
    name="user.display_name",
    username="user.nickname",
    picture="user.links.avatar.href",
)


def read_answer(said: Any) -> Any:
    """`scopes` is to become `scope` in 2026; both are read."""
    return {"scope": said["scopes"], **said} if isinstance(said, dict) and "scopes" in said else said


# A refresh token comes with every code. What happens to one that is sent again is not documented. There is no call by
# which an app gives a grant back: a person removes it at https://bitbucket.org/account/settings/app-authorizations/.
LIFECYCLE = Lifecycle(
    sources={CHANGES: ("rotates", "refresh_idle")},
    rotates=True,
    refresh_idle=90 * DAY,  # "3 months"
)

PROVIDER = Provider(
    id="bitbucket",
    name="Bitbucket",
    source=f"{DOCS}/oauth-2/",
    authorization_endpoint="https://bitbucket.org/site/oauth2/authorize",
    token_endpoint="https://bitbucket.org/site/oauth2/access_token",
    scopes=("account", "email"),
    scope_labels={
        "account": "See your profile",
        "email": "See your e-mail addresses",
        "account:write": "Change your account's settings",
        "repository": "Read your repositories",
        "repository:write": "Push to your repositories",
        "pullrequest": "See pull requests",
        "pullrequest:write": "Create and merge pull requests",
        "issue": "See issues",
        "pipeline": "See pipelines and their runs",
        "webhook": "Manage webhooks",
    },
    pkce=False,  # Bitbucket Cloud documents none
    client_auth="client_secret_basic",
    prompts=(),
    lifecycle=LIFECYCLE,
    # A dead refresh token was seen to be called `invalid_request`, explained in prose alone. That word says our own
    # mistakes too, so it condemns nobody: such a grant stays stale until its person comes again.
    errors=Errors(
        bad_refresh_token=("invalid_grant", "invalid_request: Invalid refresh_token"),
        bad_client=("unauthorized_client", "invalid_client"),
    ),
    profile={
        "user": get("https://api.bitbucket.org/2.0/user"),
        "emails": get("https://api.bitbucket.org/2.0/user/emails"),
    },
    to_identity=to_identity,
    read_answer=read_answer,
    setup=Setup(
        console="https://bitbucket.org/account/workspaces/",
        steps=(
            "Choose the workspace that shall own the consumer, then *Workspace settings*, *OAuth consumers*",
            "Add a consumer and paste {callback} as *Callback URL*",
            "Keep *This is a private consumer* ticked",
            "Under *Permissions* tick *Account: Email* and *Account: Read*, and what else your apps ask for",
            "Copy *Key* and *Secret* of the new consumer",
        ),
        client_id="key",
        review="None: every Bitbucket user can sign in at once.",
        pitfalls=(
            "A permission that is not ticked cannot be asked for (`invalid_scope`)",
            "An app of developer.atlassian.com is something else: that one is for the provider `atlassian`",
            "A consumer has one callback URL, so each broker needs its own consumer",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "scopes": "{scope_spaces}",
            "expires_in": "{expires_in}",
            "refresh_token": "{refresh_token?}",
            "token_type": "bearer",
        },
        profile={
            "user": {
                "type": "user",
                "uuid": "{{subject}}",
                "display_name": "{name}",
                "nickname": "{username}",
                "created_on": "2015-01-31T20:49:02+00:00",
                "links": {"avatar": {"href": "https://bitbucket.org/account/{username}/avatar/"}},
            },
            "emails": {
                "values": [
                    {
                        "type": "email",
                        "email": "{email}",
                        "is_primary": "{email_told}",
                        "is_confirmed": "{email_verified}",
                    }
                ],
                "pagelen": 10,
                "page": 1,
                "size": 1,
            },
        },
        email_scope="email",
    ),
)
