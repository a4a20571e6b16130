"""The allowlist for mobile redirects: `/dashboard/allowlist`, as `/v1/redirect_urls` has it; why one was refused, and which
were lately."""

from asyncio import gather

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist import (
    DuplicateEntry,
    Explanation,
    InvalidClientId,
    InvalidPattern,
    UnknownEntry,
)
from allowlist.admin import ChangedEntry, NewEntry, as_api_error
from allowlist.wire import AnyRequest, ApiError, ApiErrors, read_members
from broker.backend_api import redirect_url_desk
from broker.core.client import DEFAULT_CLIENT, Client
from broker.core.records import Refusal
from broker.dashboard.form import Form, read_form
from broker.dashboard.paging import PAGE, page_number
from broker.dashboard.refusal import words_of
from broker.dashboard.shell import dashboard_page, done
from broker.rooms import Given, Rooms

PLACE = "allowlist"
MOST_CLIENTS = 500  # in the choice of a client
LONGEST_TESTED = 3 * 1024  # as /authorize takes it
WRONG = (ApiError, ApiErrors, InvalidPattern, InvalidClientId, DuplicateEntry)


@get("/")
async def list_entries(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/allowlist?client=&page="""
    number, chosen, clients = (
        page_number(request),
        request.query_params.get("client", ""),
        await all_clients(rooms),
    )
    client_id = chosen if chosen in {each.client_id for each in clients} else None
    entries, total = await rooms.allowlist.list(client_id, offset=(number - 1) * PAGE, limit=PAGE)
    return dashboard_page(
        request,
        "dashboard/allowlist.html",
        place=PLACE,
        entries=entries,
        total=total,
        clients=clients,
        names={each.client_id: each.name for each in clients},
        chosen=client_id or "",
        number=number,
        more=total > number * PAGE,
    )


@get("/new", opt={"scope": "allowlist:write"})
async def ask_for_entry(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/allowlist/new?client=&refusal=: empty, or filled with an address that was refused."""
    refusal_id = request.query_params.get("refusal", "")
    refusal = await rooms.store.refusals.get(refusal_id) if refusal_id else None
    given = {
        "client_id": request.query_params.get("client", DEFAULT_CLIENT),
        "url": "",
        "label": "",
        "dev": False,
    }
    if refusal:
        given |= {"client_id": refusal.client_id, "url": refusal.url}
    return await entry_form(request, rooms, given, refusal_id=refusal_id if refusal else "", refusal=refusal)


@post("/new")
async def add_entry(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/allowlist/new"""
    form = await read_form(request)
    given = {**members_of(form), "client_id": form.text("client_id"), "url": form.text("url")}
    refusal_id = form.text("refusal")
    try:
        await redirect_url_desk(rooms).add(request, read_members(NewEntry, given))
    except WRONG as error:
        refusal = await rooms.store.refusals.get(refusal_id) if refusal_id else None
        return await entry_form(
            request, rooms, given, refusal_id=refusal_id, refusal=refusal, wrong=faults_of(error)
        )
    if refusal_id:
        await rooms.store.refusals.forget(refusal_id)
    return done(request, "/allowlist", "entry_added")


@get("/entries/{entry_id:str}")
async def show_entry(request: AnyRequest, entry_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/allowlist/entries/{id}"""
    return await entry_page(request, entry_id, rooms)


@post("/entries/{entry_id:str}")
async def change_entry(request: AnyRequest, entry_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/allowlist/entries/{id}: label and flag. Another address is another entry."""
    members = members_of(await read_form(request))
    try:
        await redirect_url_desk(rooms).change(request, entry_id, read_members(ChangedEntry, members))
    except WRONG as error:
        return await entry_page(request, entry_id, rooms, wrong=faults_of(error))
    except UnknownEntry as error:
        raise as_api_error(error) from None
    return done(request, "/allowlist", "entry_changed")


@post("/entries/{entry_id:str}/delete")
async def delete_entry(request: AnyRequest, entry_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/allowlist/entries/{id}/delete, from the entry's page, which says what that does."""
    try:
        await redirect_url_desk(rooms).remove(request, entry_id)
    except UnknownEntry as error:
        raise as_api_error(error) from None
    return done(request, "/allowlist", "entry_deleted")


@get("/test")
async def test_address(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/allowlist/test?client=&url=: why an address is or is not let through. Changes nothing."""
    client_id, url = request.query_params.get("client", DEFAULT_CLIENT), request.query_params.get("url", "")
    explanation, wrong = await explained(client_id, url[:LONGEST_TESTED], rooms) if url else (None, "")
    return dashboard_page(
        request,
        "dashboard/allowlist_test.html",
        place=PLACE,
        clients=await all_clients(rooms),
        client_id=client_id,
        url=url,
        explanation=explanation,
        wrong=wrong,
    )


@get("/refused")
async def list_refusals(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/allowlist/refused"""
    refusals, clients = await gather(rooms.store.refusals.latest(), all_clients(rooms))
    return dashboard_page(
        request,
        "dashboard/allowlist_refused.html",
        place=PLACE,
        refusals=refusals,
        names={each.client_id: each.name for each in clients},
    )


@post("/refused/{refusal_id:str}/forget")
async def forget_refusal(request: AnyRequest, refusal_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/allowlist/refused/{id}/forget"""
    await rooms.store.refusals.forget(refusal_id)
    return done(request, "/allowlist/refused", "refusal_forgotten")


async def explained(client_id: str, url: str, rooms: Rooms) -> tuple[Explanation | None, str]:
    """What the API's `explain` answers, or the sentence that says why it does not."""
    try:
        return await rooms.allowlist.explain(client_id, url), ""
    except InvalidClientId as error:
        return None, error.reason


async def entry_form(
    request: AnyRequest,
    rooms: Rooms,
    given: dict[str, object],
    *,
    refusal_id: str,
    refusal: Refusal | None,
    wrong: dict[str, str] | None = None,
) -> ASGIResponse:
    return dashboard_page(
        request,
        "dashboard/allowlist_new.html",
        place=PLACE,
        status=422 if wrong else 200,
        clients=await all_clients(rooms),
        given=given,
        refusal_id=refusal_id,
        refusal=refusal,
        wrong=wrong or {},
    )


async def entry_page(
    request: AnyRequest, entry_id: str, rooms: Rooms, wrong: dict[str, str] | None = None
) -> ASGIResponse:
    """Raises ApiError 404."""
    try:
        entry = await rooms.allowlist.get(entry_id)
    except UnknownEntry as error:
        raise as_api_error(error) from None
    client = await rooms.store.clients.find(entry.client_id)
    return dashboard_page(
        request,
        "dashboard/allowlist_entry.html",
        place=PLACE,
        status=422 if wrong else 200,
        entry=entry,
        client_name=client.name if client else entry.client_id,
        wrong=wrong or {},
    )


async def all_clients(rooms: Rooms) -> list[Client]:
    clients, _ = await rooms.store.clients.list(0, MOST_CLIENTS)
    return clients


def members_of(form: Form) -> dict[str, object]:
    """As the API's body has them; no label is null."""
    return {"dev": form.ticked("dev"), "label": form.text("label") or None}


def faults_of(error: Exception) -> dict[str, str]:
    """By field, whoever raised it."""
    return words_of(error if isinstance(error, ApiError | ApiErrors) else as_api_error(error))


allowlist_router = Router(
    "/allowlist",
    route_handlers=[
        *(list_entries, ask_for_entry, add_entry, show_entry, change_entry, delete_entry),
        *(test_address, list_refusals, forget_refusal),
    ],
    opt={"area": "allowlist"},
)
