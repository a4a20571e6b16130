"""Reconnecting: a link for people, in any browser and without an app. They sign in at the provider, and the account that the
link names has new tokens, for what it held and what the link asks.

Such a link can do no more than that person's own sign-in, so it holds no secret. Nobody is looked up before the provider
has said who came: a link to an account that does not exist goes the same way and ends as one opened by somebody else.
"""

from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.account_rules import Purpose
from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters, refused
from broker.core.provider_scopes import ACCOUNT_ID, accumulated
from broker.core.records import Arrived, PendingAuthorization
from broker.endpoints.arrival import settle, write_down
from broker.endpoints.authorize import send_off
from broker.endpoints.browser import BrowserCookie
from broker.pages.page import page
from broker.providers.provider import Connection
from broker.rooms import Given, Rooms
from broker.store.grants import Ref


@get("/reconnect/{provider:str}")
async def reconnect(
    request: Request[Any, Any, Any], provider: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """GET /reconnect/{provider}?account=eac_...&scopes=a+b"""
    parameters = Parameters.parse(request.scope["query_string"])
    account_id, wanted = parameters.required("account"), parameters.get("scopes", "").split()
    connection = rooms.catalogue.connection(
        provider, await rooms.store.provider_configurations.find(provider)
    )
    if connection is None or not ACCOUNT_ID.fullmatch(account_id):
        raise refused("there is no such provider here, or the link is cut off")
    if not set(wanted) <= {*connection.allowed_scopes}:
        raise OAuthError(ErrorCode.INVALID_SCOPE, "the link asks for a scope that is not allowed here")
    return await send_off(flow_of(account_id, wanted, connection), connection, rooms)


def flow_of(account_id: str, wanted: list[str], connection: Connection) -> PendingAuthorization:
    """A flow that ends here. Consent is asked for, since a refresh token is what is missing most often."""
    return PendingAuthorization(
        client_id="",
        redirect_uri="",
        state=None,
        scope="",
        code_challenge="",
        nonce=None,
        provider=connection.id,
        upstream_verifier="",
        upstream_nonce="",
        browser="",
        prompt="select_account",
        provider_scopes=tuple(wanted),
        consent=True,
        purpose=Purpose(kind="reconnect", account_id=account_id),
    )


async def renew(
    flow: PendingAuthorization,
    connection: Connection,
    arrived: Arrived,
    cookie: BrowserCookie,
    now: int,
    rooms: Rooms,
) -> ASGIResponse:
    """New tokens for the account, if it is its person who came. Raises OAuthError, to be shown.

    A link that was made by hand may ask for less than the account holds: then the provider is asked once more.
    """
    known = await rooms.store.users.known(connection.id, arrived.identity.subject)
    account = await settle(connection, arrived.identity, arrived.tokens, known, now, rooms, flow.purpose)
    grant = await rooms.store.grants.find(Ref(account.user_id, connection.id, account.id))
    held = grant.tokens.scope if grant and grant.tokens else ()
    asked = accumulated(connection.allowed_scopes, connection.scopes, flow.provider_scopes, held)
    if not set(asked) <= {*connection.scopes, *flow.provider_scopes, *arrived.tokens.scope}:
        return await send_off(msgspec.structs.replace(flow, provider_scopes=asked), connection, rooms)
    await write_down(account, arrived.tokens, connection, now, rooms)
    shown = page(
        "reconnected.html",
        base=rooms.settings.base,
        provider_name=connection.provider.name,
        who=account.identity.email or account.identity.name or account.identity.username,
    )
    shown.headers.add(*cookie.forget())
    return shown
