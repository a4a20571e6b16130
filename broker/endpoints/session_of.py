"""From a token somebody shows to its session."""

from broker.core import refresh_token
from broker.core.errors import OAuthError
from broker.core.records import Session
from broker.rooms import Rooms


async def session_of(token: str, rooms: Rooms) -> Session | None:
    """The session of a refresh token that is or was ours, or of an access token; alive or not. None: neither."""
    shown = refresh_token.read(token)
    if shown is None:
        return await session_of_access_token(token, rooms)
    session = await rooms.store.sessions.find(shown.user_id, shown.session_id)
    return session if session and rooms.store.sessions.knows(shown, session) else None


async def session_of_access_token(token: str, rooms: Rooms) -> Session | None:
    try:
        claims = rooms.issuer.verify_access_token(token)
    except OAuthError:
        return None
    return await rooms.store.sessions.find(claims["sub"], claims["sid"])
