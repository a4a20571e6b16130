"""The dashboard: `/dashboard`, where admins see and change what `/v1` has, by the same functions and the same scopes."""

from litestar import Router
from litestar.exceptions import HTTPException

from allowlist.wire import ApiError, ApiErrors
from broker.dashboard.allowlist import allowlist_router
from broker.dashboard.clients import clients_router
from broker.dashboard.events import list_events
from broker.dashboard.flows import latest_flows, list_flows, show_flow
from broker.dashboard.keys import keys_router
from broker.dashboard.overview import overview
from broker.dashboard.providers import providers_router
from broker.dashboard.refusal import on_api_error, on_api_errors, on_http_error
from broker.dashboard.shell import dashboard_gate
from broker.dashboard.sign_in import front, sign_in, sign_in_with_provider, sign_out
from broker.dashboard.users import users_router
from broker.dashboard.webhooks import webhooks_router
from broker.rooms import Rooms

LARGEST = 64 * 1024  # bytes of a form (D-02)


def dashboard(rooms: Rooms) -> Router:
    """Everything under `/dashboard`; the gate stands before all of it, so nothing can be forgotten."""
    return Router(
        "/dashboard",
        route_handlers=[
            *(front, sign_in, sign_in_with_provider, sign_out),
            allowlist_router,
            clients_router,
            providers_router,
            keys_router,
            *(overview, list_flows, latest_flows, show_flow, list_events),
            users_router,
            webhooks_router,
        ],
        before_request=dashboard_gate(rooms),
        exception_handlers={
            ApiError: on_api_error,
            ApiErrors: on_api_errors,
            HTTPException: on_http_error,
        },
        request_max_body_size=LARGEST,
    )
