"""The deliberate act: a person presses the button on the return page, and only then the app's code is made."""

from typing import Any

import structlog
from litestar import Request, post
from litestar.response.base import ASGIResponse

from allowlist import AllowedRedirectUri
from broker.core.identity import Identity
from broker.core.opaque import fingerprint, new_secret
from broker.core.parameters import refused
from broker.core.records import Arrived, AuthorizationCode, PendingReturn
from broker.endpoints.browser import BrowserCookie
from broker.endpoints.form import read_form
from broker.endpoints.redirect import form_target, prove_redirect_uri, shown_target
from broker.endpoints.responses import to_app
from broker.pages.page import page
from broker.providers.provider import Connection
from broker.rooms import Given, Rooms

log = structlog.get_logger()


async def ask_to_return(
    grant: AuthorizationCode,
    arrived: Arrived | None,
    state: str | None,
    target: AllowedRedirectUri,
    app: str,
    connection: Connection,
    identity: Identity,
    rooms: Rooms,
) -> ASGIResponse:
    """Any app on the device may have claimed a custom scheme or a loopback port, so the code is not made until a
    person has seen which app gets it and pressed the button (AZ-11, RFC 8252 section 8.6)."""
    secret, cookie_value = new_secret(), new_secret()
    waiting = PendingReturn(grant=grant, state=state, browser=fingerprint(cookie_value), arrived=arrived)
    await rooms.store.returns.save(secret, waiting)
    shown = page(
        "return_to_app.html",
        sends_to=form_target(target),
        base=rooms.settings.base,
        app=app,
        provider_name=connection.provider.name,
        who=identity.email or identity.name or identity.username,
        connects=grant.connects,
        scope=grant.scope.split(),
        flow=secret,
        returns_to=shown_target(target),
    )
    shown.headers.add(*BrowserCookie.of(secret, rooms.settings.issuer).give(cookie_value))
    return shown


@post("/continue", status_code=303)
async def return_to_app(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /continue {flow}: take the finished sign-in, prove browser and redirect URI, hand out the code."""
    secret = (await read_form(request)).required("flow")
    waiting = await rooms.store.returns.take(secret)
    cookie = BrowserCookie.of(secret, rooms.settings.issuer)
    if waiting is None:
        raise refused("this sign-in was already handed to the app, or it waited longer than ten minutes")
    if not cookie.is_held_by(request, waiting.browser):
        log.warning("browser_mismatch", client_id=waiting.grant.client_id)
        raise refused("this sign-in was begun in another browser")
    target = await prove_redirect_uri(rooms, waiting.grant.client_id, waiting.grant.redirect_uri)
    code = await make_code(waiting.grant, waiting.arrived, rooms)
    return to_app(
        target, code=code, state=waiting.state, iss=rooms.settings.issuer, forget_cookie=cookie.forget()
    )


async def make_code(grant: AuthorizationCode, arrived: Arrived | None, rooms: Rooms) -> str:
    """The code, and beside it what its exchange will attach."""
    code = await rooms.store.codes.save(grant)
    if arrived:
        await rooms.store.arrivals.save(code, arrived)
    return code
