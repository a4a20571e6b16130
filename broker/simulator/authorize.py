"""Authorization endpoint (RFC 6749 section 3.1): asks who signs in and what shall come of it, then sends them back."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.core.pkce import check_challenge
from broker.pages.page import page
from broker.providers.provider import Connection, Provider
from broker.simulator.dialect import asks_consent, is_offline, issuer_of
from broker.simulator.memory import Grant, Outcome, read_outcome
from broker.simulator.personas import PERSONAS, Persona, find_persona
from broker.simulator.simulated import CLIENT_ID
from broker.simulator.simulator import ANYWHERE, Simulator, error_page

CODE_LIFETIME = 60  # seconds
ACCESS_TOKEN_LIFETIME = 3600
TOLD_LIFETIME = 30 * 86_400


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A valid authorization request of the broker."""

    provider: Provider
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    challenge: str | None
    nonce: str | None
    offline: bool
    asks_consent: bool


@get("/{provider:str}/authorize")
async def ask(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """GET .../authorize. Nobody is ever signed in by merely coming here."""
    try:
        asked = read_request(simulator.connection(provider), request.scope["query_string"])
    except OAuthError as error:
        return error_page(request, error)
    return page(
        request,
        "simulated_sign_in.html",
        sends_to=ANYWHERE,
        provider=asked.provider,
        scopes=asked.scopes,
        personas=PERSONAS,
        lifetime=usual_lifetime(asked.provider),
    )


@post("/{provider:str}/authorize")
async def answer(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """POST .../authorize, to the address that GET was asked at: `persona`, `outcome`, and if wanted `expires_in`."""
    try:
        asked = read_request(simulator.connection(provider), request.scope["query_string"])
        form = Parameters.parse(await request.body())
        persona, outcome = find_persona(chosen(form)), read_outcome(form.required("outcome"))
        lifetime = read_lifetime(form, asked.provider)
    except OAuthError as error:
        return error_page(request, error)
    if outcome == "deny":
        return send_back(
            request, simulator, asked, error="access_denied", error_description="The person said no"
        )
    offline = asked.offline and first_consent(simulator, asked, persona)
    code = simulator.codes.put(grant(asked, persona, outcome, lifetime, offline=offline), CODE_LIFETIME)
    return send_back(request, simulator, asked, code=code, user=told_once(simulator, asked, persona))


def read_request(connection: Connection, query: bytes) -> Asked:
    """Raises OAuthError. Like Google we show every mistake on a page: it is the broker's, so no app can mend it."""
    asked, provider = Parameters.parse(query), connection.provider
    fixed = {
        provider.client_id_parameter: CLIENT_ID,
        "redirect_uri": connection.callback,
        "response_type": "code",
        **provider.authorization_parameters,
    }
    if provider.response_mode != "query" or "response_mode" in asked:
        fixed["response_mode"] = provider.response_mode
    for name, value in fixed.items():
        if asked.get(name) != value:
            raise OAuthError(ErrorCode.INVALID_REQUEST, f"{name} must be {value}")
    scopes = tuple(filter(None, asked.get(provider.scope_parameter, "").split(provider.scope_separator)))
    return Asked(
        provider=provider,
        redirect_uri=asked["redirect_uri"],
        state=asked.get("state"),
        scopes=scopes,
        challenge=read_challenge(provider, asked),
        nonce=asked.get("nonce"),
        offline=is_offline(provider, asked, scopes),
        asks_consent=asks_consent(provider.lifecycle, asked),
    )


def read_challenge(provider: Provider, asked: Parameters) -> str | None:
    if not provider.pkce:
        return None
    return check_challenge(asked.get("code_challenge"), asked.get("code_challenge_method"))


def chosen(form: Parameters) -> str:
    """An e-mail that somebody typed wins over the choice that was set before they came."""
    return form.get("email", "").strip() or form.get("persona") or PERSONAS[0].key


def usual_lifetime(provider: Provider) -> int:
    return provider.lifecycle.access_lifetime or ACCESS_TOKEN_LIFETIME


def read_lifetime(form: Parameters, provider: Provider) -> int:
    """Seconds until the access token expires, so that a refresh need not be waited for."""
    text = form.get("expires_in") or str(usual_lifetime(provider))
    if not (text.isascii() and text.isdigit() and len(text) <= 8):
        raise OAuthError(ErrorCode.INVALID_REQUEST, "expires_in must be seconds")
    return int(text)


def first_consent(simulator: Simulator, asked: Asked, persona: Persona) -> bool:
    """Google gives a refresh token with a person's first consent, and with another only if it is asked for."""
    if not asked.provider.lifecycle.consent_params:
        return True
    known = simulator.consented.find(persona.key)
    simulator.consented.keep(persona.key, True, TOLD_LIFETIME)  # noqa: FBT003
    return asked.asks_consent or not known


def grant(asked: Asked, persona: Persona, outcome: Outcome, lifetime: int, *, offline: bool) -> Grant:
    return Grant(
        provider=asked.provider.id,
        persona=persona,
        redirect_uri=asked.redirect_uri,
        scopes=asked.scopes,
        challenge=asked.challenge,
        nonce=asked.nonce,
        offline=offline,
        outcome=outcome,
        lifetime=lifetime,
    )


def told_once(simulator: Simulator, asked: Asked, persona: Persona) -> str | None:
    """The `user` field beside Apple's code: the name, at the first sign-in only, in a form anybody could forge."""
    if asked.provider.id != "apple" or "name" not in asked.scopes or simulator.told.find(persona.key):
        return None
    simulator.told.keep(persona.key, True, TOLD_LIFETIME)  # noqa: FBT003
    first, _, last = persona.name.rpartition(" ")
    user = {"name": {"firstName": first, "lastName": last}, "email": persona.email}
    return msgspec.json.encode(user).decode()


def send_back(
    request: Request[Any, Any, Any], simulator: Simulator, asked: Asked, **told: str | None
) -> ASGIResponse:
    """To the broker's callback. A form post needs a press of a button: our pages run no script of their own."""
    issuer = issuer_of(asked.provider) if asked.provider.announces_issuer else None
    parameters = {k: v for k, v in {**told, "state": asked.state, "iss": issuer}.items() if v is not None}
    if asked.provider.callback_proof:
        connection = simulator.connection(asked.provider.id)
        parameters["hmac"] = asked.provider.callback_proof(connection, parameters)
    if asked.provider.response_mode == "form_post":
        return page(
            request,
            "simulated_return.html",
            sends_to=ANYWHERE,
            provider=asked.provider,
            callback=asked.redirect_uri,
            parameters=parameters,
        )
    location = f"{asked.redirect_uri}?{urlencode(parameters)}"
    return ASGIResponse(status_code=303, headers={"location": location, "cache-control": "no-store"})
