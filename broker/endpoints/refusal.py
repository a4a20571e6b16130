"""How a flow that ends in a refusal goes back to the app that began it."""

from litestar.response.base import ASGIResponse

from allowlist import AllowedRedirectUri
from broker.core.attempts import Failure, clerk_code
from broker.core.errors import OAuthError
from broker.core.opaque import new_secret
from broker.core.records import PendingAuthorization
from broker.endpoints.responses import error_to_app, to_app
from broker.rooms import Rooms


async def refuse(
    flow: PendingAuthorization, target: AllowedRedirectUri, error: OAuthError, rooms: Rooms
) -> ASGIResponse:
    """As RFC 6749 section 4.1.2.1 has it; or as Clerk does, with a nonce by which the device that asked, and no other,
    learns of it: who began a flow is told nothing of who ended it."""
    if not flow.attempt:
        return error_to_app(target, flow.state, error, rooms.settings.issuer)
    nonce, code = new_secret(), clerk_code(error)
    await rooms.store.failures.save(nonce, Failure(flow.attempt, code, error.description))
    return to_app(
        target,
        rotating_token_nonce=nonce,
        state=flow.state,
        error=error.code.wire,
        error_description=error.description,
        __clerk_status="failed",
        __clerk_error_code=code,
    )
