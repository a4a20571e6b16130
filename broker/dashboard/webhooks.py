"""Webhooks: `/dashboard/webhooks`, as `/v1/webhooks` has them, with what did not arrive."""

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist.wire import AnyRequest, ApiError, ApiErrors, read_members
from broker.backend_api import webhooks as api
from broker.core.events import EventType
from broker.core.webhooks import EVERY_EVENT, Endpoint
from broker.dashboard.form import Form, read_form
from broker.dashboard.paging import PAGE, page_number
from broker.dashboard.refusal import words_of
from broker.dashboard.shell import confirm_page, dashboard_page, done
from broker.rooms import Given, Rooms
from broker.store.deliveries import MOST_DEAD

PLACE = "webhooks"
NOTHING_SAID: dict[str, object] = {"url": "", "description": "", "events": [EVERY_EVENT]}


@get("/")
async def list_webhooks(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/webhooks"""
    endpoints = await rooms.store.webhooks.list()
    return dashboard_page(request, "dashboard/webhooks.html", place=PLACE, endpoints=endpoints)


@get("/new", opt={"scope": "webhooks:write"})
async def ask_for_webhook(request: AnyRequest) -> ASGIResponse:
    """GET /dashboard/webhooks/new"""
    return new_page(request, NOTHING_SAID)


@post("/new")
async def create_webhook(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/webhooks/new. The secret is in this answer and nowhere else, so there is no redirect."""
    members = members_of(await read_form(request))
    try:
        endpoint, secret = await api.register(request, read_members(api.NewWebhook, members), rooms)
    except (ApiError, ApiErrors) as error:
        return new_page(request, members, words_of(error))
    return secret_page(request, endpoint, secret)


@get("/{endpoint_id:str}")
async def show_webhook(request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard/webhooks/{id}"""
    endpoint = await api.find(endpoint_id, rooms)
    return await endpoint_page(request, endpoint, said_of(endpoint), rooms)


@post("/{endpoint_id:str}")
async def change_webhook(
    request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST /dashboard/webhooks/{id}"""
    members = members_of(await read_form(request))
    endpoint = await api.find(endpoint_id, rooms)
    try:
        await api.change(request, endpoint_id, read_members(api.ChangedWebhook, members), rooms)
    except (ApiError, ApiErrors) as error:
        return await endpoint_page(request, endpoint, members, rooms, words_of(error))
    return done(request, f"/webhooks/{endpoint_id}", "webhook_changed")


@post("/{endpoint_id:str}/switch")
async def switch_webhook(
    request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST .../switch {enabled}"""
    enabled = (await read_form(request)).ticked("enabled")
    await api.change(request, endpoint_id, read_members(api.ChangedWebhook, {"enabled": enabled}), rooms)
    return done(request, f"/webhooks/{endpoint_id}", "webhook_enabled" if enabled else "webhook_disabled")


@post("/{endpoint_id:str}/test")
async def try_webhook(request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST .../test: send a `webhook.test` now."""
    _, outcome = await api.send_test(request, endpoint_id, rooms)
    what = "webhook_delivered" if outcome.good else "webhook_not_delivered"
    return done(request, f"/webhooks/{endpoint_id}", what)


@get("/{endpoint_id:str}/secret", opt={"scope": "webhooks:write"})
async def ask_to_rotate(request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET .../secret: what rotating does, before it is done."""
    return confirmation(request, await api.find(endpoint_id, rooms), "secret")


@post("/{endpoint_id:str}/secret")
async def rotate_secret(request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST .../secret"""
    return secret_page(request, *await api.rotate(request, endpoint_id, rooms))


@get("/{endpoint_id:str}/delete", opt={"scope": "webhooks:write"})
async def ask_to_delete(request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET .../delete: what goes with it."""
    return confirmation(request, await api.find(endpoint_id, rooms), "delete")


@post("/{endpoint_id:str}/delete")
async def delete_webhook(
    request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST .../delete"""
    await api.remove(request, endpoint_id, rooms)
    return done(request, "/webhooks", "webhook_deleted")


@post("/{endpoint_id:str}/resend")
async def resend(request: AnyRequest, endpoint_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST .../resend {event}: a dead letter, tried from the start again."""
    event_id = (await read_form(request)).text("event")
    await api.send_again(request, endpoint_id, event_id, rooms)
    return done(request, f"/webhooks/{endpoint_id}", "webhook_resent")


def new_page(
    request: AnyRequest, said: dict[str, object], wrong: dict[str, str] | None = None
) -> ASGIResponse:
    return dashboard_page(
        request,
        "dashboard/webhook_new.html",
        place=PLACE,
        status=422 if wrong else 200,
        said=said,
        wrong=wrong or {},
        **choices(),
    )


async def endpoint_page(
    request: AnyRequest,
    endpoint: Endpoint,
    said: dict[str, object],
    rooms: Rooms,
    wrong: dict[str, str] | None = None,
) -> ASGIResponse:
    """`said` fills the form; `wrong` says what is the matter, by field."""
    number, deliveries = page_number(request), rooms.store.deliveries
    offset = min((number - 1) * PAGE, MOST_DEAD)
    letters, total = await deliveries.dead_letters(endpoint.id, offset, PAGE)
    return dashboard_page(
        request,
        "dashboard/webhook.html",
        place=PLACE,
        status=422 if wrong else 200,
        endpoint=endpoint,
        said=said,
        wrong=wrong or {},
        waiting=await deliveries.waiting(endpoint.id),
        letters=letters,
        total=total,
        number=number,
        more=total > number * PAGE,
        **choices(),
    )


def choices() -> dict[str, object]:
    return {"every": EVERY_EVENT, "kinds": [str(each) for each in EventType]}


def confirmation(request: AnyRequest, endpoint: Endpoint, act: str) -> ASGIResponse:
    name, back = endpoint.description or endpoint.url, f"/webhooks/{endpoint.id}"
    return confirm_page(request, PLACE, f"webhook_{act}", name=name, action=f"{back}/{act}", back=back)


def secret_page(request: AnyRequest, endpoint: Endpoint, secret: str) -> ASGIResponse:
    """The secret, once."""
    return dashboard_page(
        request,
        "dashboard/secret.html",
        place=PLACE,
        kind="webhook",
        name=endpoint.description or endpoint.url,
        identifier=endpoint.id,
        secret=secret,
        back=f"/webhooks/{endpoint.id}",
    )


def members_of(form: Form) -> dict[str, object]:
    """As the API's body has them. Who ticks nothing hears of nothing, and is told so by its rule."""
    every = form.ticked("every")
    return {
        "url": form.text("url"),
        "description": form.text("description") or None,
        "events": [EVERY_EVENT] if every else form.chosen("events"),
    }


def said_of(endpoint: Endpoint) -> dict[str, object]:
    return {"url": endpoint.url, "description": endpoint.description, "events": endpoint.events}


webhooks_router = Router(
    "/webhooks",
    route_handlers=[
        *(list_webhooks, ask_for_webhook, create_webhook, show_webhook, change_webhook, switch_webhook),
        *(try_webhook, ask_to_rotate, rotate_secret, ask_to_delete, delete_webhook, resend),
    ],
    opt={"area": "webhooks"},
)
