"""End-session endpoint (OpenID Connect RP-Initiated Logout 1.0)."""

from typing import Any

from litestar import Request, get
from litestar.response.base import ASGIResponse

from allowlist import Allowlist
from broker.core.parameters import Parameters, refused
from broker.core.tokens import TokenIssuer
from broker.endpoints.redirect import prove_redirect_uri
from broker.endpoints.responses import to_app
from broker.pages.page import page
from broker.room import Room
from broker.settings import Settings
from broker.store import Store


@get("/logout")
async def logout(
    request: Request[Any, Any, Any],
    settings: Room[Settings],
    allowlist: Room[Allowlist],
    store: Room[Store],
    issuer: Room[TokenIssuer],
) -> ASGIResponse:
    """GET /logout: the ID token says which session ends; without one there is none to end, since browsers hold no
    session of ours. The way back must be on the client's allowlist, like every other."""
    parameters = Parameters.parse(request.scope["query_string"])
    hint, back = parameters.get("id_token_hint"), parameters.get("post_logout_redirect_uri")
    claims = issuer.verify_id_token_hint(hint) if hint else {}
    client_id = claims.get("aud", parameters.get("client_id"))
    if parameters.get("client_id", client_id) != client_id:
        raise refused("client_id is not the ID token's")
    if back is not None and client_id is None:
        raise refused("post_logout_redirect_uri needs id_token_hint or client_id")
    target = await prove_redirect_uri(allowlist, str(client_id), back) if back else None
    if claims:
        await store.sessions.revoke(claims["sub"], str(claims.get("sid")))
    return (
        to_app(target, state=parameters.get("state")) if target else signed_out(settings, ended=bool(claims))
    )


def signed_out(settings: Settings, *, ended: bool) -> ASGIResponse:
    heading = "You are signed out" if ended else "Nothing to sign out of here"
    advice = (
        "You can close this page." if ended else "This browser holds no session. Sign out in the app itself."
    )
    return page("signed_out.html", base=settings.base, heading=heading, advice=advice)
