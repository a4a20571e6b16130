"""Who came: OpenID Connect's userinfo (Core section 5.3), and GitHub's user and list of addresses."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import ErrorCode, OAuthError
from broker.simulator.dialects import github_emails, github_user, openid_claims
from broker.simulator.memory import Grant
from broker.simulator.simulator import Simulator, error_answer, json_answer


@get("/{provider:str}/userinfo")
async def userinfo(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """GET .../userinfo"""
    simulated = simulator.provider(provider)
    if simulated.issuer is None or simulated.userinfo_endpoint is None:
        raise NotFoundException
    try:
        return json_answer(openid_claims(simulated, shown_grant(request, provider, simulator)))
    except OAuthError as error:
        return error_answer(error)


@get("/{provider:str}/user")
async def user(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """GET .../user"""
    only_github(provider)
    try:
        return json_answer(github_user(shown_grant(request, provider, simulator).persona))
    except OAuthError as error:
        return error_answer(error)


@get("/{provider:str}/user/emails")
async def user_emails(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """GET .../user/emails. Without the scope GitHub answers as if there were no such path."""
    only_github(provider)
    try:
        grant = shown_grant(request, provider, simulator)
    except OAuthError as error:
        return error_answer(error)
    if "user:email" not in grant.scopes:
        raise NotFoundException
    return json_answer(github_emails(grant.persona))


def only_github(provider: str) -> None:
    if provider != "github":
        raise NotFoundException


def shown_grant(request: Request[Any, Any, Any], provider: str, simulator: Simulator) -> Grant:
    """What the access token in the header opens. Raises OAuthError invalid_token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    grant = simulator.access_tokens.find(token)
    if scheme.lower() != "bearer" or grant is None or grant.provider != provider:
        raise OAuthError(
            ErrorCode.INVALID_TOKEN, "the access token is expired, revoked or another provider's"
        )
    return grant
