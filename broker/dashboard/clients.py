"""Clients: `/dashboard/clients`, as `/v1/clients` has them."""

from asyncio import gather

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist.wire import AnyRequest, ApiError, ApiErrors, read_members
from broker.backend_api import clients as api
from broker.core.client import DEFAULT_CLIENT, SCOPES, Client
from broker.dashboard.association import Preview, preview, served
from broker.dashboard.form import Form, read_form
from broker.dashboard.paging import PAGE, page_number
from broker.dashboard.refusal import words_of
from broker.dashboard.shell import confirm_page, dashboard_page, done
from broker.rooms import Given, Rooms

PLACE = "clients"
EMPTY = Client(client_id="", name="", created_at=0, updated_at=0)


@get("/")
async def list_clients(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/clients"""
    number = page_number(request)
    clients, total = await rooms.store.clients.list((number - 1) * PAGE, PAGE)
    return dashboard_page(
        request,
        "dashboard/clients.html",
        place=PLACE,
        clients=clients,
        number=number,
        more=total > number * PAGE,
    )


@get("/new", opt={"scope": "clients:write"})
async def ask_for_client(request: AnyRequest) -> ASGIResponse:
    """GET /dashboard/clients/new"""
    return client_form(request, "dashboard/client_new.html", EMPTY)


@post("/new")
async def create_client(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/clients/new. A secret is in this answer and nowhere else, so there is no redirect then."""
    form = await read_form(request)
    members = {**members_of(form), "type": form.text("type")}
    try:
        client, secret = await api.register(request, read_members(api.NewClient, members), rooms)
    except (ApiError, ApiErrors) as error:
        return client_form(request, "dashboard/client_new.html", filled(EMPTY, members), words_of(error))
    if secret is None:
        return done(request, f"/clients/{client.client_id}", "client_created")
    return secret_page(request, client, secret)


@get("/{client_id:str}")
async def show_client(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/clients/{id}"""
    client = await api.find(client_id, rooms)
    return client_form(request, "dashboard/client.html", client, preview=await preview(client, rooms))


@post("/{client_id:str}/association", opt={"scope": "clients:read"})
async def check_association(
    request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST /dashboard/clients/{id}/association: whether the host serves the files. Nothing changes; it is a call outward."""
    client, found = await gather(api.find(client_id, rooms), served(rooms))
    shown = await preview(client, rooms)
    return client_form(request, "dashboard/client.html", client, preview=shown, found=found)


@post("/{client_id:str}")
async def change_client(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/clients/{id}"""
    members = members_of(await read_form(request))
    client = await api.find(client_id, rooms)
    try:
        await api.change(request, client_id, read_members(api.ChangedClient, members), rooms)
    except (ApiError, ApiErrors) as error:
        shown = await preview(client, rooms)
        return client_form(
            request, "dashboard/client.html", filled(client, members), words_of(error), preview=shown
        )
    return done(request, f"/clients/{client_id}", "client_changed")


@get("/{client_id:str}/secret", opt={"scope": "clients:write"})
async def ask_to_rotate(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/clients/{id}/secret: what rotating does, before it is done."""
    client = await api.find(client_id, rooms)
    back = f"/clients/{client_id}"
    return confirm_page(request, PLACE, "client_secret", name=client.name, action=f"{back}/secret", back=back)


@post("/{client_id:str}/secret")
async def rotate_secret(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/clients/{id}/secret"""
    client, secret = await api.rotate_secret(request, client_id, rooms)
    return secret_page(request, client, secret)


@get("/{client_id:str}/delete", opt={"scope": "clients:write"})
async def ask_to_delete(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/clients/{id}/delete: what goes with it."""
    client = await api.find(client_id, rooms)
    back = f"/clients/{client_id}"
    return confirm_page(request, PLACE, "client_delete", name=client.name, action=f"{back}/delete", back=back)


@post("/{client_id:str}/delete")
async def delete_client(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/clients/{id}/delete"""
    await api.remove(request, client_id, rooms)
    return done(request, "/clients", "client_deleted")


def client_form(
    request: AnyRequest,
    template: str,
    client: Client,
    wrong: dict[str, str] | None = None,
    *,
    preview: Preview | None = None,
    found: dict[str, str] | None = None,
) -> ASGIResponse:
    """`wrong` says what is the matter, by field; `found` what the host serves of the association files."""
    return dashboard_page(
        request,
        template,
        place=PLACE,
        status=422 if wrong else 200,
        client=client,
        scopes=SCOPES,
        wrong=wrong or {},
        is_default=client.client_id == DEFAULT_CLIENT,
        preview=preview,
        found=found or {},
    )


def secret_page(request: AnyRequest, client: Client, secret: str) -> ASGIResponse:
    """The secret, once."""
    return dashboard_page(
        request,
        "dashboard/secret.html",
        place=PLACE,
        kind="client",
        name=client.name,
        identifier=client.client_id,
        secret=secret,
        back=f"/clients/{client.client_id}",
    )


def members_of(form: Form) -> dict[str, object]:
    """As the API's body has them."""
    return {
        "name": form.text("name"),
        "development": form.ticked("development"),
        "web_origins": form.lines("web_origins"),
        "token_profile": form.text("token_profile"),
        "scopes": form.chosen("scopes"),
        "webview_policy": form.text("webview_policy"),
        "ios": ios_of(form),
        "android": android_of(form),
    }


def ios_of(form: Form) -> dict[str, object] | None:
    told: dict[str, object] = {"team_id": form.text("team_id"), "bundle_id": form.text("bundle_id")}
    return told if any(told.values()) else None


def android_of(form: Form) -> dict[str, object] | None:
    prints = form.lines("sha256_cert_fingerprints")
    told: dict[str, object] = {"package": form.text("package"), "sha256_cert_fingerprints": prints}
    return told if any(told.values()) else None


def filled(client: Client, members: dict[str, object]) -> Client:
    """The form as it was sent, to be mended; unchecked, and only shown."""
    return msgspec.structs.replace(client, **members)


clients_router = Router(
    "/clients",
    route_handlers=[
        *(list_clients, ask_for_client, create_client, show_client, change_client, check_association),
        *(ask_to_rotate, rotate_secret, ask_to_delete, delete_client),
    ],
    opt={"area": "clients"},
)
