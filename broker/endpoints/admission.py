"""The end of a flow in the browser: on to the app with a code, or to the return page."""

from asyncio import gather
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.response.base import ASGIResponse

from allowlist import AllowedRedirectUri
from broker.core.client import Client
from broker.core.identity import Identity
from broker.core.opaque import new_session_id
from broker.core.records import Arrived, AuthorizationCode, PendingAuthorization
from broker.endpoints.browser import BrowserCookie, remember_provider
from broker.endpoints.responses import hand_out
from broker.endpoints.return_to_app import ask_to_return, make_code
from broker.providers.provider import Connection
from broker.rooms import Rooms


@dataclass(frozen=True)
class Proven:
    """A flow whose browser, redirect URI and client are proven in this request; the cookie has served."""

    request: Request[Any, Any, Any]
    flow: PendingAuthorization
    target: AllowedRedirectUri
    client: Client
    cookie: BrowserCookie


async def let_on(
    proven: Proven,
    user_id: str,
    connection: Connection,
    identity: Identity,
    now: int,
    rooms: Rooms,
    *writings: Awaitable[None],
    arrived: Arrived | None = None,
) -> ASGIResponse:
    """Write down what is to be written, in the round trip that saves the code. `arrived` waits beside the code."""
    flow = proven.flow
    grant = grant_to(user_id, flow, now)
    if proven.target.verified_link:
        code, *_ = await gather(make_code(grant, arrived, rooms), *writings)
        issuer = rooms.settings.issuer
        cookies = (proven.cookie.forget(), remember_provider(connection.id, issuer))
        return hand_out(proven.target, grant, code, flow.state, issuer, cookies=cookies)
    await gather(*writings)
    return await ask_to_return(grant, arrived, flow.state, connection, identity, rooms)


def grant_to(user_id: str, flow: PendingAuthorization, now: int) -> AuthorizationCode:
    """What the code will be worth: bound to client, redirect URI, challenge and the session it will begin (TK-04), or, where
    it connects, the session that asked."""
    return AuthorizationCode(
        user_id=user_id,
        session_id=flow.purpose.session_id or new_session_id(user_id),
        client_id=flow.client_id,
        redirect_uri=flow.redirect_uri,
        attempt=flow.attempt,
        code_challenge=flow.code_challenge,
        scope=flow.scope,
        nonce=flow.nonce,
        signed_in_at=now,
        connects=flow.purpose.kind == "connect",
        flow_id=flow.flow_id,
        provider=flow.provider,
    )
