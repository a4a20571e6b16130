"""The provider's SDK on a device, and what the provider tells by itself: so that both can be tried without a phone."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import OAuthError
from broker.core.opaque import new_id
from broker.core.parameters import Parameters
from broker.providers.documented import STANDARD_CLAIMS
from broker.providers.native import Native
from broker.providers.provider import Provider
from broker.simulator.authorize import CODE_LIFETIME, TOLD_LIFETIME, chosen, usual_lifetime
from broker.simulator.dialect import filled, issuer_of, person
from broker.simulator.memory import Grant
from broker.simulator.personas import Persona, find_persona
from broker.simulator.simulated import CLIENT_ID
from broker.simulator.simulator import Simulator, error_answer, json_answer
from broker.simulator.token import sign

APP_LIFETIME = 30 * 86_400  # seconds that an app's own id is known as a client


@post("/{provider:str}/native", status_code=200)
async def device(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """POST .../native {persona, nonce, audience, azp}: what the SDK gives the app. Whatever nonce and audience were asked
    for stand in the token, as with the true ones."""
    simulated = simulator.connection(provider).provider
    if simulated.native is None:
        raise NotFoundException
    try:
        form = Parameters.parse(await request.body())
        persona, audience = find_persona(chosen(form)), form.required("audience")
        nonce = form.required("nonce")
    except OAuthError as error:
        return error_answer(error)
    grant = granted(simulated, simulated.native, persona, audience, nonce)
    claims = {"iss": simulated.native.issuers[0], "aud": audience, "nonce": nonce}
    claims |= {"azp": form["azp"]} if form.get("azp") else {}
    token = await sign(
        simulator, simulated, claims | filled(told_claims(simulated), person(simulated, grant))
    )
    given = {"id_token": token, **told_name(simulator, simulated.native, persona)}
    if any(sdk.code for sdk in simulated.native.sdks.values()):
        given["authorization_code"] = simulator.codes.put(grant, CODE_LIFETIME)
        simulator.apps.keep(grant.client_id, True, APP_LIFETIME)  # noqa: FBT003
    return json_answer(given)


def told_claims(provider: Provider) -> Mapping[str, Any]:
    """Of a provider without ID tokens elsewhere (Facebook): the standard's, but for the word on the address."""
    if provider.issuer:
        return provider.documented.claims
    return {name: told for name, told in STANDARD_CLAIMS.items() if name != "email_verified"}


def granted(provider: Provider, native: Native, persona: Persona, audience: str, nonce: str) -> Grant:
    """What the code beside the token is worth, and to whom."""
    code = next((sdk.code for sdk in native.sdks.values() if sdk.code), None)
    return Grant(
        provider=provider.id,
        persona=persona,
        redirect_uri=code.redirect_uri if code else None,
        scopes=provider.scopes if provider.issuer else ("email", "profile"),
        challenge=None,
        nonce=nonce if code and code.client == "app" else None,
        offline=True,
        outcome="approve",
        lifetime=usual_lifetime(provider),
        client_id=audience if code and code.client == "app" else CLIENT_ID,
    )


def told_name(simulator: Simulator, native: Native, persona: Persona) -> dict[str, str]:
    """Apple's SDK tells the name to the app, at the first sign-in only."""
    if not native.tells_name or simulator.told.find(persona.key):
        return {}
    simulator.told.keep(persona.key, True, TOLD_LIFETIME)  # noqa: FBT003
    given, _, family = persona.name.rpartition(" ")
    return {"given_name": given, "family_name": family}


@post("/{provider:str}/notification", status_code=200)
async def notification(
    request: Request[Any, Any, Any], provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """POST .../notification {persona, type}: the body that the provider would post to /notifications/{provider}."""
    simulated = simulator.connection(provider).provider
    if simulated.notifications is None:
        raise NotFoundException
    try:
        form = Parameters.parse(await request.body())
        subject, kind = find_persona(chosen(form)).subject(provider), form.required("type")
    except OAuthError as error:
        return error_answer(error)
    event = {"type": kind, "sub": subject, "event_time": time.time_ns() // 1_000_000}
    claims = {"iss": issuer_of(simulated), "aud": CLIENT_ID, "jti": new_id("jti")}
    claims["events"] = msgspec.json.encode(event).decode()
    return json_answer({"payload": await sign(simulator, simulated, claims)})
