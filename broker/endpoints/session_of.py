"""From a token somebody shows to its session."""

from broker.core import refresh_token
from broker.core.errors import OAuthError
from broker.core.records import Session
from broker.core.tokens import TokenIssuer
from broker.store import Store


async def session_of(token: str, store: Store, issuer: TokenIssuer) -> Session | None:
    """The session of a refresh token that is or was ours, or of an access token; alive or not. None: neither."""
    shown = refresh_token.read(token)
    if shown is None:
        return await session_of_access_token(token, store, issuer)
    session = await store.sessions.find(shown.user_id, shown.session_id)
    return session if session and store.sessions.knows(shown, session) else None


async def session_of_access_token(token: str, store: Store, issuer: TokenIssuer) -> Session | None:
    try:
        claims = issuer.verify_access_token(token)
    except OAuthError:
        return None
    return await store.sessions.find(claims["sub"], claims["sid"])
