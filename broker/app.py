"""The whole: builds every room, hands out the keys, hangs the doors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler, ExceptionHandlersMap
from redis.asyncio import Redis
from redis.exceptions import RedisError

from allowlist import Allowlist
from broker.backend_api import backend_api
from broker.core.client import DEFAULT_CLIENT
from broker.core.errors import OAuthError
from broker.core.secret_keys import SecretKeys
from broker.core.tokens import TokenIssuer
from broker.endpoints import errors
from broker.endpoints.authorize import authorize
from broker.endpoints.callback import callback, posted_callback
from broker.endpoints.edge import Edge
from broker.endpoints.form import LARGEST
from broker.endpoints.health import live, ready
from broker.endpoints.introspect import introspect
from broker.endpoints.logout import logout
from broker.endpoints.metadata import authorization_server_metadata, jwks, openid_configuration
from broker.endpoints.par import par
from broker.endpoints.return_to_app import return_to_app
from broker.endpoints.revoke import revoke
from broker.endpoints.token import token
from broker.endpoints.userinfo import userinfo
from broker.pages.assets import asset
from broker.providers.catalogue import Catalogue
from broker.providers.upstream import Upstream
from broker.settings import Settings
from broker.startup import DEVELOPMENT_REDIRECT_URI, make_ready, make_ready_for_development
from broker.store import Store
from broker.store.connection import open_redis
from broker.store.sealing import SealBroken

DOORS: list[ControllerRouterHandler] = [
    *(openid_configuration, jwks, authorize, par, callback, posted_callback, return_to_app),
    *(token, revoke, introspect, userinfo, logout),
    *(live, ready, asset),
]
EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    OAuthError: errors.oauth_error,
    RedisError: errors.unavailable,
    SealBroken: errors.unavailable,
    HTTPException: errors.http_error,
    Exception: errors.unexpected,
}


def create_app(settings: Settings) -> Litestar:
    """The ASGI application. Nothing is contacted before it starts."""
    redis = open_redis(settings.redis_url)
    store = Store.over(redis, settings.encryption_keys)
    allowlist = Allowlist(
        cast("Redis", redis),
        development=settings.development,
        refuse_short_schemes=settings.refuse_short_schemes,
    )
    upstream = Upstream(development=settings.development)
    secret_keys = SecretKeys.of(settings.secret_keys)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await make_ready(store)
        if settings.simulated_providers:
            await make_ready_for_development(allowlist, settings.issuer)
        yield
        await upstream.close()
        await redis.aclose()

    return Litestar(
        route_handlers=hang(settings, backend_api(allowlist, store, secret_keys)),
        dependencies={
            "settings": always(settings),
            "allowlist": always(allowlist),
            "store": always(store),
            "catalogue": always(open_catalogue(settings)),
            "upstream": always(upstream),
            "issuer": always(TokenIssuer(settings.issuer, settings.token_audience, settings.signing_keys)),
            "secret_keys": always(secret_keys),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[Edge(store, settings)],
        lifespan=[lifespan],
        state=State({"settings": settings, "allowlist": allowlist}),
        request_max_body_size=LARGEST,
        openapi_config=None,
        logging_config=None,
    )


def always(room: Any) -> Provide:
    return Provide(lambda: room, sync_to_thread=False)


def open_catalogue(settings: Settings) -> Catalogue:
    """The simulator is imported only where it is switched on."""
    simulated = {}
    if settings.simulated_providers:
        from broker.simulator.simulated import simulated_providers  # noqa: PLC0415

        simulated = simulated_providers(settings.issuer)
    return Catalogue(settings.issuer, settings.providers, simulated)


def hang(settings: Settings, backend: Router) -> list[ControllerRouterHandler]:
    """Every door below the issuer's path, but RFC 8414's document, which has that path behind it (section 3.1)."""
    doors = [*DOORS, backend, *(development_doors(settings) if settings.simulated_providers else ())]
    metadata = Router(
        f"/.well-known/oauth-authorization-server{settings.base}",
        route_handlers=[authorization_server_metadata],
    )
    return [Router(settings.base or "/", route_handlers=doors), metadata]


def development_doors(settings: Settings) -> list[ControllerRouterHandler]:
    from broker.simulator.routes import simulator_routes  # noqa: PLC0415
    from broker.simulator.try_it import try_it  # noqa: PLC0415

    connections = open_catalogue(settings).connections([])
    providers = [(connection.id, connection.provider.name) for connection in connections]
    return [
        simulator_routes(settings.issuer, development=settings.development),
        *try_it(settings.issuer, DEFAULT_CLIENT, DEVELOPMENT_REDIRECT_URI, providers),
    ]
