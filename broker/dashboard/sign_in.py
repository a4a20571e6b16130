"""Getting in and out: a secret key, pasted, or a provider that vouches for a listed address."""

import time

import msgspec
from litestar import get, post
from litestar.response.base import ASGIResponse

from allowlist.wire import AnyRequest, ApiError
from broker.backend_api.audit import record
from broker.core.account_rules import Purpose
from broker.core.admin_session import LONGEST, AdminSession
from broker.core.events import happened
from broker.core.records import PendingAuthorization
from broker.dashboard.form import read_form
from broker.dashboard.guesses import Guesses
from broker.dashboard.shell import (
    OPEN,
    SENDS_ORIGIN,
    came_from_elsewhere,
    checked_path,
    signed_in,
    to_sign_in,
)
from broker.endpoints.admin_session import AdminCookie, begin
from broker.endpoints.authorize import send_off
from broker.endpoints.reconnect import flow_of
from broker.endpoints.redirect import form_targets
from broker.endpoints.responses import see_other
from broker.pages.page import page
from broker.providers.configuring import is_fixed
from broker.providers.provider import Connection
from broker.rooms import Given, Rooms

guesses = Guesses()


@get("/", opt={"scope": OPEN})
async def front(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /dashboard: the first page that this admin may see, or the sign-in page."""
    admin = await signed_in(request, rooms)
    if admin is None and came_from_elsewhere(request):
        return to_sign_in(request)
    if admin is None:
        to = request.query_params.get("to", "")
        return await sign_in_page(request, rooms, to=to)
    if not admin.places:
        raise ApiError(403, "authorization_invalid", "this secret key has no scope that any page here needs")
    return see_other(f"{rooms.settings.base}/dashboard/{admin.places[0].name}")


@post("/sign-in", status_code=303, opt={"scope": OPEN})
async def sign_in(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/sign-in {secret_key, to}: the key is exchanged for a session and not kept."""
    form, now = await read_form(request), int(time.time())
    to = checked_path(request, form.text("to"))
    key = await rooms.secret_keys.find(form.text("secret_key"), now)
    if key is None:
        await guesses.slow_down()
        if count := guesses.to_report(now):
            await rooms.store.events.add(
                happened("dashboard.sign_in_refused", now, actor="nobody", count=count)
            )
        return await sign_in_page(request, rooms, to=to, refusal="dashboard.wrong_key", status=403)
    ends = min(now + LONGEST, key.expires_at or now + LONGEST)
    session = AdminSession(key=key.fingerprint, expires_at=ends)
    cookie = await begin(request, session, rooms)
    request.scope["state"]["secret_key"] = key
    await record(request, rooms, "dashboard.signed_in")
    return see_other(to, cookie)


@post("/sign-in/provider", status_code=303, opt={"scope": OPEN})
async def sign_in_with_provider(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/sign-in/provider {provider}: off to the provider; endpoints/callback.py lets in who is listed."""
    chosen = (await read_form(request)).text("provider")
    connections = {each.id: each for each in await admitting(rooms)}
    if chosen not in connections:
        raise ApiError(422, "form_param_value_invalid", "this provider lets nobody into the dashboard")
    return await send_off(flow_to(connections[chosen]), connections[chosen], rooms)


@post("/sign-out", status_code=303, opt={"scope": OPEN})
async def sign_out(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /dashboard/sign-out. It needs no scope, and no field: nobody is harmed by it but who is foreign, and is not heard."""
    cookie = AdminCookie.of(rooms.settings.issuer)
    if await signed_in(request, rooms):
        await record(request, rooms, "dashboard.signed_out")
    if secret := cookie.value(request):
        await rooms.store.admin_sessions.take(secret)
    return see_other(f"{rooms.settings.base}/dashboard", cookie.forget())


async def sign_in_page(
    request: AnyRequest, rooms: Rooms, *, to: str, refusal: str | None = None, status: int = 200
) -> ASGIResponse:
    admitting_now = await admitting(rooms)
    choices = [(each.id, each.provider.name) for each in admitting_now]
    shown = page(
        request,
        "dashboard/sign_in.html",
        status=status,
        sends_to=form_targets(admitting_now),
        choices=choices,
        to=checked_path(request, to),
        refusal=refusal,
        development=rooms.settings.simulated_providers,
    )
    shown.headers.update(SENDS_ORIGIN)
    return shown


async def admitting(rooms: Rooms) -> list[Connection]:
    """The providers whose word on an address lets an admin in: none without a list, and none that who configured it could
    have answer as they like."""
    if not rooms.settings.dashboard_emails:
        return []
    stored = {each.id: each for each in await rooms.store.provider_configurations.list()}
    return [each for each in rooms.catalogue.connections(stored.values()) if is_fixed(stored.get(each.id))]


def flow_to(connection: Connection) -> PendingAuthorization:
    """A flow of no app, and no user's. Whoever comes chooses the account anew: an admin's is often not the first."""
    flow = flow_of("", [], connection)
    return msgspec.structs.replace(flow, purpose=Purpose(kind="dashboard"), consent=False, flow_id="")
