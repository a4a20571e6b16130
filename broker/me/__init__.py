"""The doors for the signed-in user: `/v1/me`, with an access token of ours and in the shapes of `/v1/users`.

No secret key opens them, and they open nobody else's. A web app of the session's client may call them from its origins.
"""

from litestar import Router

from allowlist.wire import API_EXCEPTION_HANDLERS
from broker.me.external_accounts import delete_external_account, list_external_accounts
from broker.me.sessions import end_other_sessions, end_session, list_sessions
from broker.me.user import get_me

me_router = Router(
    "/v1/me",
    route_handlers=[
        get_me,
        list_external_accounts,
        delete_external_account,
        list_sessions,
        end_session,
        end_other_sessions,
    ],
    exception_handlers=API_EXCEPTION_HANDLERS,
)
