"""Providers: `/dashboard/providers`, as `/v1/providers` has them. Credentials go in and never come out."""

import time
from asyncio import gather
from typing import Any

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist.wire import AnyRequest, ApiError, ApiErrors, read_members
from broker.backend_api import providers as api
from broker.backend_api.provider_body import NewProvider
from broker.core.records import ProviderConfiguration
from broker.dashboard.form import read_form
from broker.dashboard.provider_form import ProviderForm, marked, members_of
from broker.dashboard.refusal import words_of
from broker.dashboard.shell import confirm_page, dashboard_page, done
from broker.providers import CATALOGUE
from broker.providers.credentials import Proof
from broker.rooms import Given, Rooms

PLACE = "providers"
KINDS = ("oidc", "oauth2", "preset")


@get("/")
async def list_providers(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/providers: those that are set up first, then the catalogue's others."""
    listed = await api.listed(rooms)
    return dashboard_page(
        request,
        "dashboard/providers.html",
        place=PLACE,
        configured=[each for each in listed if each["source"] in ("stored", "environment")],
        simulated=[each for each in listed if each["source"] == "simulated"],
        others=[each for each in listed if each["source"] is None],
        tests=await rooms.store.provider_tests.all(),
    )


@get("/new-provider", opt={"scope": "providers:write"})
async def ask_for_provider(request: AnyRequest) -> ASGIResponse:
    """GET /dashboard/providers/new-provider?kind=&preset="""
    return new_page(request, fresh(request.query_params), kind_of(request.query_params))


@post("/new-provider")
async def add_provider(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/providers/new-provider {kind, preset, id, ...}: a hyphen stands in no id, so this is nobody's page"""
    form = await read_form(request)
    asked = {"kind": form.text("kind"), "preset": form.text("preset")}
    shown = fresh(asked)
    members = {"id": form.text("id"), "preset": asked["preset"] or None, **members_of(form, shown)}
    try:
        await check_free(form.text("id"), rooms)
        made = await api.configure(request, read_members(NewProvider, members), rooms)
    except (ApiError, ApiErrors) as error:
        return new_page(request, shown.filled(members), kind_of(asked), words_of(error))
    return done(request, f"/providers/{made['id']}", "provider_added")


@get("/{provider_id:str}")
async def show_provider(request: AnyRequest, provider_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/providers/{id}"""
    return await provider_page(request, await shown_of(provider_id, rooms), rooms)


@post("/{provider_id:str}")
async def change_provider(
    request: AnyRequest, provider_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST /dashboard/providers/{id}: configure it; one of the environment or the simulator is a stored one from then on."""
    form, shown = await read_form(request), await shown_of(provider_id, rooms)
    members = {"id": provider_id, **members_of(form, shown)}
    try:
        await api.configure(request, read_members(NewProvider, members), rooms)
    except (ApiError, ApiErrors) as error:
        return await provider_page(request, shown.filled(members), rooms, wrong=words_of(error))
    return done(request, f"/providers/{provider_id}", "provider_changed")


@post("/{provider_id:str}/test")
async def test_provider(request: AnyRequest, provider_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/providers/{id}/test: the provider's page with what came of it, of which htmx takes the answer alone."""
    proof = await api.prove(provider_id, rooms)
    return await provider_page(request, await shown_of(provider_id, rooms), rooms, proof=proof)


@get("/{provider_id:str}/delete", opt={"scope": "providers:write"})
async def ask_to_delete(request: AnyRequest, provider_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/providers/{id}/delete: what goes with it."""
    told = await api.find(provider_id, rooms)
    back = f"/providers/{provider_id}"
    return confirm_page(
        request, PLACE, "provider_delete", name=str(told["name"]), action=f"{back}/delete", back=back
    )


@post("/{provider_id:str}/delete")
async def delete_provider(
    request: AnyRequest, provider_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST /dashboard/providers/{id}/delete"""
    await api.remove(request, provider_id, rooms)
    return done(request, "/providers", "provider_deleted")


async def shown_of(provider_id: str, rooms: Rooms) -> ProviderForm:
    """As it is configured, in use or not; what nobody has set up yet is offered switched on. Raises ApiError 404."""
    told, stored = await gather(
        api.find(provider_id, rooms), rooms.store.provider_configurations.find(provider_id)
    )
    configuration = stored or rooms.catalogue.from_environment.get(provider_id)
    switches = {"sign_in": configuration.sign_in} if configuration else {"enabled": True, "sign_in": True}
    return ProviderForm.of(told | switches)


async def check_free(provider_id: str, rooms: Rooms) -> None:
    """Raises ApiError 422: adding is no way to change one that is there."""
    stored = await rooms.store.provider_configurations.find(provider_id)
    if stored or provider_id in CATALOGUE:
        message = "there is a provider with this id already"
        raise ApiError(422, "form_identifier_exists", message, param="id")


def kind_of(asked: Any) -> str:
    kind = str(asked.get("kind", ""))
    return kind if kind in KINDS else KINDS[0]


def fresh(asked: Any) -> ProviderForm:
    """The empty form of a preset, or of a custom provider."""
    known = CATALOGUE.get(asked.get("preset", ""))
    configuration = ProviderConfiguration(id="", preset=known.id if known else None)
    told = api.told(configuration) | {"client_id": "", "sign_in": True}
    return ProviderForm.of(told | {"scopes": known.scopes if known else ()})


def new_page(
    request: AnyRequest, shown: ProviderForm, kind: str, wrong: dict[str, str] | None = None
) -> ASGIResponse:
    return dashboard_page(
        request,
        "dashboard/provider_new.html",
        place=PLACE,
        status=422 if wrong else 200,
        shown=shown,
        told=shown.told,
        kind=kind,
        kinds=KINDS,
        marked=marked,
        presets=[(each.id, each.name) for each in CATALOGUE.values()],
        wrong=wrong or {},
    )


async def provider_page(
    request: AnyRequest,
    shown: ProviderForm,
    rooms: Rooms,
    *,
    wrong: dict[str, str] | None = None,
    proof: Proof | None = None,
) -> ASGIResponse:
    tests = await rooms.store.provider_tests.all()
    provider_id = str(shown.told["id"])
    return dashboard_page(
        request,
        "dashboard/provider.html",
        place=PLACE,
        status=422 if wrong else 200,
        shown=shown,
        told=shown.told,
        guide=shown.known.setup if shown.known else None,
        marked=marked,
        tested=tests.get(provider_id),
        just_now=proof is not None,
        testable=shown.told["client_id"] or shown.told["source"] == "simulated",
        wrong=wrong or {},
        now=int(time.time()),
    )


providers_router = Router(
    "/providers",
    route_handlers=[
        *(list_providers, ask_for_provider, add_provider, show_provider, change_provider),
        *(test_provider, ask_to_delete, delete_provider),
    ],
    opt={"area": "providers"},
)
