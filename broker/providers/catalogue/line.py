"""LINE: OpenID Connect whose ID tokens are signed with the channel secret, so LINE itself is asked to read them."""

from typing import Any

from broker.providers.attributes import mapped
from broker.providers.calls import TokenCall
from broker.providers.documented import Documented
from broker.providers.lifecycle import DAY, Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

API = "https://api.line.me/oauth2/v2.1"
DOCS = "https://developers.line.biz/en"


def read_answer(answer: Any) -> Any:
    """Its `scope` leaves out `email` even when it was granted, so it is not taken for what was granted."""
    if not isinstance(answer, dict):
        return answer
    return {name: value for name, value in answer.items() if name != "scope"}


# Whether a refresh changes the refresh token is not said. A call that ends the whole grant exists too, and wants a
# token of the channel that would have to be got first; this one ends the access token.
LIFECYCLE = Lifecycle(
    sources={
        f"{DOCS}/docs/line-login/managing-access-tokens/": ("refresh_lifetime",),
        f"{DOCS}/reference/line-login/": ("revokes", "revocation_call"),
    },
    refresh_lifetime=90 * DAY,  # from when its access token, which lives thirty, was issued
    revokes="access_token",
    revocation_call=TokenCall(
        method="POST",
        url=f"{API}/revoke",
        parameters={
            "access_token": "{token}",
            "client_id": "{client_id}",
            "client_secret": "{client_secret}",
        },
    ),
)

PROVIDER = Provider(
    id="line",
    name="LINE",
    source=f"{DOCS}/docs/line-login/integrate-line-login/",
    authorization_endpoint="https://access.line.me/oauth2/v2.1/authorize",
    token_endpoint=f"{API}/token",
    scopes=("openid", "profile", "email"),
    scope_labels={
        "openid": "Know that it is you",
        "profile": "See your name and picture",
        "email": "See your e-mail address",
    },
    prompts=("login", "consent"),
    lifecycle=LIFECYCLE,
    # userinfo knows no e-mail; the ID token does.
    profile={
        "user": TokenCall(
            method="POST",
            url=f"{API}/verify",
            parameters={"id_token": "{answer.id_token}", "client_id": "{client_id}"},
        )
    },
    # `sub` is one for all channels of the console's "provider", and stays. Whether the e-mail was checked is not said.
    to_identity=mapped(subject="user.sub", email="user.email", name="user.name", picture="user.picture"),
    read_answer=read_answer,
    setup=Setup(
        console="https://developers.line.biz/console/",
        client_id="channel ID",
        steps=(
            "Make a provider, and in it a channel of the type *LINE Login* whose app type is *Web app*",
            "On the tab *LINE Login* paste {callback} as *Callback URL*",
            "Under *Basic settings*, *OpenID Connect*, apply for the e-mail permission",
            "Press *Publish*",
        ),
        review="A channel that is *Developing* lets in only people with a role in it; publishing needs no review.",
        pitfalls=(
            "Without the e-mail permission nobody can sign in: apply first, or take `email` out of the scopes",
            "A channel cannot be moved to another provider of the console, and there a person has another id",
            "Many people have no e-mail address in LINE",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "expires_in": "{expires_in}",
            "id_token": "{access_token}",  # signed with our secret, so as good as any other text of LINE's
            "refresh_token": "{refresh_token?}",
            "scope": "openid profile",
            "token_type": "Bearer",
        },
        refreshed={
            "access_token": "{access_token}",
            "expires_in": "{expires_in}",
            "refresh_token": "{refresh_token?}",
            "scope": "openid profile",
            "token_type": "Bearer",
        },
        profile={
            "user": {
                "iss": "https://access.line.me",
                "sub": "U{subject}",
                "aud": "1234567890",
                "iat": "{now}",
                "amr": ["pwd"],
                "name": "{name?}",
                "email": "{email?}",
            }
        },
        email_scope="email",
        name_scope="profile",
    ),
)
