"""Endpoints of webhooks: `/v1/webhooks`. A signing secret is shown once, when it is made."""

import secrets
import time
from typing import Annotated, Any

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.params import FromPath
from pydantic import AfterValidator, Field

from allowlist.wire import AnyRequest, ApiError, Body, Paging, page, read_json
from broker.backend_api.audit import record
from broker.core.errors import OAuthError
from broker.core.events import EventType, happened
from broker.core.opaque import new_id
from broker.core.webhooks import (
    EVERY_EVENT,
    Delivery,
    Endpoint,
    SigningSecret,
    delivery_of,
    new_secret_text,
    replaced,
)
from broker.rooms import Given, Rooms
from broker.webhooks.sender import Outcome, send

MOST_ENDPOINTS = 20
NAMES = (EVERY_EVENT, *EventType)


def check_event(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"must be among {', '.join(NAMES)}")
    return name


Url = Annotated[str, Field(min_length=1, max_length=2048)]
EventNames = Annotated[list[Annotated[str, AfterValidator(check_event)]], Field(min_length=1, max_length=20)]
Description = Annotated[str, Field(max_length=200)]


class NewWebhook(Body):
    """Body of POST /v1/webhooks."""

    url: Url
    events: EventNames = Field(default_factory=lambda: [EVERY_EVENT])
    description: Description | None = None


class ChangedWebhook(Body):
    """Body of PATCH /v1/webhooks/{id}: only what is given changes."""

    url: Url = ""
    events: EventNames = Field(default_factory=list)
    description: Description | None = None
    enabled: bool = True


@get("/")
async def list_webhooks(request: AnyRequest, rooms: Given[Rooms]) -> object:
    """GET /v1/webhooks"""
    paging, endpoints = Paging.parse(request), await rooms.store.webhooks.list()
    shown = endpoints[paging.offset : paging.offset + paging.limit]
    return page([described(each) for each in shown], len(endpoints), paging.paginated)


@post("/", status_code=200)
async def create_webhook(request: AnyRequest, rooms: Given[Rooms]) -> dict[str, Any]:
    """POST /v1/webhooks. The secret is in this answer and nowhere else, ever."""
    endpoint, secret = await register(request, await read_json(request, NewWebhook), rooms)
    return described(endpoint) | {"secret": secret}


async def register(request: AnyRequest, body: NewWebhook, rooms: Rooms) -> tuple[Endpoint, str]:
    """The new endpoint and its secret. Raises ApiError 422."""
    check_url(body.url, rooms)
    if await rooms.store.webhooks.count() >= MOST_ENDPOINTS:
        raise ApiError(
            422, "webhook_limit_reached", f"there are {MOST_ENDPOINTS} endpoints, which is the most"
        )
    now, secret = int(time.time()), new_secret()
    endpoint = Endpoint(
        id=new_id("we"),
        url=body.url,
        events=tuple(dict.fromkeys(body.events)),
        description=body.description,
        created_at=now,
        updated_at=now,
        secrets=(secret,),
    )
    await rooms.store.webhooks.add(endpoint)
    await record(request, rooms, "webhook.created", id=endpoint.id)
    return endpoint, secret.text


@get("/{endpoint_id:str}")
async def get_webhook(endpoint_id: FromPath[str], rooms: Given[Rooms]) -> dict[str, Any]:
    """GET /v1/webhooks/{id}, with how many deliveries wait."""
    endpoint = await find(endpoint_id, rooms)
    return described(endpoint) | {"waiting": await rooms.store.deliveries.waiting(endpoint_id)}


@patch("/{endpoint_id:str}")
async def change_webhook(
    request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, Any]:
    """PATCH /v1/webhooks/{id}. While it is disabled nothing new is queued for it, and what waits goes on waiting."""
    return described(await change(request, endpoint_id, await read_json(request, ChangedWebhook), rooms))


async def change(request: AnyRequest, endpoint_id: str, body: ChangedWebhook, rooms: Rooms) -> Endpoint:
    """What is given changes. Raises ApiError 404 and 422."""
    changes = body.model_dump(exclude_unset=True)
    fields = " ".join(sorted(changes))
    if "url" in changes:
        check_url(changes["url"], rooms)
    if "events" in changes:
        changes["events"] = tuple(dict.fromkeys(changes["events"]))
    if "enabled" in changes:
        changes["disabled_reason"] = None if changes.pop("enabled") else "admin"
    before = await find(endpoint_id, rooms)
    endpoint = await save(msgspec.structs.replace(before, **changes), rooms)
    await record(request, rooms, "webhook.updated", id=endpoint_id, fields=fields)
    return endpoint


@delete("/{endpoint_id:str}", status_code=200)
async def delete_webhook(
    request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, Any]:
    """DELETE /v1/webhooks/{id}: and what waits for it, and its dead letters."""
    await remove(request, endpoint_id, rooms)
    return {"object": "webhook", "id": endpoint_id, "deleted": True}


async def remove(request: AnyRequest, endpoint_id: str, rooms: Rooms) -> None:
    """Raises ApiError 404."""
    if not await rooms.store.webhooks.remove(endpoint_id):
        raise unknown()
    await record(request, rooms, "webhook.deleted", id=endpoint_id)


@post("/{endpoint_id:str}/rotate_secret", status_code=200)
async def rotate_secret(
    request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, Any]:
    """POST /v1/webhooks/{id}/rotate_secret. For a day both secrets sign."""
    changed, secret = await rotate(request, endpoint_id, rooms)
    return described(changed) | {"secret": secret}


async def rotate(request: AnyRequest, endpoint_id: str, rooms: Rooms) -> tuple[Endpoint, str]:
    """The endpoint with its new secret, and that. Raises ApiError 404."""
    endpoint, fresh, now = await find(endpoint_id, rooms), new_secret(), int(time.time())
    changed = msgspec.structs.replace(endpoint, secrets=replaced(endpoint.secrets, fresh, now))
    await save(changed, rooms)
    await record(request, rooms, "webhook.secret_rotated", id=endpoint_id)
    return changed, fresh.text


@post("/{endpoint_id:str}/test", status_code=200)
async def try_webhook(request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]) -> dict[str, Any]:
    """POST /v1/webhooks/{id}/test: send a `webhook.test` now and say what came of it. Not tried again, not kept."""
    event_id, outcome = await send_test(request, endpoint_id, rooms)
    return {
        "object": "webhook_test",
        "id": event_id,
        "delivered": outcome.good,
        "status": outcome.status,
        "outcome": outcome.words,
    }


async def send_test(request: AnyRequest, endpoint_id: str, rooms: Rooms) -> tuple[str, Outcome]:
    """The event's id, and what came of it. Raises ApiError 404."""
    endpoint, now = await find(endpoint_id, rooms), int(time.time())
    event = happened("webhook.test", now, webhook_id=endpoint_id)
    outcome = await send(rooms.upstream, endpoint, delivery_of(event), now)
    await record(request, rooms, "webhook.tested", id=endpoint_id)
    return event.id, outcome


@get("/{endpoint_id:str}/dead_letters")
async def list_dead_letters(request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]) -> object:
    """GET /v1/webhooks/{id}/dead_letters: what was given up, the latest first."""
    paging = Paging.parse(request)
    await find(endpoint_id, rooms)
    letters, total = await rooms.store.deliveries.dead_letters(endpoint_id, paging.offset, paging.limit)
    return page([dead_letter(each) for each in letters], total, paging.paginated)


@post("/{endpoint_id:str}/dead_letters/{event_id:str}/resend", status_code=200)
async def resend(
    request: AnyRequest, endpoint_id: FromPath[str], event_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, Any]:
    """POST /v1/webhooks/{id}/dead_letters/{event_id}/resend: the same event, id and body, tried from the start again."""
    await send_again(request, endpoint_id, event_id, rooms)
    return {"object": "dead_letter", "id": event_id, "resent": True}


async def send_again(request: AnyRequest, endpoint_id: str, event_id: str, rooms: Rooms) -> None:
    """Raises ApiError 404."""
    await find(endpoint_id, rooms)
    if not await rooms.store.deliveries.resend(endpoint_id, event_id, int(time.time())):
        raise ApiError(404, "resource_not_found", "no dead letter of this endpoint has this id")
    await record(request, rooms, "webhook.resent", id=endpoint_id, event_id=event_id)


def new_secret() -> SigningSecret:
    return SigningSecret(new_secret_text(secrets.token_bytes(32)))


def check_url(url: str, rooms: Rooms) -> None:
    """It must be https and not evidently private, here; the address itself is looked at each time we connect."""
    try:
        rooms.upstream.check_url(url)
    except OAuthError:  # its words repeat the URL, which may hold a secret of the backend's
        message = "url must be an https URL of a public place, without user information"
        raise ApiError(422, "form_param_value_invalid", message, param="url") from None


async def find(endpoint_id: str, rooms: Rooms) -> Endpoint:
    endpoint = await rooms.store.webhooks.find(endpoint_id)
    if endpoint is None:
        raise unknown()
    return endpoint


async def save(endpoint: Endpoint, rooms: Rooms) -> Endpoint:
    changed = msgspec.structs.replace(endpoint, updated_at=int(time.time()))
    if not await rooms.store.webhooks.update(changed):
        raise unknown()
    return changed


def unknown() -> ApiError:
    return ApiError(404, "resource_not_found", "no webhook endpoint has this id")


def described(endpoint: Endpoint) -> dict[str, Any]:
    """Everything but the secrets."""
    return {
        "object": "webhook",
        "id": endpoint.id,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "description": endpoint.description,
        "enabled": endpoint.enabled,
        "disabled_reason": endpoint.disabled_reason,
        "created_at": endpoint.created_at * 1000,
        "updated_at": endpoint.updated_at * 1000,
    }


def dead_letter(delivery: Delivery) -> dict[str, Any]:
    return {
        "object": "dead_letter",
        "id": delivery.event_id,
        "type": delivery.event_type,
        "payload": msgspec.json.decode(delivery.body),
        "attempts": delivery.attempts,
        "last_outcome": delivery.last_outcome,
        "created_at": delivery.created_at * 1000,
    }


webhooks_router = Router(
    "/webhooks",
    route_handlers=[
        *(list_webhooks, create_webhook, get_webhook, change_webhook, delete_webhook),
        *(rotate_secret, try_webhook, list_dead_letters, resend),
    ],
    opt={"area": "webhooks"},
)
