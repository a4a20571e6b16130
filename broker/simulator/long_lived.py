"""Meta's tokens: a short-lived one is traded for a long-lived one, and that one for a younger one. Both keep their own
time; the day that a token must be old before it is renewed is not played, since nobody waits for it.
"""

import hmac
from typing import Any, NamedTuple

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.simulator.memory import Grant
from broker.simulator.profile import provider_error
from broker.simulator.simulated import CLIENT_ID, CLIENT_SECRET
from broker.simulator.simulator import Simulator, json_answer


class Trade(NamedTuple):
    """What a call must say, and which parameter has the token."""

    grant_type: str
    token: str
    needs: tuple[str, ...] = ()


FACEBOOK = Trade("fb_exchange_token", "fb_exchange_token", ("client_id", "client_secret"))
EXCHANGES = {
    "facebook": FACEBOOK,
    "instagram": Trade("ig_exchange_token", "access_token", ("client_secret",)),
    "threads": Trade("th_exchange_token", "access_token", ("client_secret",)),
}
RENEWALS = {
    "facebook": FACEBOOK,
    "instagram": Trade("ig_refresh_token", "access_token"),
    "threads": Trade("th_refresh_token", "access_token"),
}
OURS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@get("/{provider:str}/long_lived")
async def long_lived(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """GET .../long_lived"""
    return traded(request, provider, simulator, EXCHANGES)


@get("/{provider:str}/renewed")
async def renewed(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """GET .../renewed"""
    return traded(request, provider, simulator, RENEWALS)


def traded(
    request: Request[Any, Any, Any], provider: str, simulator: Simulator, trades: dict[str, Trade]
) -> ASGIResponse:
    """A younger token; the one it was got with lives on."""
    if provider not in trades:
        raise NotFoundException
    try:
        grant = paid(Parameters.parse(request.scope["query_string"]), provider, simulator, trades[provider])
    except OAuthError as error:
        return provider_error(simulator.provider(provider), error)
    access_token = simulator.access_tokens.put(grant, grant.lifetime)
    return json_answer({"access_token": access_token, "token_type": "bearer", "expires_in": grant.lifetime})


def paid(asked: Parameters, provider: str, simulator: Simulator, trade: Trade) -> Grant:
    """Raises OAuthError."""
    if asked.required("grant_type") != trade.grant_type:
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"grant_type must be {trade.grant_type}")
    for name in trade.needs:
        if not hmac.compare_digest(asked.required(name).encode(), OURS[name].encode()):
            raise OAuthError(ErrorCode.INVALID_REQUEST, f"{name} is wrong")
    grant = simulator.access_tokens.find(asked.required(trade.token))
    if grant is None or grant.provider != provider:
        raise OAuthError(ErrorCode.INVALID_TOKEN, "the access token is expired, revoked or of another app")
    return grant
