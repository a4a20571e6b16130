"""Who asks: the user of a living session, by its access token; and whether they signed in just now."""

from allowlist.wire import AnyRequest, ApiError
from broker.core.records import Session
from broker.endpoints.authentication import open_to_origins, signed_in
from broker.rooms import Rooms

FRESH = 600  # seconds since the sign-in in which an account may be given up (LK-04)


async def session_of(request: AnyRequest, rooms: Rooms) -> Session:
    """The session; its client's web origins may read the answer. Raises OAuthError invalid_token."""
    session = await signed_in(request, rooms)
    if "origin" in request.headers and (client := await rooms.store.clients.find(session.client_id)):
        open_to_origins(request, client)
    return session


def check_fresh(session: Session, now: int) -> None:
    """Raises ApiError 403, in Clerk's words for it: a phone left lying on a table must not cost its owner their accounts."""
    if now - session.signed_in_at > FRESH:
        message = "this needs a sign-in of the last ten minutes: sign in again, and repeat it then"
        raise ApiError(403, "session_reverification_required", message, meta={"most_seconds": FRESH})
