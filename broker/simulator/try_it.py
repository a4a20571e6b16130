"""The start page of a development broker: try a sign-in in the browser, and what an app developer needs to copy."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from broker.pages.page import page


def try_it(
    issuer: str, client_id: str, redirect_uri: str, providers: Sequence[tuple[str, str]]
) -> list[HTTPRouteHandler]:
    """GET / and GET /try. `{issuer}/try` must be an allowed redirect URI of the client; `redirect_uri` is the one
    shown for a phone; `providers` are pairs of id and name.
    """
    app: dict[str, Any] = {"issuer": issuer, "client_id": client_id}

    @get("/", include_in_schema=False)
    async def start(request: Request[Any, Any, Any]) -> ASGIResponse:
        """GET /"""
        return page(request, "start.html", script=True, redirect_uri=redirect_uri, providers=providers, **app)

    @get("/try", include_in_schema=False)
    async def back(request: Request[Any, Any, Any]) -> ASGIResponse:
        """GET /try: the redirect URI. The code in its query is for the script alone; here it is not even read."""
        return page(request, "try.html", script=True, **app)

    return [start, back]
