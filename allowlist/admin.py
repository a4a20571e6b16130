"""The list over HTTP: `/redirect_urls`, in the shapes of Clerk's Backend API and with what that lacks."""

import inspect
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from litestar.types import ExceptionHandlersMap, Guard
from pydantic import Field

from allowlist.entry import Entry
from allowlist.errors import DuplicateEntry, InvalidClientId, InvalidPattern, UnknownEntry
from allowlist.store import DEFAULT_CLIENT, Allowlist
from allowlist.wire import (
    API_EXCEPTION_HANDLERS,
    AnyRequest,
    ApiError,
    Body,
    Paging,
    error_response,
    ill_formed,
    page,
    query_parameter,
    read_json,
)

LARGEST_BODY = 64 * 1024

Label = Annotated[str, Field(min_length=1, max_length=200)]
OnChange = Callable[[str, Entry, AnyRequest], Awaitable[None] | None]
KnownClient = Callable[[str], Awaitable[bool]]


class NewEntry(Body):
    url: str
    client_id: str = DEFAULT_CLIENT
    development: bool = Field(default=False, alias="dev")
    label: Label | None = None


class ChangedEntry(Body):
    url: str = ""
    development: bool = Field(default=False, alias="dev")
    label: Label | None = None


class Question(Body):
    redirect_uri: str
    client_id: str = DEFAULT_CLIENT


@dataclass(frozen=True, slots=True)
class Desk:
    """What the handlers work with: the list, who is told of a change, and who knows the clients."""

    allowlist: Allowlist
    on_change: OnChange | None
    known_client: KnownClient | None

    async def announce(self, event: str, entry: Entry, request: AnyRequest) -> None:
        answer = self.on_change(event, entry, request) if self.on_change else None
        if inspect.isawaitable(answer):
            await answer

    async def add(self, request: AnyRequest, body: NewEntry) -> Entry:
        """Raises ApiError 422 for an unknown client, and what `Allowlist.add` raises."""
        await self.check_client(body.client_id)
        entry = await self.allowlist.add(**body.model_dump(), now_ms=now_ms())
        await self.announce("redirect_url.created", entry, request)
        return entry

    async def change(self, request: AnyRequest, entry_id: str, body: ChangedEntry) -> Entry:
        """What is given changes. Raises what `Allowlist.update` raises."""
        changes = body.model_dump(exclude_unset=True)
        entry = await self.allowlist.update(entry_id, **changes, now_ms=now_ms())
        await self.announce("redirect_url.updated", entry, request)
        return entry

    async def remove(self, request: AnyRequest, entry_id: str) -> Entry:
        """Raises UnknownEntry."""
        entry = await self.allowlist.remove(entry_id)
        await self.announce("redirect_url.deleted", entry, request)
        return entry

    async def check_client(self, client_id: str) -> None:
        if self.known_client and not await self.known_client(client_id):
            raise ApiError(422, "form_param_value_invalid", "no client has this id", param="client_id")


def admin_router(
    allowlist: Allowlist,
    *,
    guard: Guard,
    on_change: OnChange | None = None,
    known_client: KnownClient | None = None,
) -> Router:
    """The routes of the list, each behind `guard`.

    `on_change` is told `redirect_url.created`, `.updated` or `.deleted`, the entry and the request that did it, after the fact.
    `known_client` says whether an entry may be made for a client.
    """
    desk = Desk(allowlist, on_change, known_client)
    return Router(
        path="/redirect_urls",
        route_handlers=[list_entries, create_entry, explain_address, get_entry, change_entry, delete_entry],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        guards=[guard],
        request_max_body_size=LARGEST_BODY,
        exception_handlers=EXCEPTION_HANDLERS,
    )


@get("/")
async def list_entries(request: AnyRequest, desk: NamedDependency[Desk]) -> object:
    paging, client_id = Paging.parse(request), query_parameter(request, "client_id")
    entries, total = await desk.allowlist.list(client_id, offset=paging.offset, limit=paging.limit)
    return page([described(entry) for entry in entries], total, paging.paginated)


@post("/", status_code=200)
async def create_entry(request: AnyRequest, desk: NamedDependency[Desk]) -> dict[str, object]:
    return described(await desk.add(request, await read_json(request, NewEntry)))


@get("/{entry_id:str}")
async def get_entry(entry_id: FromPath[str], desk: NamedDependency[Desk]) -> dict[str, object]:
    return described(await desk.allowlist.get(entry_id))


@patch("/{entry_id:str}")
async def change_entry(
    request: AnyRequest, entry_id: FromPath[str], desk: NamedDependency[Desk]
) -> dict[str, object]:
    return described(await desk.change(request, entry_id, await read_json(request, ChangedEntry)))


@delete("/{entry_id:str}", status_code=200)
async def delete_entry(
    request: AnyRequest, entry_id: FromPath[str], desk: NamedDependency[Desk]
) -> dict[str, object]:
    entry = await desk.remove(request, entry_id)
    return {"object": "redirect_url", "id": entry.id, "deleted": True}


@post("/explain", status_code=200, opt={"scope": "allowlist:read"})
async def explain_address(request: AnyRequest, desk: NamedDependency[Desk]) -> dict[str, object]:
    body = await read_json(request, Question)
    explanation = await desk.allowlist.explain(body.client_id, body.redirect_uri)
    return {
        "object": "redirect_url_explanation",
        "client_id": body.client_id,
        "redirect_uri": body.redirect_uri,
        "allowed": explanation.allowed,
        "entry": described(explanation.entry) if explanation.entry else None,
        "reason": explanation.reason,
    }


def described(entry: Entry) -> dict[str, object]:
    return {
        "object": "redirect_url",
        "id": entry.id,
        "url": entry.url,
        "client_id": entry.client_id,
        "dev": entry.development,
        "label": entry.label,
        "warning": entry.warning,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
    }


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def as_api_error(error: Exception) -> ApiError:
    match error:
        case InvalidPattern():
            return ApiError(422, "invalid_redirect_url", error.reason, param="url")
        case InvalidClientId():
            return ill_formed("client_id", error.reason)
        case DuplicateEntry():
            return ApiError(422, "form_identifier_exists", str(error), param="url")
        case _:
            return ApiError(404, "resource_not_found", "no redirect URL has this id")


def on_refusal(_: AnyRequest, error: Exception) -> Response[dict[str, object]]:
    return error_response(as_api_error(error))


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    **API_EXCEPTION_HANDLERS,
    InvalidPattern: on_refusal,
    InvalidClientId: on_refusal,
    DuplicateEntry: on_refusal,
    UnknownEntry: on_refusal,
}
