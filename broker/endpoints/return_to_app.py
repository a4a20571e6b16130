"""The deliberate act: a person presses the button on the return page, and only then the app's code is made.

The page has an address of its own, so it may be reloaded, opened twice and come back to: the same browser is offered
the same return, and its code stays one code.
"""

from asyncio import gather
from typing import Any
from urllib.parse import urlencode

import structlog
from litestar import Request, get, post
from litestar.response.base import ASGIResponse

from broker.core.flows import Leg, Reason, StepName
from broker.core.identity import Identity
from broker.core.opaque import derived_secret, fingerprint, new_secret
from broker.core.parameters import Parameters, refused
from broker.core.records import Arrived, AuthorizationCode, PendingReturn
from broker.endpoints.browser import BrowserCookie, remember_provider
from broker.endpoints.form import read_form
from broker.endpoints.redirect import form_target, is_android, prove_redirect_uri, shown_target
from broker.endpoints.responses import hand_out, see_other
from broker.endpoints.steps import note, watched
from broker.pages.page import page
from broker.providers.provider import Connection
from broker.rooms import Given, Rooms

log = structlog.get_logger()
AnyRequest = Request[Any, Any, Any]


async def ask_to_return(
    grant: AuthorizationCode,
    arrived: Arrived | None,
    state: str | None,
    connection: Connection,
    identity: Identity,
    rooms: Rooms,
) -> ASGIResponse:
    """Any app on the device may have claimed a custom scheme or a loopback port, so the code is not made until a
    person has seen which app gets it and pressed the button (AZ-11, RFC 8252 section 8.6)."""
    secret, cookie_value = new_secret(), new_secret()
    waiting = PendingReturn(
        grant=grant,
        state=state,
        browser=fingerprint(cookie_value),
        arrived=arrived,
        provider_name=connection.provider.name,
        who=identity.email or identity.name or identity.username,
    )
    await rooms.store.returns.save(secret, waiting)
    note(grant, StepName.RETURN_PAGE, rooms)
    issuer = rooms.settings.issuer
    cookies = (BrowserCookie.of(secret, issuer).give(cookie_value), remember_provider(connection.id, issuer))
    return see_other(f"{rooms.settings.base}/continue?{urlencode({'flow': secret})}", *cookies)


@get("/continue")
async def show_return(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /continue?flow=...: the page, in the browser that signed in."""
    secret = Parameters.parse(request.scope["query_string"]).required("flow")
    waiting, cookie_value = await find(request, secret, rooms)
    grant = waiting.grant
    target, client, found = await gather(
        prove_redirect_uri(rooms, grant.client_id, grant.redirect_uri),
        rooms.store.clients.find(grant.client_id),
        rooms.store.codes.find(code_of(waiting, secret, cookie_value)),
    )
    app = client.name if client else ""
    if found and found.spent:
        return page(request, "returned.html", app=app)
    android = target.scheme != "http" and is_android(request)
    return page(
        request,
        "return_to_app.html",
        sends_to=f"{form_target(target)} {'intent:' if android else ''}",
        app=app,
        provider_name=waiting.provider_name,
        who=waiting.who,
        connects=grant.connects,
        scope=grant.scope.split(),
        flow=secret,
        android=android,
        returns_to=shown_target(target),
    )


@post("/continue", status_code=303)
async def return_to_app(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """POST /continue {flow, via}: prove browser and redirect URI, hand out the code. Pressed again, it hands out the same
    one, which is good once."""
    form = await read_form(request)
    secret = form.required("flow")
    waiting, cookie_value = await find(request, secret, rooms)
    with watched(waiting.grant, Leg.ACCOUNT, rooms):
        target = await prove_redirect_uri(rooms, waiting.grant.client_id, waiting.grant.redirect_uri)
        code = code_of(waiting, secret, cookie_value)
        unspent = await offer(code, waiting, rooms)
    if not unspent:
        return see_other(f"{rooms.settings.base}/continue?{urlencode({'flow': secret})}")
    by_intent, issuer = form.get("via") == "intent", rooms.settings.issuer
    return hand_out(target, waiting.grant, code, waiting.state, issuer, via_intent=by_intent)


async def find(request: AnyRequest, secret: str, rooms: Rooms) -> tuple[PendingReturn, str]:
    """What waits, and what this browser's cookie holds. Raises OAuthError, to be shown."""
    waiting = await rooms.store.returns.find(secret)
    if waiting is None:
        raise refused("this sign-in was finished, or it waited longer than ten minutes")
    cookie = BrowserCookie.of(secret, rooms.settings.issuer)
    if not cookie.is_held_by(request, waiting.browser):
        log.warning("browser_mismatch", client_id=waiting.grant.client_id)
        note(waiting.grant, StepName.DIED, rooms, reason=Reason.BROWSER_MISMATCH)
        raise refused("this sign-in was begun in another browser")
    return waiting, cookie.values(request)[0]


def code_of(waiting: PendingReturn, secret: str, cookie_value: str) -> str:
    """The code of this return: one for all presses, and made of what this browser alone holds."""
    return (
        f"ac_{waiting.grant.user_id.removeprefix('user_')}_{derived_secret(cookie_value, f'code:{secret}')}"
    )


async def offer(code: str, waiting: PendingReturn, rooms: Rooms) -> bool:
    """Make the code, unless it stands. False: it was spent. Beside it lies what its exchange will attach."""
    made = await rooms.store.codes.offer(code, waiting.grant)
    if made.new and waiting.arrived:
        await rooms.store.arrivals.save(code, waiting.arrived)
    if made.new:
        note(waiting.grant, StepName.CODE_HANDED_OUT, rooms)
    return not made.spent


async def make_code(grant: AuthorizationCode, arrived: Arrived | None, rooms: Rooms) -> str:
    """The code of a flow that ends without a page, and beside it what its exchange will attach."""
    code = await rooms.store.codes.save(grant)
    if arrived:
        await rooms.store.arrivals.save(code, arrived)
    note(grant, StepName.CODE_HANDED_OUT, rooms)
    return code
