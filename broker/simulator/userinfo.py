"""Who came: OpenID Connect's userinfo (Core section 5.3)."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import OAuthError
from broker.simulator.calls import granted
from broker.simulator.dialect import filled, person
from broker.simulator.simulator import Simulator, error_answer, json_answer


@get("/{provider:str}/userinfo")
async def userinfo(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """GET .../userinfo"""
    connection = simulator.connection(provider)
    if connection.provider.userinfo_endpoint is None:
        raise NotFoundException
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        grant = granted(token if scheme.lower() == "bearer" else "", simulator, connection)
    except OAuthError as error:
        return error_answer(error)
    return json_answer(filled(connection.provider.documented.claims, person(connection.provider, grant)))
