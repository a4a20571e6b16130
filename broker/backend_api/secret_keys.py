"""Secret keys: `/v1/secret_keys`.

A key may see all others, and make, change and revoke those that can do no more and live no longer than itself. So
nobody gains by making a key, and a stolen key with few scopes cannot lock the admins out. Itself it may revoke: what
leaked should be easy to end. Keys of the environment are shown, and changed only there.
"""

import time
from asyncio import gather
from typing import Annotated

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.params import FromPath
from pydantic import AfterValidator, Field

from allowlist.wire import AnyRequest, ApiError, Body, Paging, page, read_json
from broker.backend_api.audit import record
from broker.backend_api.guard import key_of
from broker.core.secret_keys import EVERYTHING, SCOPES, SecretKey, make_secret_key, new_secret_key
from broker.rooms import Given, Rooms

LONGEST = 10 * 365 * 24 * 3600  # seconds


def check_known(scope: str) -> str:
    if scope not in (*SCOPES, EVERYTHING):
        raise ValueError(f"must be among {', '.join(SCOPES)}, or {EVERYTHING} for all")
    return scope


Name = Annotated[str, Field(min_length=1, max_length=100)]
Scopes = Annotated[
    list[Annotated[str, AfterValidator(check_known)]], Field(min_length=1, max_length=len(SCOPES) + 1)
]


class NewSecretKey(Body):
    """Body of POST /v1/secret_keys."""

    name: Name
    scopes: Scopes
    expires_in_seconds: Annotated[int, Field(ge=1, le=LONGEST)] | None = None


class ChangedSecretKey(Body):
    """Body of PATCH /v1/secret_keys/{id}. When a key ends is settled when it is made."""

    name: Name = ""
    scopes: Scopes = Field(default_factory=list)


@get("/")
async def list_keys(request: AnyRequest, rooms: Given[Rooms]) -> object:
    """GET /v1/secret_keys: those of the environment first, then the newest."""
    paging = Paging.parse(request)
    stored, uses = await gather(rooms.store.secret_keys.list(), rooms.store.secret_keys.uses())
    keys = [*rooms.secret_keys.environment.keys, *stored]
    part = keys[paging.offset : paging.offset + paging.limit]
    return page([described(key, uses) for key in part], len(keys), paging.paginated)


@post("/", status_code=200)
async def create_key(request: AnyRequest, rooms: Given[Rooms]) -> dict[str, object]:
    """POST /v1/secret_keys. The key's text is in this answer and nowhere else, ever."""
    key, text = await make(request, await read_json(request, NewSecretKey), rooms)
    return described(key, {}) | {"secret": text}


@get("/{identifier:str}")
async def get_key(identifier: FromPath[str], rooms: Given[Rooms]) -> dict[str, object]:
    """GET /v1/secret_keys/{id}"""
    key, uses = await gather(find(identifier, rooms), rooms.store.secret_keys.uses())
    return described(key, uses)


@patch("/{identifier:str}")
async def change_key(
    request: AnyRequest, identifier: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """PATCH /v1/secret_keys/{id}: as it is and as it becomes, it must be one that the caller may manage."""
    changes = (await read_json(request, ChangedSecretKey)).model_dump(exclude_unset=True)
    changes |= {"scopes": tuple(dict.fromkeys(changes["scopes"]))} if "scopes" in changes else {}
    before = await find_changeable(request, identifier, rooms)
    key = msgspec.structs.replace(before, **changes, updated_at=int(time.time()))
    check_may_manage(key_of(request), key)
    if not await rooms.store.secret_keys.update(key):
        raise unknown()
    rooms.secret_keys.forget()
    await record(request, rooms, "secret_key.updated", id=key.id, scopes=" ".join(key.scopes))
    return described(key, await rooms.store.secret_keys.uses())


@delete("/{identifier:str}", status_code=200)
async def delete_key(
    request: AnyRequest, identifier: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """DELETE /v1/secret_keys/{id}: revoked, here at once and in every process within five seconds. It leaves the list;
    the audit log knows it."""
    await revoke(request, identifier, rooms)
    return {"object": "secret_key", "id": identifier, "deleted": True}


async def make(request: AnyRequest, body: NewSecretKey, rooms: Rooms) -> tuple[SecretKey, str]:
    """The new key and its text. Raises ApiError 403 for one that could do more than whoever makes it."""
    text = new_secret_key()
    key = make_secret_key(text, body.name, tuple(body.scopes), int(time.time()), body.expires_in_seconds)
    check_may_manage(key_of(request), key)
    await rooms.store.secret_keys.add(key)
    await record(request, rooms, "secret_key.created", id=key.id, scopes=" ".join(key.scopes))
    return key, text


async def revoke(request: AnyRequest, identifier: str, rooms: Rooms) -> None:
    """Raises ApiError 404, 403 for a key that can do more, 422 for one of the environment."""
    key = await find_changeable(request, identifier, rooms)
    if not await rooms.store.secret_keys.remove(key):
        raise unknown()
    rooms.secret_keys.forget()
    await record(request, rooms, "secret_key.deleted", id=key.id)


def check_may_manage(mine: SecretKey, other: SecretKey) -> None:
    """Raises ApiError 403."""
    if lacking := mine.lacks(other.scopes):
        message = f"this secret key lacks {', '.join(lacking)} itself"
        raise ApiError(403, "authorization_invalid", message, param="scopes")
    if mine.outlived_by(other):
        message = "this secret key ends before that one would"
        raise ApiError(403, "authorization_invalid", message, param="expires_in_seconds")


async def find(identifier: str, rooms: Rooms) -> SecretKey:
    for key in rooms.secret_keys.environment.keys:
        if key.id == identifier:
            return key
    stored = await rooms.store.secret_keys.get(identifier)
    if stored is None:
        raise unknown()
    return stored


async def find_changeable(request: AnyRequest, identifier: str, rooms: Rooms) -> SecretKey:
    key = await find(identifier, rooms)
    if key in rooms.secret_keys.environment.keys:
        message = "this key stands in BROKER_SECRET_KEYS and is changed there"
        raise ApiError(422, "form_param_value_invalid", message, param="id")
    check_may_manage(key_of(request), key)
    return key


def unknown() -> ApiError:
    return ApiError(404, "resource_not_found", "no secret key has this id")


def described(key: SecretKey, uses: dict[str, int]) -> dict[str, object]:
    """All but the fingerprint; milliseconds, as everywhere in `/v1`."""
    return {
        "object": "secret_key",
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "read_only": key.created_at is None,
        "created_at": milliseconds(key.created_at),
        "updated_at": milliseconds(key.updated_at),
        "expires_at": milliseconds(key.expires_at),
        "last_used_at": milliseconds(uses.get(key.fingerprint)),
    }


def milliseconds(at: int | None) -> int | None:
    return None if at is None else at * 1000


secret_keys_router = Router(
    "/secret_keys",
    route_handlers=[list_keys, create_key, get_key, change_key, delete_key],
    opt={"area": "keys"},
)
