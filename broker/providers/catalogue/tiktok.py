"""TikTok: OAuth 2 with a client key in place of the client id and commas between scopes; it tells no e-mail."""

from broker.providers.attributes import mapped
from broker.providers.calls import TokenCall, get
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://developers.tiktok.com/docs/en"
API = "https://open.tiktokapis.com/v2"

LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/oauth-refresh-a-user-access-token": ("rotates",),
        f"{DOCS}/oauth-user-access-token-management": ("refresh_lifetime",),
        f"{DOCS}/oauth-revoke-a-user-access-token": ("revokes", "revocation_call"),
    },
    rotates=True,
    refresh_lifetime=180 * DAY,
    revokes="access_token",  # disconnects the app
    revocation_call=TokenCall(
        method="POST",
        url=f"{API}/oauth/revoke/",
        parameters={
            "client_key": "{client_id}",
            "client_secret": "{client_secret}",
            "token": "{token}",
        },
    ),
)

PROVIDER = Provider(
    id="tiktok",
    name="TikTok",
    source="https://developers.tiktok.com/doc/login-kit-web",
    authorization_endpoint="https://www.tiktok.com/v2/auth/authorize/",
    token_endpoint=f"{API}/oauth/token/",
    scopes=("user.info.basic",),  # one that the app was not approved for fails the whole sign-in
    scope_labels={
        "user.info.basic": "See your name and picture",
        "user.info.profile": "See your username and bio",
        "user.info.stats": "See your follower and like counts",
        "video.list": "See your public videos",
        "video.upload": "Upload video drafts",
        "video.publish": "Publish videos",
    },
    scope_separator=",",
    client_id_parameter="client_key",
    pkce=False,  # documented for mobile and desktop apps only, and there with a digest in hex
    prompts=(),
    prompt_parameters={"consent": {"disable_auto_auth": "1"}},
    lifecycle=LIFECYCLE,
    # The answer has an `error` when all is well, too; a call that fails has no `open_id`.
    profile={"user": get(f"{API}/user/info/", fields="open_id,union_id,avatar_url,display_name")},
    # `open_id` is one person's at one app; `union_id` is the same at all apps of one developer.
    to_identity=mapped(
        subject="user.data.user.open_id",
        name="user.data.user.display_name",
        picture="user.data.user.avatar_url",
    ),
    setup=Setup(
        console="https://developers.tiktok.com/apps/",
        steps=(
            "Connect an app and add the product *Login Kit* with the platform *Web*",
            "Paste {callback} as redirect URI of *Login Kit*",
            "Add under *Scopes* each one that your apps ask for",
            "Copy *Client key* and *Client secret*; the *App ID* beside them is something else",
        ),
        client_id="Client key",
        review="Nobody can sign in before TikTok has approved the app. Until then use a *Sandbox*: it has a key and a "
        "secret of its own and takes a few listed people.",
        pitfalls=(
            "A change to an approved app puts it back into review: enter all redirect URLs before",
            "Only https redirect URLs are taken, without a query and not to `localhost`",
            "TikTok for Business and TikTok Shop have other consoles, whose keys do not work here",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "expires_in": "{expires_in}",
            "open_id": "{subject}",
            "refresh_expires_in": 180 * DAY,
            "refresh_token": "{refresh_token?}",
            "scope": "{scope_commas}",
            "token_type": "Bearer",
        },
        profile={
            "user": {
                "data": {
                    "user": {"open_id": "{subject}", "union_id": "1{subject}", "display_name": "{name}"}
                },
                "error": {"code": "ok", "message": "", "log_id": "20220829194722CBE87ED59D524E727021"},
            }
        },
    ),
)
