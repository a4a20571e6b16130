"""Giving a person's grant back: RFC 7009's endpoint, GitHub's and Facebook's calls of their own."""

import hmac
from base64 import b64encode
from typing import Any

import msgspec
from litestar import Request, delete, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import OAuthError
from broker.core.parameters import Parameters
from broker.simulator.profile import provider_error, shown_grant
from broker.simulator.simulated import CLIENT_ID, CLIENT_SECRET
from broker.simulator.simulator import Simulator, error_answer, json_answer
from broker.simulator.token import check_client

BASIC = f"Basic {b64encode(f'{CLIENT_ID}:{CLIENT_SECRET}'.encode()).decode()}"


class GitHubToken(msgspec.Struct, frozen=True):
    """Body of GitHub's call."""

    access_token: str


@post("/{provider:str}/revoke")
async def revoke(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """POST .../revoke. Any token of a grant ends the whole grant; an unknown one is answered alike (section 2.2), but
    for Google, which also asks for no proof of the client."""
    if simulator.provider(provider).revocation_endpoint is None:
        raise NotFoundException
    try:
        form = Parameters.parse(await request.body())
        if provider != "google":
            check_client(simulator, request.headers.get("authorization"), form)
        token = form.required("token")
    except OAuthError as error:
        return error_answer(error)
    grant = simulator.refresh_tokens.find(token) or simulator.access_tokens.find(token)
    if grant and grant.provider == provider:
        simulator.revoke(grant)
    elif provider == "google":
        return json_answer({"error": "invalid_token", "error_description": "Token expired or revoked"}, 400)
    return json_answer({})


@delete("/{provider:str}/grant", status_code=200)
async def delete_grant(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """DELETE .../grant"""
    match provider:
        case "github":
            return await delete_at_github(request, simulator)
        case "facebook":
            return delete_at_facebook(request, simulator)
        case _:
            raise NotFoundException


async def delete_at_github(request: Request[Any, Any, Any], simulator: Simulator) -> ASGIResponse:
    """DELETE /applications/{client_id}/grant: the client by Basic, the token in a JSON body, nothing in the answer."""
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), BASIC.encode()):
        return json_answer({"message": "Not Found"}, 404)
    try:
        token = msgspec.json.decode(await request.body(), type=GitHubToken).access_token
    except msgspec.DecodeError:
        return json_answer({"message": "Validation Failed"}, 422)
    grant = simulator.access_tokens.find(token)
    if grant is None or grant.provider != "github":
        return json_answer({"message": "Not Found"}, 404)
    simulator.revoke(grant)
    return ASGIResponse(status_code=204)


def delete_at_facebook(request: Request[Any, Any, Any], simulator: Simulator) -> ASGIResponse:
    """DELETE /me/permissions: the token in the header, with its proof."""
    try:
        simulator.revoke(shown_grant(request, "facebook", simulator))
    except OAuthError as error:
        return provider_error(simulator.provider("facebook"), error)
    return json_answer({"success": True})
