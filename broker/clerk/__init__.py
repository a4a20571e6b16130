"""THE DOOR FOR CLERK'S SDK: what `@clerk/expo` and `@clerk/clerk-js` on a phone ask of Clerk's Frontend API, pointed here by
`proxyUrl = {issuer}/clerk/{client_id}`.

The SDK keeps a client token where other apps keep a refresh token, and the browser hands its app a nonce in place of a code.
Both lead into what the other doors do: a flow, its provider, its account rules, a session. What is not here is 404 in
Clerk's shape.
"""

from litestar import Router

from allowlist.wire import API_EXCEPTION_HANDLERS
from broker.clerk.attempts import sign_in_attempt, sign_in_attempts, sign_up_attempt, sign_up_attempts
from broker.clerk.client import end_sessions, sdk_client
from broker.clerk.connections import connection, connections, reauthorize
from broker.clerk.environment import environment
from broker.clerk.errors import refused
from broker.clerk.hosted_auth import hosted_auth
from broker.clerk.me import me
from broker.clerk.sessions import act_on_session, session_token
from broker.core.errors import OAuthError

clerk_router = Router(
    "/clerk/{client_id:str}/v1",
    route_handlers=[
        environment,
        sdk_client,
        end_sessions,
        *(sign_in_attempts, sign_in_attempt, sign_up_attempts, sign_up_attempt),
        hosted_auth,
        *(act_on_session, session_token),
        *(me, connections, connection, reauthorize),
    ],
    exception_handlers={**API_EXCEPTION_HANDLERS, OAuthError: refused},
)
