"""Users: found by address or id or leafed through; one of them with connections and sessions, and what an admin may end."""

import time
from asyncio import gather
from collections.abc import Sequence
from typing import Any, NamedTuple

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist.wire import AnyRequest, query_parameter, whole_number
from broker.backend_api import sessions
from broker.backend_api.external_accounts import (
    check_user_id,
    healths_of,
    known,
    unknown_account,
    unknown_user,
    way_back,
)
from broker.backend_api.guard import actor_of
from broker.backend_api.users import Person, addresses, read_people
from broker.core.grant import Standing
from broker.core.identity import ExternalAccount, Identity
from broker.core.records import Session
from broker.dashboard.form import read_form
from broker.dashboard.overview import names_of
from broker.dashboard.shell import admin_of, dashboard_page, done
from broker.rooms import Given, Rooms
from broker.store.directory import Order

SHOWN = 25  # users a page
MOST_OFFSET = 1_000_000_000
ORDERS: tuple[Order, ...] = ("created_at", "last_sign_in_at")


class Listed(NamedTuple):
    """A row of the list."""

    id: str
    who: str
    email: str | None
    providers: Sequence[str]
    created: int
    last: int


class Connected(NamedTuple):
    """An account of the user. `way_back` is where the person reconnects it, if only they can."""

    account: ExternalAccount
    standing: Standing
    since: int
    way_back: str | None


class Begun(NamedTuple):
    """A session of the user; `app` is what its client is called."""

    session: Session
    app: str
    began: int
    active: int
    ends: int


@get("/")
async def list_users(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/users?q=&order=&offset=. `q` is a whole address or a whole id: there is no index of parts of them."""
    asked = (query_parameter(request, "q") or "").strip()[:320]
    offset = whole_number(request, "offset", default=0, least=0, most=MOST_OFFSET)
    order: Order = "last_sign_in_at" if query_parameter(request, "order") == ORDERS[1] else "created_at"
    if asked:
        people, total = await search(asked, rooms), 0
    else:
        directory = rooms.store.directory
        ids, total = await gather(directory.list(offset, SHOWN, order), directory.count())
        people = await read_people(ids, rooms)
    return dashboard_page(
        request,
        "dashboard/users.html",
        place="users",
        asked=asked,
        order=order,
        orders=ORDERS,
        users=[listed(each) for each in people],
        total=total,
        names=await names_of(rooms),
        newer=max(0, offset - SHOWN) if offset else None,
        older=offset + SHOWN if offset + SHOWN < total else None,
    )


async def search(asked: str, rooms: Rooms) -> list[Person]:
    """Who has the id, or has the address now."""
    if asked.startswith("user_"):
        return await read_people([check_user_id(asked)] if len(asked) == len("user_") + 24 else [], rooms)
    found = await read_people(await rooms.store.directory.by_emails([asked]), rooms)
    return [each for each in found if asked.lower() in addresses(each.accounts)]


def listed(person: Person) -> Listed:
    user = person.user
    return Listed(
        user.id,
        name_of(user.identity) or user.id,
        user.identity.email,
        sorted({each.provider for each in person.accounts}),
        user.created_at,
        user.last_sign_in_at,
    )


def name_of(who: Identity) -> str | None:
    return who.name or who.username or who.email


@get("/{user_id:str}")
async def show_user(request: AnyRequest, user_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/users/{id}"""
    person, now = await find(user_id, rooms), int(time.time())
    may_see = admin_of(request).may("sessions:read")
    found, names = await gather(rooms.store.sessions.of(user_id) if may_see else nothing(), names_of(rooms))
    alive = [each for each in found if each.alive(now)]
    return dashboard_page(
        request,
        "dashboard/user.html",
        place="users",
        user=person.user,
        who=name_of(person.user.identity) or user_id,
        created=person.user.created_at,
        last=person.user.last_sign_in_at,
        connections=await connections_of(person, rooms),
        sessions=await begun(alive, rooms),
        names=names,
    )


async def nothing() -> list[Session]:
    return []


async def connections_of(person: Person, rooms: Rooms) -> list[Connected]:
    healths = await healths_of(person.user.id, person.accounts, rooms)
    return [
        Connected(
            each,
            healths.standings[each.id],
            each.created_at,
            way_back(each, healths.standings[each.id], healths.issuer),
        )
        for each in person.accounts
    ]


async def begun(found: Sequence[Session], rooms: Rooms) -> list[Begun]:
    ids = {each.client_id for each in found}
    clients = await gather(*(rooms.store.clients.find(each) for each in ids))
    apps = {each.client_id: each.name for each in clients if each}
    return [
        Begun(
            each,
            apps.get(each.client_id, each.client_id),
            each.signed_in_at,
            each.last_active_at,
            min(each.idle_until, each.expires_at),
        )
        for each in found
    ]


@post("/{user_id:str}/accounts/{account_id:str}/revoke", status_code=303)
async def revoke_tokens(
    request: AnyRequest, user_id: FromPath[str], account_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST .../revoke: what DELETE /v1/users/{id}/external_accounts/{eac}/tokens does."""
    act = rooms.custody.revoke(check_user_id(user_id), account_id, actor_of(request))
    told = await known(act, unknown_account())
    return done(request, f"/users/{user_id}", f"tokens_{told.revocation}")


@post("/{user_id:str}/accounts/{account_id:str}/disconnect", status_code=303)
async def disconnect(
    request: AnyRequest, user_id: FromPath[str], account_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST .../disconnect: what DELETE /v1/users/{id}/external_accounts/{eac} does."""
    act = rooms.custody.disconnect(check_user_id(user_id), account_id, actor_of(request))
    told = await known(act, unknown_account())
    return done(request, f"/users/{user_id}", f"disconnected_{told.revocation}")


@post("/{user_id:str}/sessions/end", status_code=303, opt={"scope": "sessions:write"})
async def end_sessions(request: AnyRequest, user_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST .../sessions/end {session}: one session of the user, or without one all that live."""
    named = (await read_form(request)).text("session")
    found = await rooms.store.sessions.of(check_user_id(user_id))
    ended = [each for each in found if named in {"", each.id}]
    await gather(*(sessions.end(request, each, rooms) for each in ended))
    return done(request, f"/users/{user_id}", "session_ended" if named else "sessions_ended")


@get("/{user_id:str}/delete", opt={"scope": "users:write"})
async def confirm_deletion(request: AnyRequest, user_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET .../delete: what it means, and a button."""
    person = await find(user_id, rooms)
    who = name_of(person.user.identity) or user_id
    accounts = [(each.provider, each.identity.email or "") for each in person.accounts]
    return dashboard_page(
        request,
        "dashboard/delete_user.html",
        place="users",
        user=person.user,
        who=who,
        accounts=accounts,
        names=await names_of(rooms),
    )


@post("/{user_id:str}/delete", status_code=303)
async def delete_user(request: AnyRequest, user_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST .../delete: what DELETE /v1/users/{id} does."""
    act: Any = rooms.custody.delete_user(check_user_id(user_id), actor_of(request))
    await known(act, unknown_user())
    return done(request, "/users", "user_deleted")


async def find(user_id: str, rooms: Rooms) -> Person:
    """Raises ApiError 404."""
    people = await read_people([check_user_id(user_id)], rooms)
    if not people:
        raise unknown_user()
    return people[0]


users_router = Router(
    "/users",
    route_handlers=[
        *(list_users, show_user, revoke_tokens, disconnect),
        *(end_sessions, confirm_deletion, delete_user),
    ],
    opt={"area": "users"},
)
