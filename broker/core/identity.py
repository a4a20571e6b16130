"""Who signed in, in OpenID Connect's words (Core section 5.1), and the records made of it."""

import msgspec


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of a person. Only `subject` identifies (OC-07); the rest is description."""

    subject: str
    email: str | None = None
    email_verified: bool | None = None  # None: the provider did not say
    email_authoritative: bool = False  # the provider is who runs this mailbox or knows its domain's owner
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    username: str | None = None
    picture: str | None = None


class ProviderTokens(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider's token endpoint gave; kept sealed, for app backends only. `client_id` is whom it was given to,
    and who alone can renew and revoke it: an app's own id there, or None for the connection's."""

    access_token: str
    token_type: str = "Bearer"
    refresh_token: str | None = None
    id_token: str | None = None
    expires_at: int | None = None
    scope: tuple[str, ...] = ()
    client_id: str | None = None


class ExternalAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A user's account at a provider: `eac_...`."""

    id: str
    user_id: str
    provider: str
    identity: Identity
    scope: tuple[str, ...]
    created_at: int
    updated_at: int


class User(msgspec.Struct, frozen=True, kw_only=True):
    """`user_...`. The description is that of the account by which the user first came."""

    id: str
    primary_account: str
    identity: Identity
    created_at: int
    updated_at: int
    last_sign_in_at: int


def user_claims(user: User, scope: str) -> dict[str, object]:
    """The claims that a scope opens at userinfo (OpenID Connect Core section 5.4)."""
    granted = scope.split()
    who = user.identity
    claims: dict[str, object | None] = {"sub": user.id}
    if "profile" in granted:
        claims |= {
            "name": who.name,
            "given_name": who.given_name,
            "family_name": who.family_name,
            "preferred_username": who.username,
            "picture": who.picture,
            "updated_at": user.updated_at,
        }
    if "email" in granted:
        claims |= {"email": who.email, "email_verified": who.email and bool(who.email_verified)}
    return {name: value for name, value in claims.items() if value is not None}
