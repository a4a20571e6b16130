"""GitHub: OAuth 2 without ID tokens; the profile is one call, the verified e-mail another."""

import msgspec

from broker.core.identity import Identity
from broker.providers.attributes import Claims, mapped, text
from broker.providers.calls import TokenCall, get
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup


def to_identity(claims: Claims) -> Identity:
    """The numeric id never changes and is never given again; a login can be renamed and taken by another. A profile's own
    e-mail may be unverified or hidden, so the list of addresses is asked."""
    rows = claims["emails"] if isinstance(claims["emails"], list) else []
    primary = next((row for row in rows if isinstance(row, dict) and row.get("primary") is True), {})
    return msgspec.structs.replace(
        read_user(claims),
        email=text(primary, "email"),
        email_verified=primary.get("verified") is True if primary else None,
    )


read_user = mapped(number="user.id", name="user.name", username="user.login", picture="user.avatar_url")

# A token of an OAuth app does not expire (GitHub revokes one that was not used for a year) and has no refresh token. A
# GitHub App may be registered here just as well: its tokens live eight hours, and `rotates`, `grace` and
# `refresh_lifetime` are those of its refresh tokens.
LIFECYCLE = Lifecycle(
    sources={
        "https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens": (
            "rotates",
            "grace",
            "refresh_lifetime",
        ),
        "https://docs.github.com/en/rest/apps/oauth-applications": ("revokes", "revocation_call"),
    },
    rotates=True,
    grace=0,
    refresh_lifetime=183 * DAY,  # `refresh_token_expires_in` is 15811200
    revokes="access_token",
    revocation_call=TokenCall(  # ends every token that the person gave this app
        method="DELETE",
        url="https://api.github.com/applications/{client_id}/grant",
        parameters={"access_token": "{token}"},
        place="json",
        authorization="basic",
    ),
)

PROVIDER = Provider(
    id="github",
    name="GitHub",
    source="https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
    authorization_endpoint="https://github.com/login/oauth/authorize",
    token_endpoint="https://github.com/login/oauth/access_token",
    scopes=("read:user", "user:email"),
    scope_labels={
        "read:user": "See your profile",
        "user:email": "See your e-mail addresses",
        "repo": "See and change your repositories, private ones too",
        "public_repo": "See and change your public repositories",
        "gist": "Write gists",
        "read:org": "See your organizations and teams",
        "notifications": "See your notifications",
        "workflow": "Change GitHub Actions workflows",
        "read:packages": "Download packages",
    },
    token_headers={"Accept": "application/json"},  # without it the answer is a form
    prompts=("select_account",),
    lifecycle=LIFECYCLE,
    errors=Errors(
        bad_code=("bad_verification_code",),
        bad_client=("incorrect_client_credentials",),
        bad_refresh_token=("bad_refresh_token",),
        status=200,
    ),
    profile={
        "user": get("https://api.github.com/user"),
        "emails": get("https://api.github.com/user/emails"),
    },
    to_identity=to_identity,
    setup=Setup(
        console="https://github.com/settings/developers",
        steps=(
            "Register a new *OAuth app* (tokens do not expire), or a *GitHub App* with expiring user tokens",
            "Paste {callback} as *Authorization callback URL*; an OAuth app has room for one",
            "Generate a client secret; it is shown once",
        ),
        review="None: anybody can sign in at once. Organizations may have to approve the app for their data.",
        pitfalls=(
            "A GitHub App has permissions in place of scopes: without *Email addresses*, read-only, nobody can sign in",
            "A person without a public address has one all the same: the scope `user:email` is what shows it",
            "At most ten tokens live per person, app and scope; an eleventh sign-in ends the oldest",
        ),
    ),
    documented=Documented(
        token={"access_token": "{access_token}", "scope": "{scope_commas}", "token_type": "bearer"},
        profile={
            "user": {
                "login": "{username}",
                "id": "{number}",
                "avatar_url": "{picture}",
                "type": "User",
                "name": "{name}",
                "email": None,
            },
            "emails": [
                {
                    "email": "{email}",
                    "verified": "{email_verified}",
                    "primary": "{email_told}",
                    "visibility": "private",
                },
                {
                    "email": "{number}+{username}@users.noreply.github.com",
                    "verified": True,
                    "primary": False,
                    "visibility": None,
                },
            ],
        },
        refresh_token=False,  # an OAuth app gets none
    ),
)
