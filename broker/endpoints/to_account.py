"""The way from a provider back to the account page. The callback attaches nothing: a posted one comes across sites, without
the cookie that says whose page it is. What arrived waits, sealed, for the next request of the same browser, which has it.
"""

from litestar.response.base import ASGIResponse

from broker.core.account_places import address, place_of
from broker.core.errors import ErrorCode, OAuthError
from broker.core.opaque import fingerprint, new_secret
from broker.core.records import AccountArrival, Arrived, PendingAuthorization
from broker.endpoints.browser import BrowserCookie
from broker.endpoints.responses import see_other
from broker.rooms import Rooms


async def carry(
    flow: PendingAuthorization, arrived: Arrived, spent: BrowserCookie, rooms: Rooms
) -> ASGIResponse:
    """Keep who arrived, for this browser alone, and send it on to take that up."""
    secret, cookie_value = new_secret(), new_secret()
    waiting = AccountArrival(
        purpose=flow.purpose,
        arrived=arrived,
        asked=flow.provider_scopes,
        browser=fingerprint(cookie_value),
    )
    await rooms.store.account_arrivals.save(secret, waiting)
    cookie = BrowserCookie.of(secret, rooms.settings.issuer).give(cookie_value)
    return see_other(address(rooms.settings.base, "arrived", flow=secret), cookie, spent.forget())


def turn_back(
    flow: PendingAuthorization, error: OAuthError, spent: BrowserCookie, rooms: Rooms
) -> ASGIResponse:
    """To where the flow was begun, with a notice of what failed."""
    notice = "cancelled" if error.code is ErrorCode.ACCESS_DENIED else "provider-failed"
    place, then = place_of(flow.purpose), flow.purpose.then or None
    return see_other(address(rooms.settings.base, place, notice=notice, then=then), spent.forget())
