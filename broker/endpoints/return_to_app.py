"""The deliberate act: a person presses the button on the return page, and only then the app's code is made."""

from typing import Any

from litestar import Request, post
from litestar.response.base import ASGIResponse

from allowlist import Allowlist
from broker.core.parameters import refused
from broker.endpoints.browser import BrowserCookie
from broker.endpoints.form import read_form
from broker.endpoints.redirect import prove_redirect_uri
from broker.endpoints.responses import to_app
from broker.room import Room
from broker.settings import Settings
from broker.store import Store


@post("/continue", status_code=303)
async def return_to_app(
    request: Request[Any, Any, Any],
    settings: Room[Settings],
    allowlist: Room[Allowlist],
    store: Room[Store],
) -> ASGIResponse:
    """POST /continue {flow}: take the finished sign-in, prove browser and redirect URI, hand out the code."""
    secret = (await read_form(request)).required("flow")
    waiting = await store.returns.take(secret)
    cookie = BrowserCookie.of(secret, settings.issuer)
    if waiting is None:
        raise refused("this sign-in was already handed to the app, or it waited longer than ten minutes")
    if not cookie.is_held_by(request, waiting.browser):
        raise refused("this sign-in was begun in another browser")
    target = await prove_redirect_uri(allowlist, waiting.grant.client_id, waiting.grant.redirect_uri)
    code = await store.codes.save(waiting.grant)
    return to_app(target, code=code, state=waiting.state, iss=settings.issuer, forget_cookie=cookie.forget())
