"""Threads: OAuth 2 without ID tokens, refresh tokens or e-mail."""

from broker.core.identity import Identity
from broker.providers.lifecycle import DAY, Lifecycle, TokenCall
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


# Nothing is documented by which an app gives a grant back: a person removes it in the settings of Threads.
LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/get-started/long-lived-tokens": (
            "access_lifetime",
            "renewable_after",
            "renewal",
            "exchange",
            "renewal_call",
        ),
    },
    access_lifetime=60 * DAY,
    renewable_after=DAY,
    renewal="access_token",
    exchange=TokenCall(
        method="GET",
        url=f"{GRAPH}/access_token",
        parameters={
            "grant_type": "th_exchange_token",
            "client_secret": "{client_secret}",
            "access_token": "{token}",
        },
        place="query",
    ),
    renewal_call=TokenCall(
        method="GET",
        url=f"{GRAPH}/refresh_access_token",
        parameters={"grant_type": "th_refresh_token", "access_token": "{token}"},
        place="query",
    ),
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
    lifecycle=LIFECYCLE,
    to_identity=to_identity,
    fetch_profile=fetch_profile,
)
