"""Revocation endpoint (RFC 7009): the broker gives a person's grant back."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import OAuthError
from broker.core.parameters import Parameters
from broker.simulator.simulator import Simulator, error_answer, json_answer
from broker.simulator.token import check_client


@post("/{provider:str}/revoke")
async def revoke(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """POST .../revoke. Any token of a grant ends the whole grant; an unknown one is answered alike (section 2.2)."""
    if simulator.provider(provider).revocation_endpoint is None:
        raise NotFoundException
    try:
        form = Parameters.parse(await request.body())
        check_client(request.headers.get("authorization"), form)
        token = form.required("token")
    except OAuthError as error:
        return error_answer(error)
    grant = simulator.refresh_tokens.find(token) or simulator.access_tokens.find(token)
    if grant and grant.provider == provider:
        simulator.refresh_tokens.drop(lambda each: each is grant)
        simulator.access_tokens.drop(lambda each: each is grant)
    return json_answer({})
