"""Who is asking: a client at the token endpoint and its siblings, or the bearer of an access token."""

import time
from typing import Any

from litestar import Request

from broker.core.client import Client, PresentedCredentials, authenticate, presented_credentials
from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.core.records import Session
from broker.core.tokens import refused
from broker.rooms import Rooms

AnyRequest = Request[Any, Any, Any]


def read_credentials(request: AnyRequest, form: Parameters) -> PresentedCredentials:
    """Raises OAuthError invalid_request or invalid_client."""
    return presented_credentials(request.headers.get("authorization"), form)


def bears_token(request: AnyRequest) -> bool:
    return bool(request.headers.get("authorization", "").lower().startswith("bearer "))


async def signed_in(request: AnyRequest, rooms: Rooms) -> Session:
    """The living session whose access token this is; one that was ended is refused at once (JW-05). Raises OAuthError
    invalid_token."""
    claims = rooms.issuer.verify_access_token(bearer_token(request))
    session = await rooms.store.sessions.find(claims["sub"], claims["sid"])
    if session is None or not session.alive(int(time.time())):
        raise refused()
    return session


def prove_client(request: AnyRequest, client: Client | None, presented: PresentedCredentials) -> Client:
    """The client, authenticated; from here on its web origins may read the answer. Raises OAuthError invalid_client."""
    proven = authenticate(client, presented)
    open_to_origins(request, proven)
    return proven


def open_to_origins(request: AnyRequest, client: Client) -> None:
    """Let edge.py answer this request's Origin, if it is one of the client's (AZ-10)."""
    request.scope["state"]["web_origins"] = client.web_origins


def bearer_token(request: AnyRequest) -> str:
    """The access token, from the Authorization header only (JW-04). Raises OAuthError invalid_token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise OAuthError(ErrorCode.INVALID_TOKEN, "an access token is needed in the Authorization header")
    return token
