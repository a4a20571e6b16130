"""X (Twitter): OAuth 2 that demands PKCE beside the secret; its errors are told apart by their description."""

import msgspec

from broker.core.identity import Identity
from broker.providers.attributes import Claims, mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

DOCS = "https://docs.x.com/fundamentals/authentication/oauth-2-0"
EMAIL_PAGE = "https://developer.x.com/en/docs/twitter-api/v1/accounts-and-users/manage-account-settings/api-reference/get-account-verify_credentials"


def to_identity(claims: Claims) -> Identity:
    """The field is named for what it holds, a confirmed address; of its forerunner X says that it is empty where the
    address is not verified (EMAIL_PAGE)."""
    who = read_user(claims)
    return msgspec.structs.replace(who, email_verified=True if who.email else None)


read_user = mapped(
    number="user.data.id",
    email="user.data.confirmed_email",
    name="user.data.name",
    username="user.data.username",
    picture="user.data.profile_image_url",
)

# Each refresh was seen to bring a new refresh token; that the old one ends, and when one ends by itself, is not said.
LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/authorization-code": ("offline_scope",),
        f"{DOCS}/user-access-token": ("revokes",),
    },
    offline_scope="offline.access",
    revokes="refresh_token",
)

PROVIDER = Provider(
    id="x",
    name="X",
    source=f"{DOCS}/user-access-token",
    authorization_endpoint="https://x.com/i/oauth2/authorize",
    token_endpoint="https://api.x.com/2/oauth2/token",
    revocation_endpoint="https://api.x.com/2/oauth2/revoke",
    scopes=("tweet.read", "users.read", "users.email", "offline.access"),  # a profile needs the first two
    scope_labels={
        "tweet.read": "See the posts that you can see",
        "users.read": "See your profile and those that you can see",
        "users.email": "See your e-mail address",
        "offline.access": "Stay connected while you are away",
        "tweet.write": "Post as you",
        "follows.read": "See whom you follow",
        "follows.write": "Follow and unfollow for you",
        "like.read": "See what you like",
        "like.write": "Like posts for you",
        "bookmark.read": "See your bookmarks",
        "bookmark.write": "Change your bookmarks",
        "list.read": "See your lists",
        "dm.read": "Read your direct messages",
        "media.write": "Upload pictures and videos",
    },
    client_auth="client_secret_basic",
    prompts=(),
    lifecycle=LIFECYCLE,
    # A dead code and a dead refresh token are both an `invalid_request`, as is much that is nobody's fault.
    errors=Errors(
        # One word for everything; what stands beside it tells them apart.
        bad_code=("invalid_request: Value passed for the authorization code was invalid",),
        bad_refresh_token=("invalid_request: Value passed for the token was invalid",),
        bad_client=("unauthorized_client", "invalid_client"),
    ),
    profile={"user": get("https://api.x.com/2/users/me?user.fields=confirmed_email,profile_image_url")},
    to_identity=to_identity,
    setup=Setup(
        console="https://console.x.com",
        steps=(
            "Create an app and open its *User authentication settings*",
            "Choose the permissions *Read*, and the type *Web App*, which is what gets a secret",
            "Switch on *Request email from users*; it wants the addresses of your privacy policy and terms",
            "Paste {callback} under *Callback URI*",
            "Copy the *OAuth 2.0* client ID and client secret; API key and API secret are for OAuth 1.0a",
        ),
        client_id="OAuth 2.0 Client ID",
        review="None, but each use is paid: without credits bought beforehand nobody can sign in, as the profile is a call "
        "that costs.",
        pitfalls=(
            "With *Request email from users* off, a sign-in that asks for `users.email` may fail altogether",
            "An app of the type *Native App* has no secret and does not work here",
            "`localhost` is refused as redirect URL, `http://127.0.0.1` is taken",
        ),
    ),
    documented=Documented(
        token={
            "token_type": "bearer",
            "expires_in": "{expires_in}",
            "access_token": "{access_token}",
            "scope": "{scope}",
            "refresh_token": "{refresh_token?}",
        },
        profile={
            "user": {
                "data": {
                    "id": "{subject}",
                    "name": "{name}",
                    "username": "{username}",
                    "confirmed_email": "{verified_email?}",
                }
            }
        },
        email_scope="users.email",
    ),
)
