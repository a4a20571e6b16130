"""The doors for backends and admins: `/v1`, in the shapes of Clerk's Backend API, behind a secret key."""

import structlog
from litestar import Router

from allowlist import Entry
from allowlist.admin import admin_router
from allowlist.wire import API_EXCEPTION_HANDLERS
from broker.backend_api.clients import clients_router
from broker.backend_api.guard import require_secret_key
from broker.backend_api.providers import providers_router
from broker.rooms import Rooms

log = structlog.get_logger()
LARGEST = 64 * 1024  # bytes of an admin's JSON (D-02)


def backend_api(rooms: Rooms) -> Router:
    """Everything under `/v1`; the guard stands before all of it, so nothing can be forgotten (AD-01)."""
    guard = require_secret_key(rooms.secret_keys)

    async def known_client(client_id: str) -> bool:
        return await rooms.store.clients.find(client_id) is not None

    redirect_urls = admin_router(
        rooms.allowlist, guard=guard, on_change=log_redirect_url, known_client=known_client
    )
    return Router(
        "/v1",
        route_handlers=[redirect_urls, clients_router, providers_router],
        guards=[guard],
        exception_handlers=API_EXCEPTION_HANDLERS,
        request_max_body_size=LARGEST,
    )


def log_redirect_url(event: str, entry: Entry) -> None:
    log.info("admin_change", what=event, id=entry.id, client_id=entry.client_id, url=entry.url)
