"""Who speaks to the simulated provider: the broker, by the proof that this provider documents."""

import hmac
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from litestar import Request

from broker.core.client import presented_credentials
from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.providers import CATALOGUE
from broker.providers.provider import Connection, Provider
from broker.simulator.simulated import CLIENT_ID
from broker.simulator.simulator import Simulator


async def read_body(request: Request[Any, Any, Any], provider: Provider) -> Parameters:
    """The parameters of a call to the token endpoint, in the form and with the headers that it insists on."""
    for name, value in provider.token_headers.items():
        if request.headers.get(name) != value:
            raise OAuthError(ErrorCode.INVALID_REQUEST, f"the header {name} must be {value}")
    if provider.token_body == "form":
        return renamed(Parameters.parse(await request.body()), provider)
    try:
        return renamed(Parameters(msgspec.json.decode(await request.body(), type=dict[str, str])), provider)
    except msgspec.DecodeError:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "the body must be JSON") from None


def renamed(said: Parameters, provider: Provider) -> Parameters:
    names = {provider.client_id_parameter: "client_id"}
    return Parameters({names.get(name, name): value for name, value in said.items()})


def check_client(
    simulator: Simulator, authorization: str | None, form: Parameters, connection: Connection
) -> str:
    """The broker's one id, or one of an app whose device was played. Raises OAuthError invalid_client, also for a proof
    that is right and not given in the documented way."""
    basic = connection.provider.client_auth == "client_secret_basic"
    shown = presented_credentials(authorization, form) if basic == (authorization is not None) else None
    if shown is None or not (shown.client_id == CLIENT_ID or simulator.apps.find(shown.client_id)):
        raise OAuthError(ErrorCode.INVALID_CLIENT, "client authentication failed")
    if not proves(shown.client_id, shown.secret or "", connection):
        raise OAuthError(ErrorCode.INVALID_CLIENT, "client authentication failed")
    return shown.client_id


def proves(client_id: str, secret: str, connection: Connection) -> bool:
    """The kept secret, or one that was signed just now (Apple's)."""
    if connection.provider.mint_client_secret:
        return is_signed(client_id, secret, connection)
    return hmac.compare_digest(secret.encode(), connection.credentials["client_secret"].encode())


def is_signed(client_id: str, secret: str, connection: Connection) -> bool:
    team, audience = connection.credentials["team_id"], CATALOGUE[connection.id].issuer
    key = load_pem_private_key(connection.credentials["private_key"].encode(), password=None).public_key()
    try:
        claims = jwt.decode(secret, key, ["ES256"], audience=audience, issuer=team)  # type: ignore[arg-type]
    except jwt.PyJWTError:
        return False
    return bool(claims.get("sub") == client_id)
