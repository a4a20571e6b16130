"""The calls about one token that are the providers' own: who came with it, a longer-lived or younger one for it, the
grant given back. Each is taken only as its file in the catalogue describes it."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from litestar import HttpMethod, Request, route
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import ErrorCode, OAuthError
from broker.providers.calls import TokenCall
from broker.providers.provider import Connection
from broker.providers.token_requests import own_call
from broker.simulator.dialect import filled, person, refusal
from broker.simulator.memory import Grant
from broker.simulator.simulator import Simulator, error_answer, json_answer

METHODS = [HttpMethod.GET, HttpMethod.POST, HttpMethod.DELETE]


@route("/{provider:str}/profile/{name:str}", http_method=METHODS, status_code=200)
async def profile(
    request: Request[Any, Any, Any],
    provider: FromPath[str],
    name: FromPath[str],
    simulator: NamedDependency[Simulator],
) -> ASGIResponse:
    """Who came."""
    connection = simulator.connection(provider)
    call = connection.provider.profile.get(name)
    try:
        grant = granted(await shown_token(request, call, connection), simulator, connection)
    except OAuthError as error:
        return error_answer(error)
    told = connection.provider.documented.profile[name]
    return json_answer(filled(told, person(connection.provider, grant)))


@route("/{provider:str}/exchange", http_method=METHODS, status_code=200)
async def exchange(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """A long-lived access token for the one of a sign-in."""
    connection = simulator.connection(provider)
    return await younger(request, connection.lifecycle.exchange, connection, simulator)


@route("/{provider:str}/renewal", http_method=METHODS, status_code=200)
async def renewal(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """A younger access token for an older one, which lives on."""
    connection = simulator.connection(provider)
    return await younger(request, connection.lifecycle.renewal_call, connection, simulator)


@route("/{provider:str}/revocation", http_method=METHODS, status_code=200)
async def revocation(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """The grant given back, whichever of its tokens is shown."""
    connection = simulator.connection(provider)
    try:
        token = await shown_token(request, connection.lifecycle.revocation_call, connection)
        grant = simulator.refresh_tokens.find(token) or granted(token, simulator, connection)
    except OAuthError as error:
        _, body = refusal(connection.provider, in_its_words(error), of_refresh=True)
        return json_answer(body, 400)
    simulator.revoke(grant)
    return json_answer({"success": True})


async def younger(
    request: Request[Any, Any, Any], call: TokenCall | None, connection: Connection, simulator: Simulator
) -> ASGIResponse:
    try:
        grant = granted(await shown_token(request, call, connection), simulator, connection)
    except OAuthError as error:
        status, body = refusal(connection.provider, in_its_words(error), of_refresh=True)
        return json_answer(body, status)
    access_token = simulator.access_tokens.put(grant, grant.lifetime)
    return json_answer({"access_token": access_token, "token_type": "bearer", "expires_in": grant.lifetime})


def in_its_words(error: OAuthError) -> OAuthError:
    """What is over is over, be it called token or grant."""
    over = error.code is ErrorCode.INVALID_TOKEN
    return OAuthError(ErrorCode.INVALID_GRANT if over else error.code, error.description)


def granted(token: str, simulator: Simulator, connection: Connection) -> Grant:
    """Raises OAuthError invalid_token."""
    grant = simulator.access_tokens.find(token)
    if grant is None or grant.provider != connection.id:
        raise OAuthError(ErrorCode.INVALID_TOKEN, "it is expired, revoked or another provider's")
    return grant


async def shown_token(request: Request[Any, Any, Any], call: TokenCall | None, connection: Connection) -> str:
    """The token that the call is about, if everything else is said as it must be. Raises OAuthError."""
    if call is None or request.method != call.method:
        raise NotFoundException
    sent = said(str(request.url), (await request.body()).decode(), call)
    token = find_token(request, call, sent)
    expected = own_call(call, connection, token, 0)
    wanted = said(expected.url, expected.body or "", call)
    headers = [name for name, value in expected.headers.items() if request.headers.get(name) != value]
    values = [
        name
        for name, value in wanted.items()
        if sent.get(name) != value and "{answer." not in str(value)  # what only the broker knows
    ]
    if headers or values:
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"{(headers + values)[0]} is wrong")
    return token


def said(url: str, body: str, call: TokenCall) -> dict[str, Any]:
    """The parameters where this call has them. Raises OAuthError."""
    if call.place == "query":
        return dict(parse_qsl(urlsplit(url).query))
    if call.place == "form":
        return dict(parse_qsl(body))
    try:
        return msgspec.json.decode(body or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "the body must be JSON") from None


def find_token(request: Request[Any, Any, Any], call: TokenCall, sent: dict[str, Any]) -> str:
    """The token, where this call has it: a parameter, a header of its own, or as Bearer. Raises OAuthError."""
    shown = request.headers.get("authorization", "").removeprefix("Bearer ")
    for name, template in call.headers.items():
        shown = request.headers.get(name, "") if template == "{token}" else shown
    for name, template in call.parameters.items():
        shown = str(sent.get(name, "")) if template in ("{token}", "{answer.id_token}") else shown
    if not shown:
        raise OAuthError(ErrorCode.INVALID_TOKEN, "a token is needed")
    return shown
