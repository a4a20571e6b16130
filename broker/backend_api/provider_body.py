"""What `/v1/providers` and a file of `broker providers apply` may say of a provider."""

from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from allowlist.wire import Body
from broker.core.challenge import NoncePolicy
from broker.providers.configuring import CREDENTIALS

Text = Annotated[str, Field(min_length=1, max_length=512)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,128}$")]
Texts = Annotated[dict[str, Text], Field(max_length=20)]


class ProviderSettings(Body):
    """What any provider may be told, and from `issuer` on what a custom one may."""

    name: Text | None = None
    preset: Identifier | None = None
    client_id: Text | None = None
    scopes: list[Scope] | None = None
    additional_scopes: list[Scope] | None = None
    enabled: bool | None = None
    sign_in: bool | None = None
    refresh_ahead: bool | None = None
    issuer: Text | None = None
    authorization_endpoint: Text | None = None
    token_endpoint: Text | None = None
    userinfo_endpoint: Text | None = None
    revocation_endpoint: Text | None = None
    jwks_uri: Text | None = None
    pkce: bool | None = None
    client_auth: Literal["client_secret_post", "client_secret_basic"] | None = None
    token_body: Literal["form", "json"] | None = None
    scope_separator: Literal[" ", ",", ";", "+"] | None = None
    authorization_parameters: Texts | None = None
    attributes: Texts | None = None
    native_nonce: NoncePolicy | None = None
    rotates: bool | None = None
    rotation_grace: Annotated[int, Field(ge=0, le=90 * 86_400)] | None = None


Value = Annotated[str, Field(min_length=1, max_length=4096)]
ProviderChanges = create_model(
    "ProviderChanges",
    __doc__="Body of PATCH /v1/providers/{id}: only what is given changes, and null takes a member away.",
    __base__=ProviderSettings,
    **dict.fromkeys(CREDENTIALS, (Value | None, None)),  # type: ignore[call-overload]
)
NewProvider = create_model(
    "NewProvider",
    __doc__="Body of POST /v1/providers: adds or configures. The id is the catalogue's; or a new one, with a `preset`, an "
    "`issuer` or endpoints.",
    __base__=ProviderChanges,
    id=Identifier,
    client_id=Text,
)


def members(body: ProviderSettings) -> dict[str, Any]:
    """What was given, null too."""
    return body.model_dump(exclude_unset=True, exclude={"id"})
