"""Token endpoint (RFC 6749 section 3.2): the broker trades a code or a refresh token for the person's tokens."""

import asyncio
import hmac
import time
from typing import Any

import jwt
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.client import presented_credentials
from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.core.pkce import verifies
from broker.core.tokens import half_hash
from broker.providers.provider import Provider
from broker.simulator.dialects import (
    answered_error,
    expires,
    gives_id_token,
    issuer_of,
    openid_claims,
    scope_of,
    short_lived,
)
from broker.simulator.memory import Grant
from broker.simulator.simulated import CLIENT_ID, CLIENT_SECRET
from broker.simulator.simulator import Simulator, json_answer

REFRESH_TOKEN_LIFETIME = 30 * 86_400  # seconds
SHORT_LIFETIME = 3600  # of an access token that is yet to be traded for a long-lived one


@post("/{provider:str}/token")
async def token(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """POST .../token"""
    simulated = simulator.provider(provider)
    try:
        form = Parameters.parse(await request.body())
        client_id = check_client(simulator, request.headers.get("authorization"), form)
        grant = spend(simulator, simulated, form, client_id)
        await misbehave(simulator, grant)
    except OAuthError as error:
        status, body = answered_error(simulated, error)
        return json_answer(body, status)
    if simulated.lifecycle.exchange:
        access_token = simulator.access_tokens.put(grant, SHORT_LIFETIME)
        return json_answer(short_lived(grant, access_token, SHORT_LIFETIME))
    return json_answer(await new_tokens(simulator, simulated, grant, form))


def check_client(simulator: Simulator, authorization: str | None, form: Parameters) -> str:
    """The broker's one id, or one of an app whose device was played. Raises OAuthError invalid_client."""
    shown = presented_credentials(authorization, form)
    right_secret = hmac.compare_digest((shown.secret or "").encode(), CLIENT_SECRET.encode())
    known = shown.client_id == CLIENT_ID or simulator.apps.find(shown.client_id)
    if not known or not right_secret:
        raise OAuthError(ErrorCode.INVALID_CLIENT, "client authentication failed")
    return shown.client_id


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
    simulator: Simulator, provider: Provider, grant: Grant, form: Parameters
) -> dict[str, Any]:
    """The token answer (section 5.1)."""
    lasting = grant.lifetime if expires(provider) else REFRESH_TOKEN_LIFETIME
    access_token = simulator.access_tokens.put(grant, lasting)
    answer: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "scope": scope_of(provider, grant),
    }
    if expires(provider):
        answer |= {"expires_in": grant.lifetime}
    if grant.offline and (provider.lifecycle.rotates or "refresh_token" not in form):
        answer |= {"refresh_token": simulator.refresh_tokens.put(grant, REFRESH_TOKEN_LIFETIME)}
    if gives_id_token(provider, grant.scopes):
        answer |= {"id_token": await id_token(simulator, provider, grant, access_token)}
    return answer


async def id_token(simulator: Simulator, provider: Provider, grant: Grant, access_token: str) -> str:
    """OpenID Connect Core section 2."""
    claims = {
        "iss": issuer_of(provider),
        "aud": grant.client_id,
        "at_hash": half_hash(access_token),
        **({"nonce": grant.nonce} if grant.nonce else {}),
        **openid_claims(provider, grant),
    }
    return await sign(simulator, provider, claims)


async def sign(simulator: Simulator, provider: Provider, claims: dict[str, Any]) -> str:
    """A token of the provider's, good for an hour from now."""
    now, key = int(time.time()), await simulator.keys.of(provider)
    return jwt.encode({"iat": now, "exp": now + 3600, **claims}, key.private, key.algorithm, {"kid": key.id})
