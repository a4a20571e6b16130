"""Zoom: OAuth 2 without ID tokens; whether the e-mail is verified is a number, and a new sign-in ends the tokens before it."""

import msgspec

from broker.core.identity import Identity
from broker.providers.attributes import Claims, mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://developers.zoom.us/docs/integrations"


def to_identity(claims: Claims) -> Identity:
    """`verified` is 1 once the address was checked. Of people who come by single sign-on Zoom says 0."""
    verified = {1: True, 0: False}.get(claims["user"].get("verified"))
    return msgspec.structs.replace(read_user(claims), email_verified=verified)


read_user = mapped(
    subject="user.id",
    email="user.email",
    name="user.display_name",
    given_name="user.first_name",
    family_name="user.last_name",
    picture="user.pic_url",
)

# A refresh token is good for one use, and Zoom has given up forgiving a second one. Whoever signs in anew gets a new
# pair, and every earlier token of this person at this app is over.
LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/oauth/": ("rotates", "refresh_lifetime", "revokes"),
        f"{DOCS}/oauth-error-messages/": ("grace",),
    },
    rotates=True,
    grace=0,
    refresh_lifetime=90 * DAY,
    revokes="access_token",  # documented with this one; the refresh token ends with it
)

PROVIDER = Provider(
    id="zoom",
    name="Zoom",
    source=f"{DOCS}/oauth/",
    authorization_endpoint="https://zoom.us/oauth/authorize",
    token_endpoint="https://zoom.us/oauth/token",
    revocation_endpoint="https://zoom.us/oauth/revoke",
    scopes=("user:read:user",),
    scope_labels={
        "user:read:user": "See your profile and e-mail address",
        "user:read:settings": "See your Zoom settings",
        "meeting:read:list_meetings": "List your meetings",
        "meeting:read:meeting": "See the details of your meetings",
        "meeting:write:meeting": "Schedule meetings for you",
        "meeting:update:meeting": "Change your meetings",
        "meeting:delete:meeting": "Delete your meetings",
        "webinar:read:webinar": "See your webinars",
        "cloud_recording:read:list_user_recordings": "List your cloud recordings",
    },
    client_auth="client_secret_basic",
    prompts=(),  # none is documented
    lifecycle=LIFECYCLE,
    profile={"user": get("https://api.zoom.us/v2/users/me")},
    to_identity=to_identity,
    setup=Setup(
        console="https://marketplace.zoom.us/user/build",
        steps=(
            "Build a *General App* and let it be managed by users",
            "Under *Basic Information* paste {callback} as *OAuth Redirect URL* and into the *OAuth Allow Lists*",
            "Under *Scopes* add `user:read:user` and each scope that your apps ask for",
            "Copy the client ID and secret of the stage you are in: development and production have their own",
        ),
        client_id="Client ID",
        review="Until Zoom has published the app in its Marketplace, only people of your own Zoom account can sign in. A "
        "published app also needs an endpoint that is told when somebody removes it.",
        pitfalls=(
            "Apps made before 2024 may have the older scopes: set the connection's scopes to `user:read`",
            "A scope that is asked for and not configured in the app fails the sign-in",
            "Of a person's several sign-ins only the newest one's tokens work, so keep them in one place",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "token_type": "bearer",
            "refresh_token": "{refresh_token?}",
            "expires_in": "{expires_in}",
            "scope": "{scope}",
            "api_url": "https://api.zoom.us",
        },
        profile={
            "user": {
                "id": "{subject}",
                "first_name": "{given_name}",
                "last_name": "{family_name}",
                "display_name": "{name}",
                "email": "{email?}",
                "type": 1,
                "verified": "{email_verified?}",  # which is 1 or 0
                "pic_url": "{picture?}",
                "account_id": "q6gBJVO5TzexKYTb_I2rpg",
                "status": "active",
            }
        },
    ),
)
