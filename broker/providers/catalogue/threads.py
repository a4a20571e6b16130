"""Threads: OAuth 2 without ID tokens, refresh tokens or e-mail."""

from broker.providers.attributes import mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.meta import GRAPH_ERRORS, long_lived
from broker.providers.provider import Provider

GRAPH = "https://graph.threads.net"
DOCS = "https://developers.facebook.com/docs/threads"
FIELDS = "id,username,name,threads_profile_picture_url"


PROVIDER = Provider(
    id="threads",
    name="Threads",
    source=f"{DOCS}/get-started/get-access-tokens-and-permissions",
    authorization_endpoint="https://threads.net/oauth/authorize",
    token_endpoint=f"{GRAPH}/oauth/access_token",
    scopes=("threads_basic",),
    scope_separator=",",
    pkce=False,  # Threads documents none
    prompts=(),
    lifecycle=long_lived(GRAPH, "th", f"{DOCS}/get-started/long-lived-tokens"),
    errors=GRAPH_ERRORS,
    profile={"user": get(f"{GRAPH}/v1.0/me", fields=FIELDS)},
    # The id is the account's own number; a username can be renamed and taken by another.
    to_identity=mapped(
        number="user.id",
        name="user.name",
        username="user.username",
        picture="user.threads_profile_picture_url",
    ),
    documented=Documented(
        token={"access_token": "{access_token}", "user_id": "{number}"},
        profile={"user": {"id": "{subject}", "username": "{username}", "name": "{name}"}},
    ),
)
