"""A provider is a value: the ways in which providers differ, and three optional hooks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from broker.core.identity import Identity
from broker.core.provider_field import CLIENT_SECRET, ProviderField
from broker.core.records import ProviderConfiguration
from broker.providers.attributes import Claims
from broker.providers.calls import TokenCall
from broker.providers.documented import Documented
from broker.providers.lifecycle import Lifecycle
from broker.providers.native import Native
from broker.providers.setup import Setup

ANY_ALGORITHM = ("RS256", "ES256", "PS256", "EdDSA")
ClientAuth = Literal["client_secret_post", "client_secret_basic"]


@dataclass(frozen=True, kw_only=True)
class Errors:
    """How the token endpoint says no: where the word stands, and its words for what RFC 6749 section 5.2 calls
    invalid_grant (of a code, of a refresh token) and invalid_client. The first of each is what the simulator says;
    all of `bad_refresh_token` condemn a grant for good, so nothing vague belongs there: a word that means other things
    too is written with what the provider says beside it, `invalid_request: the token was invalid`."""

    at: str = "error"
    described_at: str = "error_description"
    bad_code: tuple[str, ...] = ("invalid_grant",)
    bad_refresh_token: tuple[str, ...] = ("invalid_grant",)
    bad_client: tuple[str, ...] = ("invalid_client",)
    status: int = 400


@dataclass(frozen=True, kw_only=True)
class Provider:
    """How to speak to one provider. `source` is its documentation, `lifecycle` how its tokens live.

    With an `issuer` it speaks OpenID Connect and its ID token says who came; `{tid}` in it stands for the token's
    own tenant (Microsoft). Without, the calls of `profile` ask: `to_identity` reads their answers by their names, and
    the token answer as `token`. A `{name}` in an endpoint is filled by the field of that name.
    """

    id: str
    name: str
    source: str
    entry: str | None = None  # of the catalogue, where this is another connection of it
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str | None = None
    revocation_endpoint: str | None = None
    issuer: str | None = None
    jwks_uri: str | None = None
    algorithms: tuple[str, ...] = ANY_ALGORITHM
    scopes: tuple[str, ...]  # asked at every sign-in: who it is, and a refresh token where a scope brings it
    scope_labels: Mapping[str, str] = field(
        default_factory=dict
    )  # in a person's words; those beyond `scopes` are offered
    scope_separator: str = " "
    scope_parameter: str = "scope"
    client_id_parameter: str = "client_id"
    authorization_parameters: Mapping[str, str] = field(default_factory=dict)
    pkce: bool = True
    client_auth: ClientAuth = "client_secret_post"
    token_body: Literal["form", "json"] = "form"
    token_headers: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[ProviderField, ...] = (CLIENT_SECRET,)
    response_mode: Literal["query", "form_post"] = "query"
    prompts: tuple[str, ...] = ("login", "consent", "select_account")
    prompt_parameters: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # where `prompt` is called otherwise
    announces_issuer: bool = False  # RFC 9207: its answers carry `iss`, so one without is refused
    thin_id_token: bool = False  # its ID token leaves claims to userinfo, so that is always asked
    refuses_webviews: bool | None = None  # None: nothing is documented
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    errors: Errors = field(default_factory=Errors)
    profile: Mapping[str, TokenCall] = field(default_factory=dict)
    native: Native | None = None  # sign-in by its SDK on the device
    notifications: Mapping[str, str] | None = None  # what it tells us by itself: its word, and ours for it
    to_identity: Callable[[Claims], Identity]
    read_answer: Callable[[Any], Any] | None = None  # a token answer into the shape of RFC 6749 section 5.1
    mint_client_secret: "Callable[[Connection, int], str] | None" = None
    callback_proof: "Callable[[Connection, Mapping[str, str]], str] | None" = (
        None  # what `hmac` of its callback must be
    )
    setup: Setup | None = None  # None: a custom provider
    documented: Documented = field(default_factory=Documented)

    @property
    def logo(self) -> str:
        """By which id its drawing is found."""
        return self.entry or self.id

    @property
    def fixed_issuer(self) -> str | None:
        """The issuer where it is one text, as `iss` of a callback can be held against."""
        return None if self.issuer is None or "{tid}" in self.issuer else self.issuer

    @property
    def kind(self) -> Literal["oidc", "oauth2"]:
        return "oidc" if self.issuer else "oauth2"

    @property
    def offered_scopes(self) -> tuple[str, ...]:
        """What an app may be allowed to ask for beyond `scopes`."""
        return tuple(scope for scope in self.scope_labels if scope not in self.scopes)

    def at(self, values: Mapping[str, str]) -> "Provider":
        """The same with its endpoints filled: each `{name}` of a field that is not secret."""
        shown = {each.name: values.get(each.name, each.default) for each in self.fields if not each.secret}
        if not shown:
            return self
        return self.moved(lambda url: filled(url, shown))

    def moved(self, place: Callable[[str], str]) -> "Provider":
        """The same, each of its addresses put through `place`."""

        def call(each: TokenCall | None) -> TokenCall | None:
            return replace(each, url=place(each.url)) if each else None

        return replace(
            self,
            authorization_endpoint=place(self.authorization_endpoint),
            token_endpoint=place(self.token_endpoint),
            userinfo_endpoint=self.userinfo_endpoint and place(self.userinfo_endpoint),
            revocation_endpoint=self.revocation_endpoint and place(self.revocation_endpoint),
            issuer=self.issuer and place(self.issuer),
            jwks_uri=self.jwks_uri and place(self.jwks_uri),
            profile={name: replace(each, url=place(each.url)) for name, each in self.profile.items()},
            lifecycle=replace(
                self.lifecycle,
                exchange=call(self.lifecycle.exchange),
                renewal_call=call(self.lifecycle.renewal_call),
                revocation_call=call(self.lifecycle.revocation_call),
            ),
        )


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
    def allowed_scopes(self) -> tuple[str, ...]:
        """What may be asked at all: always, or when an app asks."""
        return (*self.scopes, *self.additional_scopes)

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
        provider=provider.at(configuration.credentials),
        client_id=configuration.client_id,
        credentials=configuration.credentials,
        scopes=provider.scopes if configuration.scopes is None else configuration.scopes,
        additional_scopes=configuration.additional_scopes,
        callback=f"{issuer}/callback/{provider.id}",
        sign_in=configuration.sign_in,
        refresh_ahead=configuration.refresh_ahead,
    )


def filled(url: str, values: Mapping[str, str | None]) -> str:
    """Only the names given: a `{tid}` or `{client_id}` is filled by others, later."""
    for name, value in values.items():
        url = url.replace(f"{{{name}}}", value or "")
    return url


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
