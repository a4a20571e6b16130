"""Connections to providers: `/v1/providers`. Credentials go in and never come out."""

import time
from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.params import FromPath
from pydantic import Field

from allowlist.wire import AnyRequest, ApiError, Body, read_json
from broker.backend_api.audit import record
from broker.core.challenge import NoncePolicy
from broker.core.errors import OAuthError
from broker.core.records import ProviderConfiguration
from broker.providers import CATALOGUE
from broker.rooms import Given, Rooms

Text = Annotated[str, Field(min_length=1, max_length=512)]
Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,128}$")]
CREDENTIALS = ("client_secret", "team_id", "key_id", "private_key")


class ProviderChanges(Body):
    """Body of PATCH /v1/providers/{id}: each field is optional and only what is given changes."""

    name: Text | None = None
    issuer: Text | None = None
    client_id: Text | None = None
    client_secret: Text | None = None
    team_id: Text | None = None
    key_id: Text | None = None
    private_key: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    scopes: list[Scope] | None = None
    additional_scopes: list[Scope] | None = None
    enabled: bool | None = None
    sign_in: bool | None = None
    rotates: bool | None = None
    rotation_grace: Annotated[int, Field(ge=0, le=90 * 86_400)] | None = None
    refresh_ahead: bool | None = None
    native_nonce: NoncePolicy | Literal["off"] | None = None


class NewProvider(ProviderChanges):
    """Body of POST /v1/providers: adds or configures; the catalogue's id, or a new one with an `issuer`."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    client_id: Text


@get("/")
async def list_providers(rooms: Given[Rooms]) -> list[dict[str, object]]:
    """GET /v1/providers: the rooms, configured or not, and the custom ones."""
    stored = {each.id: each for each in await rooms.store.provider_configurations.list()}
    return [described(each, stored.get(each), rooms) for each in dict.fromkeys([*CATALOGUE, *stored])]


@post("/", status_code=200)
async def configure_provider(
    request: AnyRequest,
    rooms: Given[Rooms],
) -> dict[str, object]:
    """POST /v1/providers"""
    body = await read_json(request, NewProvider)
    before = await rooms.store.provider_configurations.find(body.id)
    fresh = ProviderConfiguration(id=body.id, created_at=int(time.time()))
    configuration = await apply(body, before or fresh, rooms)
    return await keep(request, configuration, rooms)


@get("/{provider_id:str}")
async def get_provider(
    provider_id: FromPath[str],
    rooms: Given[Rooms],
) -> dict[str, object]:
    """GET /v1/providers/{id}"""
    stored = await rooms.store.provider_configurations.find(provider_id)
    if stored is None and provider_id not in CATALOGUE:
        raise unknown()
    return described(provider_id, stored, rooms)


@patch("/{provider_id:str}")
async def change_provider(
    request: AnyRequest,
    provider_id: FromPath[str],
    rooms: Given[Rooms],
) -> dict[str, object]:
    """PATCH /v1/providers/{id}"""
    body = await read_json(request, ProviderChanges)
    before = await rooms.store.provider_configurations.find(provider_id)
    if before is None:
        raise unknown()
    return await keep(request, await apply(body, before, rooms), rooms)


@delete("/{provider_id:str}", status_code=200)
async def delete_provider(
    request: AnyRequest, provider_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """DELETE /v1/providers/{id}: forget the configuration and its credentials; people's accounts there stay known."""
    if not await rooms.store.provider_configurations.remove(provider_id):
        raise unknown()
    await record(request, rooms, "provider.deleted", id=provider_id)
    return {"object": "provider", "id": provider_id, "deleted": True}


async def apply(body: ProviderChanges, before: ProviderConfiguration, rooms: Rooms) -> ProviderConfiguration:
    """The configuration after the change. Raises ApiError that names the field."""
    given = body.model_dump(exclude_unset=True, exclude={"id"})
    given = {name: value for name, value in given.items() if value is not None}
    secrets = {name: given.pop(name) for name in CREDENTIALS if name in given}
    lists = {name: tuple(given[name]) for name in ("scopes", "additional_scopes") if name in given}
    after = msgspec.structs.replace(
        before, **given | lists, credentials={**before.credentials, **secrets}, updated_at=int(time.time())
    )
    check_fields(after)
    if after.issuer and (after.issuer != before.issuer or after.discovered is None):
        after = msgspec.structs.replace(after, discovered=await discover(after.issuer, rooms))
    return after


def check_fields(configuration: ProviderConfiguration) -> None:
    """Each provider needs its own credentials, no others; the catalogue's issuers are not to be changed."""
    provider = CATALOGUE.get(configuration.id)
    if provider is None and configuration.issuer is None:
        raise ApiError(
            422, "form_param_missing", "issuer is missing, and the catalogue has no such id", param="issuer"
        )
    if provider is not None and configuration.issuer is not None:
        raise ApiError(
            422, "form_param_value_invalid", f"the issuer of {provider.id} is known", param="issuer"
        )
    for name in ("rotates", "rotation_grace"):
        if provider is not None and getattr(configuration, name) is not None:
            told = f"how the tokens of {provider.id} live is known"
            raise ApiError(422, "form_param_value_invalid", told, param=name)
    if provider is not None and configuration.native_nonce != "off":
        told = f"how the SDK of {provider.id} signs people in is known"
        raise ApiError(422, "form_param_value_invalid", told, param="native_nonce")
    needed = provider.credential_fields if provider else ("client_secret",)
    for name in needed:
        if name not in configuration.credentials:
            raise ApiError(422, "form_param_missing", f"{name} is missing", param=name)
    for name in configuration.credentials:
        if name not in needed:
            raise ApiError(422, "form_param_unknown", f"{configuration.id} has no {name}", param=name)


async def discover(issuer: str, rooms: Rooms) -> object:
    """An admin may know what was wrong with an issuer; it is a 4xx, since Clerk's clients repeat 5xx for an hour."""
    try:
        return await rooms.upstream.discover(issuer)
    except OAuthError as error:
        reason = f"issuer: {error.detail or error.description}"
        raise ApiError(422, "form_param_value_invalid", reason, param="issuer") from None


async def keep(request: AnyRequest, configuration: ProviderConfiguration, rooms: Rooms) -> dict[str, object]:
    await rooms.store.provider_configurations.save(configuration)
    await record(request, rooms, "provider.configured", id=configuration.id)
    return described(configuration.id, configuration, rooms)


def unknown() -> ApiError:
    return ApiError(404, "resource_not_found", "no provider with this id is configured")


def described(provider_id: str, stored: ProviderConfiguration | None, rooms: Rooms) -> dict[str, object]:
    """`offered` says whether people can be sent there now, whoever configured it; credentials only by name."""
    configuration = stored or rooms.catalogue.from_environment.get(provider_id)
    connection = rooms.catalogue.connection(provider_id, stored)
    known = CATALOGUE.get(provider_id)
    native = connection.provider.native if connection else None
    name = (configuration and configuration.name) or (known.name if known else provider_id)
    return {
        "object": "provider",
        "id": provider_id,
        "name": name,
        "issuer": configuration.issuer if configuration else None,
        "client_id": configuration.client_id if configuration else None,
        "credentials_set": sorted(configuration.credentials) if configuration else [],
        "scopes": connection.scopes if connection else (known.scopes if known else ()),
        "additional_scopes": configuration.additional_scopes if configuration else (),
        "enabled": bool(configuration and configuration.enabled),
        "sign_in": bool(connection and connection.sign_in),
        "offered": connection is not None,
        "rotates": known.lifecycle.rotates if known else configuration and configuration.rotates,
        "rotation_grace": known.lifecycle.grace if known else configuration and configuration.rotation_grace,
        "refresh_ahead": bool(configuration and configuration.refresh_ahead),
        "native": sorted(native.sdks) if native else [],
        "native_nonce": configuration.native_nonce if configuration else "off",
        "callback_url": f"{rooms.settings.issuer}/callback/{provider_id}",
        "created_at": configuration.created_at * 1000 if configuration else None,
        "updated_at": configuration.updated_at * 1000 if configuration else None,
    }


providers_router = Router(
    "/providers",
    route_handlers=[list_providers, configure_provider, get_provider, change_provider, delete_provider],
    opt={"area": "providers"},
)
