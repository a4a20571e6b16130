"""Apps: `/v1/clients`."""

import time
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.params import FromPath
from pydantic import AfterValidator, Field

from allowlist.wire import AnyRequest, ApiError, Body, Paging, page, read_json
from broker.backend_api.audit import record
from broker.core.challenge import Platform
from broker.core.client import DEFAULT_CLIENT, SCOPES, Client, TokenProfile
from broker.core.embedded_webview import WebviewPolicy
from broker.core.opaque import fingerprint, new_id, new_secret
from broker.rooms import Given, Rooms


def check_origin(origin: str) -> str:
    """An origin as browsers send it (RFC 6454 section 6.2): compared as text, so written in that one way."""
    parts = urlsplit(origin)
    local = parts.hostname in ("localhost", "127.0.0.1")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError("must be https, or http on loopback")
    if origin != f"{parts.scheme}://{parts.netloc}".lower() or "@" in parts.netloc or not parts.hostname:
        raise ValueError("must be scheme, host and port alone, in lower case")
    return origin


def check_known(scope: str) -> str:
    if scope not in SCOPES:
        raise ValueError(f"must be among {', '.join(SCOPES)}")
    return scope


ProviderId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Origins = Annotated[list[Annotated[str, AfterValidator(check_origin)]], Field(max_length=20)]
Scopes = Annotated[list[Annotated[str, AfterValidator(check_known)]], Field(min_length=1)]


NativeIds = Annotated[
    dict[ProviderId, dict[Platform, Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,255}$")]]],
    Field(max_length=50),
]


class NewClient(Body):
    """Body of POST /v1/clients. The id is ours to choose (AZ-13)."""

    name: Name
    type: Literal["public", "confidential"] = "public"
    development: bool = False
    web_origins: Origins = Field(default_factory=list)
    token_profile: TokenProfile = "rfc9068"
    webview_policy: WebviewPolicy = "warn"
    scopes: Scopes = Field(default_factory=lambda: list(SCOPES))
    native_client_ids: NativeIds = Field(default_factory=dict)


class ChangedClient(Body):
    """Body of PATCH /v1/clients/{id}. What a client is made as, public or confidential, it stays."""

    name: Name = ""
    development: bool = False
    web_origins: Origins = Field(default_factory=list)
    token_profile: TokenProfile = "rfc9068"
    webview_policy: WebviewPolicy = "warn"
    scopes: Scopes = Field(default_factory=list)
    native_client_ids: NativeIds = Field(default_factory=dict)


@get("/")
async def list_clients(request: AnyRequest, rooms: Given[Rooms]) -> object:
    """GET /v1/clients"""
    paging = Paging.parse(request)
    clients, total = await rooms.store.clients.list(paging.offset, paging.limit)
    return page([described(client) for client in clients], total, paging.paginated)


@post("/", status_code=200)
async def create_client(request: AnyRequest, rooms: Given[Rooms]) -> dict[str, object]:
    """POST /v1/clients. A confidential client's secret is in this answer and nowhere else, ever."""
    body = await read_json(request, NewClient)
    secret = f"cs_{new_secret()}" if body.type == "confidential" else None
    client = make_client(body, secret, int(time.time()))
    await rooms.store.clients.add(client)
    await record(request, rooms, "client.created", id=client.client_id)
    return described(client) | ({"client_secret": secret} if secret else {})


@get("/{client_id:str}")
async def get_client(client_id: FromPath[str], rooms: Given[Rooms]) -> dict[str, object]:
    """GET /v1/clients/{id}"""
    return described(await find(client_id, rooms))


@patch("/{client_id:str}")
async def change_client(
    request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """PATCH /v1/clients/{id}"""
    changes = (await read_json(request, ChangedClient)).model_dump(exclude_unset=True)
    changes |= {name: tuple(changes[name]) for name in ("web_origins", "scopes") if name in changes}
    before = await find(client_id, rooms)
    client = msgspec.structs.replace(before, **changes, updated_at=int(time.time()))
    if not await rooms.store.clients.update(client):
        raise unknown()
    await record(request, rooms, "client.updated", id=client_id, fields=" ".join(sorted(changes)))
    return described(client)


@delete("/{client_id:str}", status_code=200)
async def delete_client(
    request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """DELETE /v1/clients/{id}: the app can do nothing from then on; its redirect URLs go with it."""
    if client_id == DEFAULT_CLIENT:
        raise ApiError(
            422, "form_param_value_invalid", "the default client cannot be deleted", param="client_id"
        )
    await find(client_id, rooms)
    await forget_client(client_id, rooms)
    await record(request, rooms, "client.deleted", id=client_id)
    return {"object": "client", "id": client_id, "deleted": True}


async def forget_client(client_id: str, rooms: Rooms) -> bool:
    """The client first, so that it is dead at once, then its redirect URLs. False: there was none."""
    if not await rooms.store.clients.remove(client_id):
        return False
    while (entries := await rooms.allowlist.list(client_id, offset=0, limit=100))[0]:
        for entry in entries[0]:
            await rooms.allowlist.remove(entry.id)
    return True


def make_client(body: NewClient, secret: str | None, now: int) -> Client:
    return Client(
        client_id=new_id("app"),
        name=body.name,
        type=body.type,
        development=body.development,
        web_origins=tuple(body.web_origins),
        token_profile=body.token_profile,
        webview_policy=body.webview_policy,
        scopes=tuple(body.scopes),
        native_client_ids=body.native_client_ids,
        secret_fingerprint=fingerprint(secret) if secret else None,
        created_at=now,
        updated_at=now,
    )


async def find(client_id: str, rooms: Rooms) -> Client:
    client = await rooms.store.clients.find(client_id)
    if client is None:
        raise unknown()
    return client


def unknown() -> ApiError:
    return ApiError(404, "resource_not_found", "no client has this id")


def described(client: Client) -> dict[str, object]:
    """What is shown: all but the secret's fingerprint; milliseconds, as everywhere in `/v1`."""
    shown = msgspec.structs.asdict(client)
    shown.pop("secret_fingerprint")
    shown |= {"created_at": client.created_at * 1000, "updated_at": client.updated_at * 1000}
    return {"object": "client", "id": client.client_id, **shown}


clients_router = Router(
    "/clients",
    route_handlers=[list_clients, create_client, get_client, change_client, delete_client],
    opt={"area": "clients"},
)
