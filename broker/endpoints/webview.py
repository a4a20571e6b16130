"""Inside another app: a page that asks to go on in the phone's browser (RFC 8252 section 8.12). Nothing of the request is
consumed: its address opens anew there, and the PKCE of the app outlives the move."""

from typing import Any
from urllib.parse import urlencode

import structlog
from litestar import Request
from litestar.response.base import ASGIResponse

from broker.core.client import Client
from broker.core.embedded_webview import Embedded, embedded_in, stops, way_out
from broker.core.parameters import Parameters
from broker.pages.page import page
from broker.providers.provider import Connection
from broker.rooms import Rooms

log = structlog.get_logger()
HERE = "webview"  # the parameter by which a person says that they go on where they are


def embedded(request: Request[Any, Any, Any]) -> Embedded | None:
    """What the headers say of the app around the page, if any."""
    headers = request.headers
    told = (headers.get("sec-ch-ua", ""), headers.get("x-requested-with", ""))
    return embedded_in(headers.get("user-agent", ""), *told)


def ask_to_leave(
    request: Request[Any, Any, Any],
    around: Embedded,
    asked: Parameters,
    client: Client,
    connection: Connection | None,
    rooms: Rooms,
    place: str = "/authorize",
) -> ASGIResponse | None:
    """The page; None: the person may go on here. `asked` is the request as it came, by which it is asked again."""
    refuses = connection is not None and connection.provider.refuses_webviews is True
    accepted = asked.get(HERE) == "continue"
    if not stops(client.webview_policy, provider_refuses=refuses, accepted=accepted):
        return None
    log.info("embedded_webview_stopped", client_id=client.client_id, host=around.host or "unknown")
    address = f"{rooms.settings.issuer}{place}?{urlencode({k: v for k, v in asked.items() if k != HERE})}"
    may_stay = not refuses and client.webview_policy == "warn"
    return page(
        request,
        "embedded_webview.html",
        host=around.host,
        refused_by=connection.provider.name if connection and refuses else None,
        address=address,
        open_url=way_out(around, address),
        anyway=f"{address}&{HERE}=continue" if may_stay else None,
        development=client.development,
    )
