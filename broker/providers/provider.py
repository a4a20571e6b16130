"""A provider is a value: the dozen ways in which providers differ, and four optional hooks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from broker.core.identity import Identity
from broker.core.records import ProviderConfiguration
from broker.providers.lifecycle import Lifecycle
from broker.providers.native import Native

Claims = Mapping[str, Any]
ANY_ALGORITHM = ("RS256", "ES256", "PS256", "EdDSA")
GetJson = Callable[[str, str], Awaitable[Any]]  # (URL, access token) to the decoded JSON


@dataclass(frozen=True, kw_only=True)
class Provider:
    """How to speak to one provider. `source` is its documentation, `lifecycle` how its tokens live.

    With an `issuer` it speaks OpenID Connect and its ID token says who came; `{tid}` in it stands for the token's
    own tenant (Microsoft). Without, `fetch_profile` asks.
    """

    id: str
    name: str
    source: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str | None = None
    revocation_endpoint: str | None = None
    issuer: str | None = None
    jwks_uri: str | None = None
    algorithms: tuple[str, ...] = ANY_ALGORITHM
    scopes: tuple[str, ...]
    scope_separator: str = " "
    pkce: bool = True
    client_auth: Literal["client_secret_post", "client_secret_basic"] = "client_secret_post"
    credential_fields: tuple[str, ...] = ("client_secret",)
    response_mode: Literal["query", "form_post"] = "query"
    prompts: tuple[str, ...] = ("login", "consent", "select_account")
    announces_issuer: bool = False  # RFC 9207: its answers carry `iss`, so one without is refused
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    native: Native | None = None  # sign-in by its SDK on the device
    notifications: Mapping[str, str] | None = None  # what it tells us by itself: its word, and ours for it
    to_identity: Callable[[Claims], Identity]
    fetch_profile: "Callable[[GetJson, Connection, str], Awaitable[Claims]] | None" = None
    read_answer: Callable[[Any], Any] | None = None  # a token answer into the shape of RFC 6749 section 5.1
    mint_client_secret: "Callable[[Connection, int], str] | None" = None

    @property
    def fixed_issuer(self) -> str | None:
        """The issuer where it is one text, as `iss` of a callback can be held against."""
        return None if self.issuer is None or "{tid}" in self.issuer else self.issuer


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A provider as configured here: ready to send people to. `callback` is its own path (CB-05); with `refresh_ahead`
    its tokens are kept fresh whether or not anybody asks for them."""

    provider: Provider
    client_id: str
    credentials: Mapping[str, str] = field(repr=False)
    scopes: tuple[str, ...]
    additional_scopes: tuple[str, ...]
    callback: str
    sign_in: bool = True
    refresh_ahead: bool = False

    @property
    def id(self) -> str:
        return self.provider.id

    @property
    def lifecycle(self) -> Lifecycle:
        return self.provider.lifecycle

    def client_secret(self, now: int) -> str | None:
        """The secret for the token endpoint: kept, or minted for this call."""
        if self.provider.mint_client_secret:
            return self.provider.mint_client_secret(self, now)
        return self.credentials.get("client_secret")


def connect(provider: Provider, configuration: ProviderConfiguration, issuer: str) -> Connection:
    """Join what the catalogue knows and what the admin set."""
    return Connection(
        provider=provider,
        client_id=configuration.client_id,
        credentials=configuration.credentials,
        scopes=provider.scopes if configuration.scopes is None else configuration.scopes,
        additional_scopes=configuration.additional_scopes,
        callback=f"{issuer}/callback/{provider.id}",
        sign_in=configuration.sign_in,
        refresh_ahead=configuration.refresh_ahead,
    )


def from_openid_claims(claims: Claims) -> Identity:
    """OpenID Connect's standard claims (Core section 5.1)."""
    return Identity(
        subject=claims["sub"],
        email=text(claims, "email"),
        email_verified=truth(claims.get("email_verified")),
        name=text(claims, "name"),
        given_name=text(claims, "given_name"),
        family_name=text(claims, "family_name"),
        username=text(claims, "preferred_username"),
        picture=text(claims, "picture"),
    )


def with_posted_name(provider: Provider, identity: Identity, posted: str | None) -> Identity:
    """Apple tells a person's name once, unsigned, beside the posted code. A name is all that is taken from it, and
    never over a signed one (CB-09)."""
    if posted is None or provider.response_mode != "form_post" or identity.name:
        return identity
    try:
        said = msgspec.json.decode(posted, type=PostedUser).name
    except msgspec.DecodeError:
        return identity
    full = f"{said.firstName} {said.lastName}".strip()[:200]
    return msgspec.structs.replace(
        identity,
        name=full or None,
        given_name=said.firstName[:100] or None,
        family_name=said.lastName[:100] or None,
    )


def with_name_of(earlier: Identity, identity: Identity) -> Identity:
    """`identity`, under the name that was told before."""
    return msgspec.structs.replace(
        identity, name=earlier.name, given_name=earlier.given_name, family_name=earlier.family_name
    )


class PostedName(msgspec.Struct, frozen=True):
    firstName: str = ""  # noqa: N815 - Apple's spelling
    lastName: str = ""  # noqa: N815


class PostedUser(msgspec.Struct, frozen=True):
    """The `user` field of Apple's posted callback; its e-mail is left where it is."""

    name: PostedName = PostedName()


def text(claims: Claims, name: str) -> str | None:
    """A claim if it is text of a sane length; providers send null, numbers and essays too."""
    value = claims.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= 1024 else None


def truth(value: object) -> bool | None:
    """Apple says "true" where others say true; anything else was not said."""
    return (
        {True: True, "true": True, False: False, "false": False}.get(value)
        if isinstance(value, bool | str)
        else None
    )
