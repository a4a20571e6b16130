"""GitHub: OAuth 2 without ID tokens; the profile is one call, the verified e-mail another."""

from broker.core.identity import Identity
from broker.providers.lifecycle import DAY, Lifecycle, TokenCall
from broker.providers.provider import Claims, Connection, GetJson, Provider, text


async def fetch_profile(get_json: GetJson, connection: Connection, access_token: str) -> Claims:
    """The user and, because a profile's own e-mail may be unverified or hidden, the list of addresses."""
    user = f"{connection.provider.userinfo_endpoint}"
    profile = await get_json(user, access_token)
    emails = await get_json(f"{user}/emails", access_token)
    primary = [row for row in emails if isinstance(row, dict) and row.get("primary") is True]
    return {**profile, "primary_email": primary[0] if primary else {}}


def to_identity(profile: Claims) -> Identity:
    """The numeric id never changes and is never given again; a login can be renamed and taken by another."""
    email, number = profile["primary_email"], profile["id"]
    if type(number) is not int:
        raise TypeError("id")
    return Identity(
        subject=str(number),
        email=text(email, "email"),
        email_verified=email.get("verified") is True if email else None,
        name=text(profile, "name"),
        username=text(profile, "login"),
        picture=text(profile, "avatar_url"),
    )


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

GITHUB = Provider(
    id="github",
    name="GitHub",
    source="https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
    authorization_endpoint="https://github.com/login/oauth/authorize",
    token_endpoint="https://github.com/login/oauth/access_token",
    userinfo_endpoint="https://api.github.com/user",
    scopes=("read:user", "user:email"),
    prompts=("select_account",),
    lifecycle=LIFECYCLE,
    to_identity=to_identity,
    fetch_profile=fetch_profile,
)
