"""Twitch: OpenID Connect whose ID token says only what the parameter `claims` asks for; errors are sentences."""

from broker.providers.attributes import from_openid_claims
from broker.providers.calls import TokenCall
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Errors, Provider
from broker.providers.setup import Setup

DOCS = "https://dev.twitch.tv/docs/authentication"

# A refresh token lasts until the person changes the password or disconnects the app. An answer to a refresh has one,
# which may be another; that the old one ends then is not said.
LIFECYCLE = Lifecycle(
    sources={f"{DOCS}/revoke-tokens/": ("revokes", "revocation_call")},
    revokes="access_token",  # the only kind that it takes
    revocation_call=TokenCall(
        method="POST",
        url="https://id.twitch.tv/oauth2/revoke",
        parameters={"client_id": "{client_id}", "token": "{token}"},
    ),
)

PROVIDER = Provider(
    id="twitch",
    name="Twitch",
    source=f"{DOCS}/getting-tokens-oidc/",
    issuer="https://id.twitch.tv/oauth2",
    authorization_endpoint="https://id.twitch.tv/oauth2/authorize",
    token_endpoint="https://id.twitch.tv/oauth2/token",
    jwks_uri="https://id.twitch.tv/oauth2/keys",
    algorithms=("RS256",),
    scopes=("openid", "user:read:email"),
    scope_labels={
        "openid": "Know that it is you",
        "user:read:email": "See your e-mail address",
        "user:read:follows": "See the channels that you follow",
        "user:read:subscriptions": "See the channels that you subscribe to",
        "channel:read:subscriptions": "See your channel's subscribers",
        "moderator:read:followers": "See your channel's followers",
        "channel:manage:broadcast": "Change your stream's title and settings",
        "bits:read": "See your channel's Bits",
        "user:read:chat": "Read chat as you",
        "user:write:chat": "Write in chat as you",
        "clips:edit": "Make clips",
    },
    authorization_parameters={
        "claims": '{"id_token":{"email":null,"email_verified":null,"picture":null,"preferred_username":null}}'
    },
    pkce=False,  # Twitch documents none; the nonce in the signed ID token binds the flow
    prompts=(),
    prompt_parameters={"consent": {"force_verify": "true"}},
    lifecycle=LIFECYCLE,
    # `Invalid token` is what the revocation says of one that is over already.
    errors=Errors(
        at="message",
        bad_code=("Invalid authorization code",),
        bad_refresh_token=("Invalid refresh token", "Invalid token"),
        bad_client=("invalid client secret", "invalid client"),
    ),
    to_identity=from_openid_claims,
    setup=Setup(
        console="https://dev.twitch.tv/console/apps",
        steps=(
            "Switch on two-factor authentication for the account that owns the app",
            "Register an application; its name must be new to all of Twitch",
            "Paste {callback} under *OAuth Redirect URLs*",
            "Choose the client type *Confidential*: a public one gets no secret",
            "Press *New Secret*; it is shown once",
        ),
        client_id="Client ID",
        review="None: anybody can sign in at once.",
        pitfalls=(
            "A backend that uses the tokens has to call `https://id.twitch.tv/oauth2/validate` hourly; the broker does not",
            "Each call of the API needs the header `Client-Id` beside the token",
            "A new secret ends the old one at once",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "expires_in": "{expires_in}",
            "id_token": "{id_token?}",
            "refresh_token": "{refresh_token?}",
            "scope": "{scopes}",
            "token_type": "bearer",
        },
        claims={
            "sub": "{subject}",
            "preferred_username": "{username}",
            "email": "{email?}",
            "email_verified": "{email_verified?}",
        },
        email_scope="user:read:email",
    ),
)
