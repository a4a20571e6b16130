"""Discord: OAuth 2; a profile with a flag for the verified e-mail and a picture by its hash."""

import msgspec

from broker.core.identity import Identity
from broker.providers.attributes import Claims, as_text, at, mapped
from broker.providers.calls import get
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Provider
from broker.providers.setup import Setup

DOCS = "https://docs.discord.com/developers"
PICTURES = "https://cdn.discordapp.com/avatars"


def to_identity(claims: Claims) -> Identity:
    """The id never changes; a username can. Whoever chose no display name is shown by the username."""
    who, picture = read_user(claims), as_text(at(claims, "user.avatar"))
    return msgspec.structs.replace(
        who,
        name=who.name or who.username,
        picture=f"{PICTURES}/{who.subject}/{picture}.png" if picture else None,
    )


read_user = mapped(
    subject="user.id",
    email="user.email",  # null for an account that has a telephone number only
    email_verified="user.verified",
    name="user.global_name",
    username="user.username",
)

# A refresh token comes with every code; how long it lives is not documented, nor any grace for a spent one.
LIFECYCLE = Lifecycle(
    sources={
        "https://github.com/discord/discord-api-docs/issues/5942": ("rotates",),
        f"{DOCS}/topics/oauth2": ("revokes",),
    },
    rotates=True,
    revokes="refresh_token",
)

PROVIDER = Provider(
    id="discord",
    name="Discord",
    source=f"{DOCS}/topics/oauth2",
    authorization_endpoint="https://discord.com/oauth2/authorize",
    token_endpoint="https://discord.com/api/oauth2/token",
    revocation_endpoint="https://discord.com/api/oauth2/token/revoke",
    scopes=("identify", "email"),
    # `role_connections.write` is not offered: together with PKCE it is refused.
    scope_labels={
        "identify": "See your name and picture",
        "email": "See your e-mail address",
        "guilds": "See which servers you are in",
        "guilds.members.read": "See your profile in your servers",
        "guilds.join": "Add you to a server",
        "connections": "See the accounts that you linked",
        "gdm.join": "Add you to group chats",
        "applications.entitlements": "See what you bought in the app",
        "webhook.incoming": "Create a webhook in a channel",
    },
    # https://discord.com/.well-known/oauth-authorization-server announces PKCE, and `iss` in answers; the guide's sample
    # has none, so an answer without it is not refused.
    prompts=("consent",),
    lifecycle=LIFECYCLE,
    profile={"user": get("https://discord.com/api/v10/users/@me")},
    to_identity=to_identity,
    setup=Setup(
        console="https://discord.com/developers/applications",
        steps=(
            "Create a *New Application*",
            "Under *OAuth2* add {callback} to *Redirects* and save",
            "Leave *Public Client* off",
            "Copy the client ID and press *Reset Secret*; the secret is shown once",
        ),
        review="None: anybody can sign in at once. A few scopes, such as those for messages and friends, need approval.",
        pitfalls=(
            "The redirect must be the same to the last slash",
            "An account may have no e-mail address, or one that was never verified",
            "`guilds.join` works only into servers that a bot of the same application is in",
        ),
    ),
    documented=Documented(
        token={
            "access_token": "{access_token}",
            "token_type": "Bearer",
            "expires_in": "{expires_in}",
            "refresh_token": "{refresh_token?}",
            "scope": "{scope}",
        },
        profile={
            "user": {
                "id": "{subject}",
                "username": "{username}",
                "discriminator": "0",
                "global_name": "{name}",
                "avatar": "{picture}",
                "verified": "{email_verified?}",
                "email": "{email?}",
                "locale": "en-US",
                "mfa_enabled": True,
                "flags": 64,
                "premium_type": 0,
                "public_flags": 64,
            }
        },
        email_scope="email",
    ),
)
