"""UserInfo endpoint (OpenID Connect Core section 5.3): who the signed-in person is."""

import time
from asyncio import gather
from typing import Any

from litestar import HttpMethod, Request, route
from litestar.response.base import ASGIResponse

from broker.core.identity import user_claims
from broker.core.tokens import refused
from broker.endpoints.authentication import bearer_token, open_to_origins
from broker.endpoints.responses import json_answer
from broker.rooms import Given, Rooms


@route("/userinfo", http_method=[HttpMethod.GET, HttpMethod.POST], status_code=200)
async def userinfo(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """GET or POST /userinfo with `Authorization: Bearer`. A session that was ended is refused at once (JW-05)."""
    claims = rooms.issuer.verify_access_token(bearer_token(request))
    session, user = await gather(
        rooms.store.sessions.find(claims["sub"], claims["sid"]), rooms.store.users.find(claims["sub"])
    )
    if session is None or user is None or not session.alive(int(time.time())):
        raise refused()
    if "origin" in request.headers and (client := await rooms.store.clients.find(session.client_id)):
        open_to_origins(request, client)
    return json_answer(user_claims(user, claims.get("scope", session.scope)))
