"""Slack: OAuth 2 that hides a person's token beside an app's, and says 200 to everything; ids hold in one workspace."""

from typing import Any

import msgspec

from broker.core.identity import Identity
from broker.providers.attributes import Claims, mapped, subject_of
from broker.providers.calls import TokenCall, get
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

API = "https://slack.com/api"
DOCS = "https://docs.slack.dev"
WORKSPACE = {"id": "T9TK3CUKW", "name": "Example"}
TOKENS = {
    "access_token": "{access_token}",
    "token_type": "user",
    "expires_in": "{expires_in}",
    "refresh_token": "{refresh_token?}",
}


def to_identity(claims: Claims) -> Identity:
    """A user id is unique together with its workspace only. Raises TypeError if it is not the token's own person.
    What `is_email_confirmed` promises is not documented, so no e-mail counts as verified."""
    told, user = claims["user"], claims["user"]["user"]
    if told["ok"] is not True or user["id"] != claims["token"]["authed_user"]["id"]:
        raise TypeError("user")
    subject = f"{subject_of(user['team_id'])}:{subject_of(user['id'])}"
    return msgspec.structs.replace(read_user(claims), subject=subject)


read_user = mapped(
    subject="user.user.id",
    email="user.user.profile.email",
    name="user.user.profile.real_name",
    given_name="user.user.profile.first_name",
    family_name="user.user.profile.last_name",
    username="user.user.name",
    picture="user.user.profile.image_192",
)


def read_answer(answer: Any) -> Any:
    """A sign-in's answer has the person's token under `authed_user`, and above it at most a bot's, which is not taken;
    a refresh's has the person's itself. Its type, `user`, is no scheme: it is sent as Bearer."""
    if not isinstance(answer, dict):
        return answer
    user = answer.get("authed_user")
    own = {"access_token": None, **user} if isinstance(user, dict) else {}
    return {**answer, **own, "token_type": "Bearer"}


# With token rotation, a switch of the app that cannot be undone, an access token lives twelve hours, and a spent
# refresh token dies after "a short grace period". Without, an access token does not end and no refresh token comes.
# With rotation a call ends the token that it carries; without, "usually" the whole grant.
LIFECYCLE = Lifecycle(
    sources={f"{DOCS}/authentication/using-token-rotation": ("rotates", "revokes", "revocation_call")},
    rotates=True,
    revokes="refresh_token",
    revocation_call=TokenCall(method="POST", url=f"{API}/auth.revoke", authorization="bearer"),
)

# "Sign in with Slack", its OpenID Connect, cannot be asked for other scopes in the same flow, so it is not used.
PROVIDER = Provider(
    id="slack",
    name="Slack",
    source=f"{DOCS}/authentication/installing-with-oauth",
    authorization_endpoint="https://slack.com/oauth/v2/authorize",
    token_endpoint=f"{API}/oauth.v2.access",
    scopes=("users:read", "users:read.email"),
    scope_labels={
        "users:read": "See people in your workspace",
        "users:read.email": "See e-mail addresses of people in your workspace",
        "channels:read": "See public channels",
        "channels:history": "Read messages in public channels",
        "groups:history": "Read messages in your private channels",
        "im:history": "Read your direct messages",
        "chat:write": "Post messages as you",
        "files:read": "See your files",
        "reactions:write": "Add reactions as you",
        "search:read": "Search your messages and files",
        "users.profile:write": "Change your profile and status",
        "canvases:read": "Read your canvases",
    },
    scope_parameter="user_scope",  # `scope` would ask for a bot
    scope_separator=",",
    pkce=False,  # a switch of the app that makes it a public client for good
    client_auth="client_secret_basic",
    prompts=(),
    lifecycle=LIFECYCLE,
    errors=Errors(
        bad_code=("invalid_code",),
        bad_refresh_token=("invalid_refresh_token", "token_revoked"),
        bad_client=("bad_client_secret", "invalid_client_id"),
        status=200,
    ),
    profile={"user": get(f"{API}/users.info", user="{answer.authed_user.id}")},
    to_identity=to_identity,
    read_answer=read_answer,
    setup=Setup(
        console="https://api.slack.com/apps",
        steps=(
            "Create a new app from scratch",
            "Under *OAuth & Permissions* paste {callback} as a redirect URL",
            "There, under *User Token Scopes*, add `users:read`, `users:read.email` and all that your apps ask for",
            "Under *Manage Distribution* activate public distribution, or only your own workspace can use it",
        ),
        review="None to be used by any workspace; Slack reviews what is to be listed in its marketplace. Workspaces may "
        "want an admin's approval for every app.",
        pitfalls=(
            "To sign in is to install the app in a workspace: where admins approve apps, people wait for them",
            "Scopes added under *Bot Token Scopes* do nothing here",
            "Token rotation and PKCE can be switched on and never off again; PKCE also ends refresh tokens after 30 days",
        ),
    ),
    documented=Documented(
        token={
            "ok": True,
            "app_id": "A0KRD7HC3",
            "authed_user": {
                "id": "U{subject}",
                "scope": "{scope_commas}",
                **TOKENS,
            },
            "team": WORKSPACE,
            "enterprise": None,
            "is_enterprise_install": False,
        },
        refreshed={"ok": True, "app_id": "A0KRD7HC3", **TOKENS, "team": WORKSPACE, "enterprise": None},
        profile={
            "user": {
                "ok": True,
                "user": {
                    "id": "U{subject}",
                    "team_id": WORKSPACE["id"],
                    "name": "{username}",
                    "deleted": False,
                    "profile": {
                        "real_name": "{name}",
                        "email": "{email?}",
                        "first_name": "{given_name?}",
                        "last_name": "{family_name?}",
                    },
                    "is_bot": False,
                    "is_email_confirmed": "{email_verified?}",
                },
            }
        },
        email_scope="users:read.email",
    ),
)
