"""Token endpoint (RFC 6749 section 3.2): the broker trades a code or a refresh token for the person's tokens."""

import asyncio
import time
from typing import Any

import jwt
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.core.pkce import verifies
from broker.core.tokens import half_hash
from broker.providers.provider import Provider
from broker.simulator.client import check_client, read_body
from broker.simulator.dialect import filled, gives_id_token, issuer_of, person, refusal
from broker.simulator.memory import Grant
from broker.simulator.simulator import Simulator, json_answer

TOKEN_LIFETIME = 30 * 86_400  # seconds, of a refresh token, and of an access token that is not said to end
SHORT_LIFETIME = 3600  # of an access token that is yet to be traded for a long-lived one


@post("/{provider:str}/token")
async def token(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """POST .../token"""
    connection = simulator.connection(provider)
    refreshing = False
    try:
        form = await read_body(request, connection.provider)
        client_id = check_client(simulator, request.headers.get("authorization"), form, connection)
        refreshing = form.get("grant_type") == "refresh_token"
        grant = spend(simulator, connection.provider, form, client_id)
        await misbehave(simulator, grant)
    except OAuthError as error:
        status, body = refusal(connection.provider, error, of_refresh=refreshing)
        return json_answer(body, status)
    return json_answer(await new_tokens(simulator, connection.provider, grant, refreshing=refreshing))


def spend(simulator: Simulator, provider: Provider, form: Parameters, client_id: str) -> Grant:
    """The grant behind a code, which is good no more, whatever else is wrong with the request, or a refresh token."""
    match form.required("grant_type"):
        case "authorization_code":
            grant = simulator.codes.take(form.required("code"))
            return check_code(provider, grant, form, client_id)
        case "refresh_token":
            return refreshed(simulator, provider, form.required("refresh_token"), client_id)
        case _:
            raise OAuthError(ErrorCode.UNSUPPORTED_GRANT_TYPE, "authorization_code or refresh_token")


def refreshed(simulator: Simulator, provider: Provider, token: str, client_id: str) -> Grant:
    """A refresh token that rotates is good for its grace from now on. Raises OAuthError invalid_grant."""
    grant = belongs(provider, simulator.refresh_tokens.find(token), client_id)
    if provider.lifecycle.rotates:
        simulator.refresh_tokens.shorten(token, provider.lifecycle.grace or 0)
    return grant


def check_code(provider: Provider, found: Grant | None, form: Parameters, client_id: str) -> Grant:
    """Raises OAuthError invalid_grant."""
    grant = belongs(provider, found, client_id)
    if form.get("redirect_uri") != grant.redirect_uri:
        raise OAuthError(ErrorCode.INVALID_GRANT, "redirect_uri differs from the authorization request's")
    if grant.challenge and not verifies(form.required("code_verifier"), grant.challenge):
        raise OAuthError(ErrorCode.INVALID_GRANT, "code_verifier does not fit the code_challenge")
    return grant


def belongs(provider: Provider, grant: Grant | None, client_id: str) -> Grant:
    if grant is None or grant.provider != provider.id or grant.client_id != client_id:
        raise OAuthError(ErrorCode.INVALID_GRANT, "it is unknown, expired, used or another client's")
    return grant


async def misbehave(simulator: Simulator, grant: Grant) -> None:
    """What the person asked for on the sign-in page. Raises OAuthError server_error."""
    if grant.outcome == "slow":
        await asyncio.sleep(simulator.slowness)
    if grant.outcome == "fail":
        raise OAuthError(ErrorCode.SERVER_ERROR, "this sign-in was to fail", status=500)


async def new_tokens(
    simulator: Simulator, provider: Provider, grant: Grant, *, refreshing: bool
) -> dict[str, Any]:
    """The token answer as this provider documents it."""
    told, lifecycle = provider.documented, provider.lifecycle
    template = told.refreshed if refreshing and told.refreshed is not None else told.token
    lifetime = SHORT_LIFETIME if lifecycle.exchange else grant.lifetime
    lasting = lifetime if "{expires_in}" in str(template) or lifecycle.access_lifetime else TOKEN_LIFETIME
    access_token, refresh_token = simulator.access_tokens.put(grant, lasting), None
    if grant.offline and (lifecycle.rotates or not refreshing):
        refresh_token = simulator.refresh_tokens.put(grant, TOKEN_LIFETIME)
    values = {
        **person(provider, grant),
        "access_token": access_token,
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": lifetime,
        "id_token": await id_token(simulator, provider, grant, access_token)
        if gives_id_token(provider, grant.scopes)
        else None,
    }
    answer: dict[str, Any] = filled(template, values)
    return answer


async def id_token(simulator: Simulator, provider: Provider, grant: Grant, access_token: str) -> str:
    """OpenID Connect Core section 2."""
    claims = {
        "iss": issuer_of(provider),
        "aud": grant.client_id,
        "at_hash": half_hash(access_token),
        **({"nonce": grant.nonce} if grant.nonce else {}),
        **filled(provider.documented.claims, person(provider, grant)),
    }
    return await sign(simulator, provider, claims)


async def sign(simulator: Simulator, provider: Provider, claims: dict[str, Any]) -> str:
    """A token of the provider's, good for an hour from now."""
    now, key = int(time.time()), await simulator.keys.of(provider)
    return jwt.encode({"iat": now, "exp": now + 3600, **claims}, key.private, key.algorithm, {"kid": key.id})
