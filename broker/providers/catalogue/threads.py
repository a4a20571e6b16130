"""Threads: OAuth 2 without ID tokens, refresh tokens or e-mail."""

from broker.providers.attributes import mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.meta import GRAPH_ERRORS, long_lived
from broker.providers.provider import Provider
from broker.providers.setup import Setup

GRAPH = "https://graph.threads.net"
DOCS = "https://developers.facebook.com/docs/threads"
FIELDS = "id,username,name,threads_profile_picture_url"


PROVIDER = Provider(
    id="threads",
    name="Threads",
    source=f"{DOCS}/get-started/get-access-tokens-and-permissions",
    # These two have moved to the new name; what is documented of the others has not.
    authorization_endpoint="https://threads.com/oauth/authorize",
    token_endpoint="https://graph.threads.com/oauth/access_token",
    scopes=("threads_basic",),
    scope_labels={
        "threads_basic": "See your profile and posts",
        "threads_content_publish": "Publish posts for you",
        "threads_read_replies": "See the replies to your posts",
        "threads_manage_replies": "Answer and hide replies",
        "threads_manage_insights": "See your statistics",
        "threads_keyword_search": "Search public posts",
        "threads_manage_mentions": "See where you are mentioned",
        "threads_delete": "Delete your posts",
        "threads_location_tagging": "Tag places in your posts",
        "threads_profile_discovery": "Look up public profiles",
    },
    scope_separator=",",
    pkce=False,  # Threads documents none
    prompts=(),
    refuses_webviews=False,  # Meta tells apps on Android to take "the native webview or browser"
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
    setup=Setup(
        console="https://developers.facebook.com/apps",
        steps=(
            "Create an app with the use case *Access the Threads API*",
            "Paste {callback} under *Redirect Callback URLs* in its settings",
            "Fill in *Uninstall Callback URL* and *Delete Callback URL* too: without them nothing is saved",
            "Copy *Threads app ID* and *Threads app secret*",
            "Add each account that is to try it as *Threads Tester*, and accept the invitation in its Threads settings",
        ),
        client_id="Threads app ID",
        review="Only testers can sign in, until App Review has approved each permission.",
        pitfalls=(
            "The id and secret of the Meta app beside them do not work here",
            "An invitation that was not accepted makes the sign-in fail",
        ),
    ),
    documented=Documented(
        token={"access_token": "{access_token}", "user_id": "{number}"},
        profile={"user": {"id": "{subject}", "username": "{username}", "name": "{name}"}},
    ),
)
