"""End-session endpoint (OpenID Connect RP-Initiated Logout 1.0)."""

import time
from typing import Any

from litestar import Request, get, post
from litestar.response.base import ASGIResponse

from broker.core.errors import OAuthError
from broker.core.parameters import Parameters, refused
from broker.endpoints.form import read_form
from broker.endpoints.redirect import prove_redirect_uri
from broker.endpoints.responses import to_app
from broker.pages.page import page
from broker.rooms import Given, Rooms


@get("/logout")
async def logout(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /logout"""
    return await end_session(request, Parameters.parse(request.scope["query_string"]), rooms)


@post("/logout", status_code=200)
async def posted_logout(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /logout: the same by form, which keeps the ID token out of the address."""
    return await end_session(request, await read_form(request), rooms)


async def end_session(request: Request[Any, Any, Any], parameters: Parameters, rooms: Rooms) -> ASGIResponse:
    """The ID token says which session ends; without one there is none to end, since browsers hold no session of ours.
    The way back must be on the client's allowlist, like every other."""
    back = parameters.get("post_logout_redirect_uri")
    claims = read_hint(parameters.get("id_token_hint"), rooms)
    client_id = claims.get("aud", parameters.get("client_id"))
    if parameters.get("client_id", client_id) != client_id:
        raise refused("client_id is not the ID token's")
    if back is not None and client_id is None:
        raise refused("post_logout_redirect_uri needs id_token_hint or client_id")
    target = await prove_redirect_uri(rooms, str(client_id), back) if back else None
    if claims:
        about = {"client_id": str(client_id), "reason": "sign_out"}
        await rooms.store.sessions.revoke(
            claims["sub"], str(claims.get("sid")), now=int(time.time()), **about
        )
    if target:
        return to_app(target, state=parameters.get("state"))
    return page(request, "signed_out.html", ended=bool(claims))


def read_hint(hint: str | None, rooms: Rooms) -> dict[str, Any]:
    """The claims of the ID token; none without one. Raises OAuthError invalid_request, to be shown."""
    try:
        return rooms.issuer.verify_id_token_hint(hint) if hint else {}
    except OAuthError:
        raise refused("id_token_hint is not an ID token of this broker") from None
