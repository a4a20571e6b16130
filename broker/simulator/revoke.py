"""Giving a person's grant back by RFC 7009."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import OAuthError
from broker.core.parameters import Parameters
from broker.simulator.client import check_client, renamed
from broker.simulator.simulator import Simulator, error_answer, json_answer


@post("/{provider:str}/revoke")
async def revoke(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """POST .../revoke. Any token of a grant ends the whole grant; an unknown one is answered alike (section 2.2)."""
    connection = simulator.connection(provider)
    if connection.provider.revocation_endpoint is None:
        raise NotFoundException
    try:
        form = renamed(Parameters.parse(await request.body()), connection.provider)
        check_client(simulator, request.headers.get("authorization"), form, connection)
        token = form.required("token")
    except OAuthError as error:
        return error_answer(error)
    grant = simulator.refresh_tokens.find(token) or simulator.access_tokens.find(token)
    if grant and grant.provider == provider:
        simulator.revoke(grant)
    return json_answer({})
