"""Instagram (API with Instagram Login): professional accounts only, OAuth 2 without ID tokens, refresh tokens, e-mail."""

from typing import Any

from broker.core.identity import Identity
from broker.providers.attributes import Claims, mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.meta import GRAPH_ERRORS, long_lived
from broker.providers.provider import Provider
from broker.providers.setup import Setup

GRAPH = "https://graph.instagram.com"
DOCS = "https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login"
FIELDS = "user_id,username,name,profile_picture_url"


def to_identity(claims: Claims) -> Identity:
    """`user_id` is the account's own number; a username can be renamed and taken by another."""
    return read_user({"user": unlisted(claims["user"])})


read_user = mapped(
    number="user.user_id", name="user.name", username="user.username", picture="user.profile_picture_url"
)


def read_answer(answer: Any) -> Any:
    """The granted scopes are called permissions."""
    told = unlisted(answer)
    permissions = told.get("permissions") if isinstance(told, dict) else None
    if isinstance(permissions, list):
        permissions = ",".join(map(str, permissions))
    return {**told, "scope": permissions} if permissions else told


def unlisted(answer: Any) -> Any:
    """The documentation shows a list of one under `data`; the service was seen to send its content alone."""
    match answer:
        case {"data": [dict() as only]}:
            return only
        case _:
            return answer


PROVIDER = Provider(
    id="instagram",
    name="Instagram",
    source=f"{DOCS}/business-login",
    authorization_endpoint="https://www.instagram.com/oauth/authorize",
    token_endpoint="https://api.instagram.com/oauth/access_token",
    scopes=("instagram_business_basic",),
    scope_labels={
        "instagram_business_basic": "See your profile and posts",
        "instagram_business_content_publish": "Publish posts for you",
        "instagram_business_manage_comments": "See and manage your comments",
        "instagram_business_manage_messages": "Read and answer your messages",
        "instagram_business_manage_insights": "See your statistics",
    },
    scope_separator=",",
    pkce=False,  # Instagram documents none
    prompts=(),
    lifecycle=long_lived(GRAPH, "ig", f"{DOCS}/business-login"),
    errors=GRAPH_ERRORS,
    profile={"user": get(f"{GRAPH}/v23.0/me", fields=FIELDS)},
    to_identity=to_identity,
    read_answer=read_answer,
    setup=Setup(
        console="https://developers.facebook.com/apps",
        steps=(
            "Create an app with the use case *Manage messaging & content on Instagram*",
            "Open *API setup with Instagram login* and copy *Instagram app ID* and *Instagram app secret*",
            "Paste {callback} as redirect URL under *Set up Instagram business login*",
            "Add each account that is to try it as *Instagram Tester*, and accept the invitation in its Instagram settings",
        ),
        client_id="Instagram app ID",
        review="Only accounts with a role on the app can sign in, until App Review has given each scope Advanced Access.",
        pitfalls=(
            "Personal accounts cannot sign in: business and creator accounts only",
            "The id of the Meta app in place of the Instagram app's is answered with *Invalid platform app*",
            "The console may add a slash at the end of the redirect URL: take it away again",
        ),
    ),
    documented=Documented(
        token={
            "data": [
                {
                    "access_token": "{access_token}",
                    "user_id": "{subject}",
                    "permissions": "{scope_commas}",
                }
            ]
        },
        profile={
            "user": {
                "data": [
                    {
                        "id": "1{subject}",  # of this person at this app, and not what identifies
                        "user_id": "{subject}",
                        "username": "{username}",
                        "name": "{name}",
                    }
                ]
            }
        },
    ),
)
