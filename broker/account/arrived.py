"""Somebody came back from a provider for the account page. What they brought is taken up only in the browser that sent them,
and, where they connect, grant or confirm, only while that browser's session is the one that asked (LK-02).
"""

import time
from typing import Any

import msgspec
import structlog
from litestar import Request, get
from litestar.response.base import ASGIResponse

from broker.account.shown import below
from broker.account.visitor import Visitor, begin, visitor_of
from broker.core.account_places import NOTICES, place_of, read_place
from broker.core.errors import ErrorCode, OAuthError
from broker.core.events import happened
from broker.core.identity import ExternalAccount
from broker.core.parameters import Parameters
from broker.core.records import AccountArrival, AccountSession
from broker.endpoints.arrival import find_again, settle, write_down
from broker.endpoints.browser import BrowserCookie
from broker.rooms import Given, Rooms
from broker.store.account_sessions import ABSOLUTE_LIFETIME

log = structlog.get_logger()
AnyRequest = Request[Any, Any, Any]


@get("/account/arrived")
async def arrived(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /account/arrived?flow=..., where the callback sends on to."""
    secret = Parameters.parse(request.scope["query_string"]).required("flow")
    waiting = await rooms.store.account_arrivals.take(secret)
    cookie, visitor = BrowserCookie.of(secret, rooms.settings.issuer), await visitor_of(request, rooms)
    if waiting is None or not cookie.is_held_by(request, waiting.browser) or not fits(waiting, visitor):
        log.warning("account_arrival_refused", known=waiting is not None)
        return below(rooms, "", notice="elsewhere")
    purpose = waiting.purpose
    try:
        return await take_up(request, waiting, visitor, rooms)
    except OAuthError as error:
        log.warning("arrival_refused", error=str(error), detail=error.detail)
        notice = error.detail if error.detail in NOTICES else "failed"
        return below(rooms, place_of(purpose), notice=notice, then=purpose.then or None)


def fits(waiting: AccountArrival, visitor: Visitor | None) -> bool:
    """Whether the session that asked is the one of this browser now. A visit asked with none."""
    purpose = waiting.purpose
    if purpose.kind == "visit":
        return True
    return visitor is not None and (visitor.mark, visitor.user_id) == (
        purpose.account_session,
        purpose.user_id,
    )


async def take_up(
    request: AnyRequest, waiting: AccountArrival, visitor: Visitor | None, rooms: Rooms
) -> ASGIResponse:
    """By the account rules, as they hold now. Raises OAuthError access_denied."""
    now, came, purpose = int(time.time()), waiting.arrived, waiting.purpose
    connection, known = await find_again(came, rooms)
    account = await settle(connection, came.identity, came.tokens, known, now, rooms, purpose)
    await write_down(account, came.tokens, connection, now, rooms)
    if visitor is None or purpose.kind in {"visit", "confirm"}:
        return await sign_in(request, account, visitor, purpose.then, now, rooms)
    if purpose.kind == "connect" and known is None:
        return below(rooms, f"connections/{account.id}", notice="connected")
    await tell_of_renewal(account, now, rooms)
    granted = set(waiting.asked) <= set(came.tokens.scope)
    return below(rooms, f"connections/{account.id}", notice="granted" if granted else "not-all")


async def sign_in(
    request: AnyRequest, account: ExternalAccount, visitor: Visitor | None, then: str, now: int, rooms: Rooms
) -> ASGIResponse:
    """A fresh session; one that was confirmed keeps whose app it is of, and its end."""
    fresh = AccountSession(
        user_id=account.user_id,
        signed_in_at=now,
        begun_at=now,
        expires_at=now + ABSOLUTE_LIFETIME,
        proven=True,
    )
    if visitor and visitor.user_id == account.user_id:
        fresh = msgspec.structs.replace(visitor.session, signed_in_at=now, begun_at=now, proven=True)
    given = await begin(request, fresh, rooms, now)
    if given is None:
        raise OAuthError(ErrorCode.ACCESS_DENIED, "this account was deleted just now")
    return below(rooms, read_place(then), given)


async def tell_of_renewal(account: ExternalAccount, now: int, rooms: Rooms) -> None:
    """A grant that was given anew makes no event of itself."""
    about = {"provider": account.provider, "external_account_id": account.id}
    event = happened("connection.renewed", now, actor="user", user_id=account.user_id, **about)
    await rooms.store.outbox.tell(account.user_id, event)
