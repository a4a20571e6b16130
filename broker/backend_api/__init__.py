"""The doors for backends and admins: `/v1`, in the shapes of Clerk's Backend API, behind a secret key."""

from litestar import Router

from allowlist import Entry
from allowlist.admin import Desk, admin_router
from allowlist.wire import API_EXCEPTION_HANDLERS, AnyRequest
from broker.backend_api.audit import record
from broker.backend_api.clients import clients_router
from broker.backend_api.events import events_router
from broker.backend_api.external_accounts import external_accounts_router
from broker.backend_api.guard import as_guard, secret_key_gate
from broker.backend_api.jwks import list_keys
from broker.backend_api.oauth_access_tokens import oauth_access_tokens_router
from broker.backend_api.providers import providers_router
from broker.backend_api.secret_keys import secret_keys_router
from broker.backend_api.sessions import sessions_router
from broker.backend_api.users import users_router
from broker.backend_api.webhooks import webhooks_router
from broker.rooms import Rooms

LARGEST = 64 * 1024  # bytes of an admin's JSON (D-02)


def backend_api(rooms: Rooms) -> Router:
    """Everything under `/v1`; the gate stands before all of it, so nothing can be forgotten (AD-01)."""
    gate = secret_key_gate(rooms.secret_keys)

    desk = redirect_url_desk(rooms)
    redirect_urls = admin_router(
        rooms.allowlist, guard=as_guard(gate), on_change=desk.on_change, known_client=desk.known_client
    )
    return Router(
        "/v1",
        route_handlers=[
            Router("/", route_handlers=[redirect_urls], opt={"area": "allowlist"}),
            clients_router,
            providers_router,
            users_router,
            external_accounts_router,
            oauth_access_tokens_router,
            sessions_router,
            list_keys,
            secret_keys_router,
            events_router,
            webhooks_router,
        ],
        before_request=gate,
        exception_handlers=API_EXCEPTION_HANDLERS,
        request_max_body_size=LARGEST,
    )


def redirect_url_desk(rooms: Rooms) -> Desk:
    """What changes the allowlist: clients are checked, and changes stand in the audit log."""

    async def known_client(client_id: str) -> bool:
        return await rooms.store.clients.find(client_id) is not None

    async def on_change(event: str, entry: Entry, request: AnyRequest) -> None:
        await record(request, rooms, event, id=entry.id, client_id=entry.client_id, url=entry.url)

    return Desk(rooms.allowlist, on_change, known_client)
