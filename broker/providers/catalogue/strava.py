"""Strava: OAuth 2 with commas between scopes and errors of its own; it tells no e-mail."""

import msgspec

from broker.core.identity import Identity
from broker.providers.attributes import Claims, mapped
from broker.providers.calls import TokenCall, get
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

DOCS = "https://developers.strava.com/docs"


def to_identity(claims: Claims) -> Identity:
    """The name comes in two parts; who has no picture has a path that leads nowhere."""
    who = read_user(claims)
    return msgspec.structs.replace(
        who,
        name=" ".join(filter(None, (who.given_name, who.family_name))) or None,
        picture=who.picture if who.picture and who.picture.startswith("https://") else None,
    )


read_user = mapped(
    number="user.id",
    given_name="user.firstname",
    family_name="user.lastname",
    username="user.username",
    picture="user.profile",
)

# A refresh brings another access token only in the last hour of the six that one lives, which the margin falls into;
# before that it brings the same ones again.
LIFECYCLE = Lifecycle(
    sources={f"{DOCS}/authentication/": ("rotates", "revokes", "revocation_call")},
    rotates=True,
    revokes="refresh_token",  # either of the two ends the other
    revocation_call=TokenCall(  # by RFC 7009; client authentication is not as at the token endpoint
        method="POST",
        url="https://www.strava.com/oauth/revoke",
        parameters={"token": "{token}"},
        authorization="basic",
    ),
)

PROVIDER = Provider(
    id="strava",
    name="Strava",
    source=f"{DOCS}/authentication/",
    authorization_endpoint="https://www.strava.com/oauth/authorize",
    token_endpoint="https://www.strava.com/oauth/token",
    scopes=("read",),
    scope_labels={
        "read": "See your public profile and routes",
        "read_all": "See your private routes and events",
        "profile:read_all": "See your whole profile",
        "profile:write": "Change your weight and starred segments",
        "activity:read": "See your activities that others can see",
        "activity:read_all": "See your private activities too",
        "activity:write": "Add and change your activities",
    },
    scope_separator=",",
    pkce=False,  # Strava documents none
    prompts=(),
    prompt_parameters={"consent": {"approval_prompt": "force"}},
    lifecycle=LIFECYCLE,
    # What is wrong is called `invalid` or `expired` whatever it is; which thing it is stands beside that.
    errors=Errors(
        at="errors.0.resource",
        bad_code=("AuthorizationCode",),
        bad_refresh_token=("RefreshToken",),
        bad_client=("Application",),
    ),
    profile={"user": get("https://www.strava.com/api/v3/athlete")},
    to_identity=to_identity,
    setup=Setup(
        console="https://www.strava.com/settings/api",
        steps=(
            "Create an API application; it wants an icon before it works",
            "Fill in *Authorization Callback Domain*: the host of {callback} alone, without `https://` and path",
            "Copy client ID and client secret",
        ),
        client_id="Client ID",
        review="A new app lets its owner alone sign in. The Standard tier is for up to ten athletes and needs the owner's "
        "paid Strava subscription; for more, ask Strava for Extended Access.",
        pitfalls=(
            "A person may untick scopes, which only the callback tells: the broker takes what was asked as granted",
            "Google sign-in on Strava's page fails in a webview: use the system browser",
            "Strava's brand rules want its own *Connect with Strava* button",
        ),
    ),
    documented=Documented(
        token={
            "token_type": "Bearer",
            "expires_at": 1568775134,
            "expires_in": "{expires_in}",
            "refresh_token": "{refresh_token?}",
            "access_token": "{access_token}",
            "athlete": {"id": "{number}", "username": "{username}", "resource_state": 2},
        },
        refreshed={
            "token_type": "Bearer",
            "access_token": "{access_token}",
            "expires_at": 1568775134,
            "expires_in": "{expires_in}",
            "refresh_token": "{refresh_token?}",
        },
        profile={
            "user": {
                "id": "{number}",
                "username": "{username}",
                "resource_state": 2,
                "firstname": "{given_name}",
                "lastname": "{family_name}",
                "profile": "avatar/athlete/large.png",
            }
        },
    ),
)
