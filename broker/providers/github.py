"""GitHub: OAuth 2 without ID tokens; the profile is one call, the verified e-mail another."""

from broker.core.identity import Identity
from broker.providers.provider import Claims, GetJson, Provider, text


async def fetch_profile(get_json: GetJson, provider: Provider, access_token: str) -> Claims:
    """The user and, because a profile's own e-mail may be unverified or hidden, the list of addresses."""
    profile = await get_json(f"{provider.userinfo_endpoint}", access_token)
    emails = await get_json(f"{provider.userinfo_endpoint}/emails", access_token)
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


GITHUB = Provider(
    id="github",
    name="GitHub",
    source="https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
    authorization_endpoint="https://github.com/login/oauth/authorize",
    token_endpoint="https://github.com/login/oauth/access_token",
    userinfo_endpoint="https://api.github.com/user",
    scopes=("read:user", "user:email"),
    prompts=("select_account",),
    to_identity=to_identity,
    fetch_profile=fetch_profile,
)
