"""Keys and their age: `/dashboard/keys`. Secret keys as `/v1/secret_keys` has them, and what stands in the settings."""

import time
from asyncio import gather

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist.wire import AnyRequest, ApiError, ApiErrors, read_members
from broker.backend_api import secret_keys as api
from broker.core.secret_keys import EVERYTHING, SCOPES
from broker.dashboard.form import Form, read_form
from broker.dashboard.refusal import words_of
from broker.dashboard.shell import admin_of, confirm_page, dashboard_page, done
from broker.rooms import Given, Rooms
from broker.store.ring import key_id

PLACE = "keys"
LIFETIMES = {"": None, "day": 86_400, "week": 7 * 86_400, "month": 30 * 86_400, "quarter": 90 * 86_400, "year": 365 * 86_400}  # fmt: skip


@get("/")
async def list_keys(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/keys"""
    return await keys_page(request, rooms)


@post("/")
async def create_key(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/keys. The key is in this answer and nowhere else, so there is no redirect."""
    members = members_of(await read_form(request))
    try:
        key, text = await api.make(request, read_members(api.NewSecretKey, members), rooms)
    except (ApiError, ApiErrors) as error:
        return await keys_page(request, rooms, wrong=words_of(error), given=members)
    return dashboard_page(
        request,
        "dashboard/secret.html",
        place=PLACE,
        kind="secret_key",
        name=key.name,
        identifier=key.id,
        secret=text,
        back="/keys",
    )


@get("/{identifier:str}/revoke", opt={"scope": "keys:write"})
async def ask_to_revoke(request: AnyRequest, identifier: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/keys/{id}/revoke: what that does, before it is done."""
    key = await api.find_changeable(request, identifier, rooms)
    kind = "own_key_revoke" if key.id == admin_of(request).key.id else "key_revoke"
    return confirm_page(request, PLACE, kind, name=key.name, action=f"/keys/{key.id}/revoke", back="/keys")


@post("/{identifier:str}/revoke")
async def revoke_key(request: AnyRequest, identifier: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/keys/{id}/revoke"""
    await api.revoke(request, identifier, rooms)
    return done(request, "/keys", "key_revoked")


async def keys_page(
    request: AnyRequest,
    rooms: Rooms,
    *,
    wrong: dict[str, str] | None = None,
    given: dict[str, object] | None = None,
) -> ASGIResponse:
    stored, uses, marks, seen = await gather(
        rooms.store.secret_keys.list(),
        rooms.store.secret_keys.uses(),
        rooms.store.ring.marks(),
        rooms.store.key_ages.of(),
    )
    mine = admin_of(request).key
    environment = rooms.secret_keys.environment.keys
    return dashboard_page(
        request,
        "dashboard/keys.html",
        place=PLACE,
        status=422 if wrong else 200,
        keys=[*environment, *stored],
        uses=uses,
        mine=mine,
        manageable={each.id for each in stored if not mine.lacks(each.scopes) and not mine.outlived_by(each)},
        scopes=[each for each in (EVERYTHING, *SCOPES) if mine.permits(each)],
        lifetimes=list(LIFETIMES),
        now=int(time.time()),
        wrong=wrong or {},
        given=given or {},
        ring=ring_of(marks, seen, rooms),
        signing=signing_of(seen, rooms),
        jwks=f"{rooms.settings.issuer}/.well-known/jwks.json",
    )


def ring_of(marks: dict[str, int], seen: dict[str, int], rooms: Rooms) -> list[dict[str, object]]:
    """The encryption keys of this process, newest first: since when a broker has them, and whether records need them."""
    ours = rooms.settings.encryption_keys.marks
    return [
        {
            "id": key_id(each),
            "newest": each == ours[0],
            "needed": each in marks,
            "seen": seen.get(f"enc:{each}"),
        }
        for each in ours
    ]


def signing_of(seen: dict[str, int], rooms: Rooms) -> list[dict[str, object]]:
    keys = rooms.settings.signing_keys
    return [
        {
            "id": each.id,
            "algorithm": each.algorithm,
            "signs": keys.signing(each.algorithm) is each,
            "seen": seen.get(f"sig:{each.id}"),
        }
        for each in keys.keys
    ]


def members_of(form: Form) -> dict[str, object]:
    lifetime = LIFETIMES.get(form.text("ends"))
    return {
        "name": form.text("name"),
        "scopes": form.chosen("scopes"),
        **({"expires_in_seconds": lifetime} if lifetime else {}),
    }


keys_router = Router(
    "/keys", route_handlers=[list_keys, create_key, ask_to_revoke, revoke_key], opt={"area": "keys"}
)
