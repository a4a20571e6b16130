"""Who came: OpenID Connect's userinfo (Core section 5.3), and what is there in its place without OpenID Connect."""

import hmac
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.providers.provider import Provider
from broker.providers.token_requests import appsecret_proof
from broker.simulator.dialects import PROFILES, answered_error, github_emails, openid_claims
from broker.simulator.memory import Grant
from broker.simulator.simulated import CLIENT_SECRET
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
    """GET .../user. Meta's three give the fields that were asked for."""
    simulated = simulator.provider(provider)
    if provider not in PROFILES:
        raise NotFoundException
    try:
        profile = PROFILES[provider](shown_grant(request, provider, simulator))
        fields = Parameters.parse(request.scope["query_string"]).get("fields", "id").split(",")
    except OAuthError as error:
        return provider_error(simulated, error)
    asked = profile if provider == "github" else {k: v for k, v in profile.items() if k in fields}
    return json_answer({"data": [asked]} if provider == "instagram" else asked)


@get("/{provider:str}/user/emails")
async def user_emails(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """GET .../user/emails. Without the scope GitHub answers as if there were no such path."""
    if provider != "github":
        raise NotFoundException
    try:
        grant = shown_grant(request, provider, simulator)
    except OAuthError as error:
        return error_answer(error)
    if "user:email" not in grant.scopes:
        raise NotFoundException
    return json_answer(github_emails(grant.persona))


def shown_grant(request: Request[Any, Any, Any], provider: str, simulator: Simulator) -> Grant:
    """What the access token in the header opens. Raises OAuthError invalid_token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if provider == "facebook":
        check_proof(request, token)
    grant = simulator.access_tokens.find(token)
    if scheme.lower() != "bearer" or grant is None or grant.provider != provider:
        raise OAuthError(
            ErrorCode.INVALID_TOKEN, "the access token is expired, revoked or another provider's"
        )
    return grant


def check_proof(request: Request[Any, Any, Any], token: str) -> None:
    """Raises OAuthError invalid_request."""
    proof = Parameters.parse(request.scope["query_string"]).get("appsecret_proof", "")
    if not hmac.compare_digest(proof.encode(), appsecret_proof(token, CLIENT_SECRET).encode()):
        raise OAuthError(ErrorCode.INVALID_REQUEST, "appsecret_proof is wrong")


def provider_error(provider: Provider, error: OAuthError) -> ASGIResponse:
    if provider.id == "github":
        return error_answer(error)  # with a status of its own: 200 is for its token endpoint alone
    status, body = answered_error(provider, error)
    return json_answer(body, status)
