"""Connections to providers: `/v1/providers`. Credentials go in and never come out."""

import time

from litestar import Router, delete, get, patch, post
from litestar.params import FromPath

from allowlist.wire import AnyRequest, ApiError, ApiErrors, read_json
from broker.backend_api.audit import record
from broker.backend_api.provider_body import NewProvider, ProviderChanges, ProviderSettings, members
from broker.core.provider_field import CLIENT_SECRET
from broker.core.records import ProviderConfiguration, Told
from broker.providers import CATALOGUE
from broker.providers.configured import entry_of, provider_of
from broker.providers.configuring import Refused, configured
from broker.rooms import Given, Rooms

CODES = {
    "missing": "form_param_missing",
    "invalid": "form_param_value_invalid",
    "unknown": "form_param_unknown",
}
SHOWN = ("id", "preset", *Told.__struct_fields__, "additional_scopes", "enabled", "refresh_ahead")


@get("/")
async def list_providers(rooms: Given[Rooms]) -> list[dict[str, object]]:
    """GET /v1/providers: the catalogue, configured or not, and the others."""
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
    return await keep(request, await asked(body, before or fresh, rooms), rooms)


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
    return await keep(request, await asked(body, before, rooms), rooms)


@delete("/{provider_id:str}", status_code=200)
async def delete_provider(
    request: AnyRequest, provider_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """DELETE /v1/providers/{id}: forget the configuration and its credentials; people's accounts there stay known."""
    if not await rooms.store.provider_configurations.remove(provider_id):
        raise unknown()
    await record(request, rooms, "provider.deleted", id=provider_id)
    return {"object": "provider", "id": provider_id, "deleted": True}


@post("/{provider_id:str}/test", status_code=200)
async def test_provider(provider_id: FromPath[str], rooms: Given[Rooms]) -> dict[str, object]:
    """POST /v1/providers/{id}/test: whether its credentials are good, asked of the provider with nobody signing in."""
    stored = await rooms.store.provider_configurations.find(provider_id)
    connection = rooms.catalogue.switched_on(provider_id, stored)
    if connection is None:
        raise unknown()
    proof = await rooms.upstream.prove(connection, int(time.time()))
    return {"object": "provider_test", "provider": provider_id, **proof._asdict()}


async def asked(body: ProviderSettings, before: ProviderConfiguration, rooms: Rooms) -> ProviderConfiguration:
    """The configuration after the change. Raises ApiErrors that name each field; 4xx for an issuer that does not answer,
    too, since Clerk's clients repeat 5xx for an hour."""
    try:
        return await configured(before, members(body), rooms.upstream, int(time.time()))
    except Refused as refused:
        raise ApiErrors(
            [ApiError(422, CODES[each.kind], each.words, param=each.member) for each in refused.faults]
        ) from None


async def keep(request: AnyRequest, configuration: ProviderConfiguration, rooms: Rooms) -> dict[str, object]:
    await rooms.store.provider_configurations.save(configuration)
    await record(request, rooms, "provider.configured", id=configuration.id)
    return described(configuration.id, configuration, rooms)


def unknown() -> ApiError:
    return ApiError(404, "resource_not_found", "no provider with this id is configured")


def described(provider_id: str, stored: ProviderConfiguration | None, rooms: Rooms) -> dict[str, object]:
    """`offered` says whether people can be sent there now, whoever configured it; secrets only by name."""
    known = stored or rooms.catalogue.from_environment.get(provider_id)
    shown = told(known or ProviderConfiguration(id=provider_id, enabled=False))
    return {
        **shown,
        "object": "provider",
        "callback_url": f"{rooms.settings.issuer}/callback/{provider_id}",
        "source": rooms.catalogue.source(provider_id, stored),
        **in_use(provider_id, stored, rooms),
        "client_id": known.client_id if known else None,
        "created_at": known.created_at * 1000 if known else None,
        "updated_at": known.updated_at * 1000 if known else None,
    }


def told(configuration: ProviderConfiguration) -> dict[str, object]:
    """What an admin said, but secrets; of the catalogue's, what they need not say."""
    known = entry_of(configuration)
    fields = known.fields if known else (CLIENT_SECRET,)
    return {
        **{name: getattr(configuration, name) for name in SHOWN},
        "name": configuration.name or (known.name if known else configuration.id),
        "credentials_set": sorted(
            each.name for each in fields if each.secret and each.name in configuration.credentials
        ),
        "parameters": {
            each.name: configuration.credentials.get(each.name, each.default)
            for each in fields
            if not each.secret
        },
        "rotates": known.lifecycle.rotates if known else configuration.rotates,
        "rotation_grace": known.lifecycle.grace if known else configuration.rotation_grace,
    }


def in_use(provider_id: str, stored: ProviderConfiguration | None, rooms: Rooms) -> dict[str, object]:
    """What holds for people now; `native` are the platforms whose SDKs sign people in."""
    configuration = stored or rooms.catalogue.from_environment.get(provider_id)
    provider = provider_of(configuration) if configuration else CATALOGUE.get(provider_id)
    connection = rooms.catalogue.connection(provider_id, stored)
    chosen = configuration.scopes if configuration else None
    return {
        "kind": provider.kind if provider else None,
        "scopes": chosen if chosen is not None else (provider.scopes if provider else ()),
        "sign_in": bool(connection and connection.sign_in),
        "offered": connection is not None,
        "native": sorted(connection.provider.native.sdks)
        if connection and connection.provider.native
        else [],
    }


providers_router = Router(
    "/providers",
    route_handlers=[
        *(list_providers, configure_provider, get_provider, change_provider, delete_provider, test_provider),
    ],
    opt={"area": "providers"},
)
