"""The whole: builds every room, hands out the keys, hangs the doors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler, ExceptionHandlersMap
from redis.exceptions import RedisError

from broker.account import account_doors
from broker.backend_api import backend_api
from broker.clerk import clerk_router
from broker.clerk.begin import begin_in_browser
from broker.core.client import DEFAULT_CLIENT
from broker.core.errors import OAuthError
from broker.dashboard import dashboard
from broker.endpoints import errors
from broker.endpoints.association import android_association, apple_association
from broker.endpoints.authorize import authorize
from broker.endpoints.callback import callback, posted_callback
from broker.endpoints.challenge import challenge
from broker.endpoints.edge import Edge
from broker.endpoints.form import LARGEST
from broker.endpoints.health import live, ready
from broker.endpoints.introspect import introspect
from broker.endpoints.logout import logout, posted_logout
from broker.endpoints.metadata import authorization_server_metadata, jwks, openid_configuration
from broker.endpoints.notifications import notified
from broker.endpoints.par import par
from broker.endpoints.prove import prove
from broker.endpoints.reconnect import reconnect
from broker.endpoints.return_to_app import return_to_app, show_return
from broker.endpoints.revoke import revoke
from broker.endpoints.token import token
from broker.endpoints.userinfo import userinfo
from broker.leader import Leader
from broker.me import me_router
from broker.pages.asset import asset
from broker.providers.provider import Connection
from broker.rooms import Rooms
from broker.settings import Settings
from broker.startup import DEVELOPMENT_REDIRECT_URI, make_ready
from broker.store.sealing import SealBroken

DOORS: list[ControllerRouterHandler] = [
    *(openid_configuration, jwks, authorize, par, challenge, callback, posted_callback),
    *(prove, show_return, return_to_app, reconnect),
    begin_in_browser,
    *(token, revoke, introspect, userinfo, logout, posted_logout),
    *account_doors,
    *(notified, live, ready, asset),
]
HOST_DOORS: list[ControllerRouterHandler] = [apple_association, android_association]
EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    OAuthError: errors.oauth_error,
    RedisError: errors.unavailable,
    SealBroken: errors.unavailable,
    HTTPException: errors.http_error,
    Exception: errors.unexpected,
}


def create_app(settings: Settings) -> Litestar:
    """The ASGI application. Nothing is contacted before it starts."""
    rooms = Rooms.open(settings, simulated_catalogue(settings))

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await make_ready(rooms)
        leader = Leader(rooms)
        leading = asyncio.create_task(leader.run())
        noting = asyncio.create_task(rooms.store.flows.run())
        yield
        noting.cancel()
        leading.cancel()
        await leader.stop()
        await rooms.close()

    return Litestar(
        route_handlers=hang(rooms),
        dependencies={"rooms": Provide(lambda: rooms, sync_to_thread=False)},
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[Edge(rooms)],
        lifespan=[lifespan],
        state=State({"settings": settings, "base": settings.base, "brand": settings.brand}),
        request_max_body_size=LARGEST,
        openapi_config=None,
        logging_config=None,
    )


def simulated_catalogue(settings: Settings) -> dict[str, Connection]:
    """The simulator is imported only where it is switched on."""
    if not settings.simulated_providers:
        return {}
    from broker.simulator.simulated import simulated_connections  # noqa: PLC0415

    return simulated_connections(settings.issuer)


def hang(rooms: Rooms) -> list[ControllerRouterHandler]:
    """Every door below the issuer's path, but RFC 8414's document, which has that path behind it (section 3.1), and the
    association files, which are the host's."""
    base = rooms.settings.base
    simulator = simulator_doors(rooms) if rooms.settings.simulated_providers else ()
    metadata = Router(
        f"/.well-known/oauth-authorization-server{base}", route_handlers=[authorization_server_metadata]
    )
    doors = [*DOORS, me_router, clerk_router, backend_api(rooms), dashboard(rooms), *simulator]
    # Litestar copies every handler for every router around it, so there is none where it says nothing.
    return [*([Router(base, route_handlers=doors)] if base else doors), metadata, *HOST_DOORS]


def simulator_doors(rooms: Rooms) -> list[ControllerRouterHandler]:
    from broker.simulator.routes import simulator_routes  # noqa: PLC0415
    from broker.simulator.try_it import try_it  # noqa: PLC0415

    settings = rooms.settings
    providers = [(each.id, each.provider.name) for each in rooms.catalogue.connections([])]
    return [
        simulator_routes(settings.issuer, development=settings.development),
        *try_it(settings.issuer, DEFAULT_CLIENT, DEVELOPMENT_REDIRECT_URI, providers),
    ]
