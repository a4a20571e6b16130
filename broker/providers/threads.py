"""Threads: OAuth 2 without ID tokens, refresh tokens or e-mail."""

from broker.core.identity import Identity
from broker.providers.meta import long_lived
from broker.providers.provider import Claims, Connection, GetJson, Provider, text

GRAPH = "https://graph.threads.net"
DOCS = "https://developers.facebook.com/docs/threads"
FIELDS = "id,username,name,threads_profile_picture_url"


async def fetch_profile(get_json: GetJson, connection: Connection, access_token: str) -> Claims:
    """One call."""
    profile: Claims = await get_json(f"{connection.provider.userinfo_endpoint}?fields={FIELDS}", access_token)
    return profile


def to_identity(profile: Claims) -> Identity:
    """The id is the account's own number; a username can be renamed and taken by another."""
    if not isinstance(profile["id"], str) or not profile["id"].isdigit():
        raise TypeError("id")
    return Identity(
        subject=profile["id"],
        name=text(profile, "name"),
        username=text(profile, "username"),
        picture=text(profile, "threads_profile_picture_url"),
    )


THREADS = Provider(
    id="threads",
    name="Threads",
    source=f"{DOCS}/get-started/get-access-tokens-and-permissions",
    authorization_endpoint="https://threads.net/oauth/authorize",
    token_endpoint=f"{GRAPH}/oauth/access_token",
    userinfo_endpoint=f"{GRAPH}/v1.0/me",
    scopes=("threads_basic",),
    scope_separator=",",
    pkce=False,  # Threads documents none
    prompts=(),
    lifecycle=long_lived(GRAPH, "th", f"{DOCS}/get-started/long-lived-tokens"),
    to_identity=to_identity,
    fetch_profile=fetch_profile,
)
