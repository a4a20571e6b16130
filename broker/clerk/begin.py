"""How an attempt begins on a device, and the page at which a browser takes it up.

The address that the SDK opens is ours and not the provider's, so that the flow gets its cookie in that browser.
"""

from asyncio import gather

import msgspec
import structlog
from litestar import get
from litestar.response.base import ASGIResponse

from allowlist import AllowedRedirectUri
from allowlist.wire import ApiError
from broker.clerk.call import AnyRequest, Call
from broker.clerk.errors import signed_out
from broker.core.attempts import Attempt, begin_secret
from broker.core.client import UNASKED
from broker.core.errors import OAuthError
from broker.core.flows import Leg, StepName
from broker.core.parameters import Parameters, refused
from broker.core.records import PendingAuthorization, Ticket
from broker.core.requests import check_prompt
from broker.endpoints import connect, webview
from broker.endpoints.authorize import check_connection, choose_provider, prove, send_off
from broker.endpoints.redirect import RedirectUriRefused, prove_redirect_uri, shown_target
from broker.endpoints.refusal import refuse
from broker.endpoints.steps import fresh_flow_id, note, note_death
from broker.providers.provider import Connection
from broker.rooms import Given, Rooms

log = structlog.get_logger()
PLACE = "/authorize/begin"


async def begin(
    call: Call, attempt: Attempt, rooms: Rooms, *, challenge: str = "", ticket: Ticket | None = None
) -> tuple[Call, str | None]:
    """Remember the flow for the browser and the attempt for the device. Answers the call as the device is then, and its
    token where that is new. Raises ApiError, OAuthError."""
    target, connection = await prove_asked(call, attempt, rooms)
    flow = flow_of(call, attempt, target, challenge)
    if connection:
        flow = check_asked(connection, flow, connecting=ticket is not None)
    if connection and ticket:
        flow = await connect.begin(flow, ticket, connection, rooms)
    after, new_token = await keep(call, attempt, rooms)
    await rooms.store.attempts.save(begin_secret(after.token, attempt), flow)
    note(flow, StepName.STARTED, rooms, target=shown_target(target))
    return after, new_token


async def prove_asked(
    call: Call, attempt: Attempt, rooms: Rooms
) -> tuple[AllowedRedirectUri, Connection | None]:
    """Where it would return, if that is on the list; and with which provider, where one was named. Raises ApiError,
    RedirectUriRefused."""
    redirect_uri = call.form.get("redirect_url")
    if not redirect_uri:
        raise ApiError(422, "form_param_missing", "redirect_url is missing", param="redirect_url")
    try:
        target, configuration = await gather(
            prove_redirect_uri(rooms, call.client.client_id, redirect_uri),
            rooms.store.provider_configurations.find(attempt.provider),
        )
    except RedirectUriRefused as error:
        error.for_developer = call.client.development
        raise
    connection = rooms.catalogue.connection(attempt.provider, configuration)
    if attempt.provider and connection is None:
        raise ApiError(
            400, "oauth_provider_not_enabled", "this provider is not switched on", param="strategy"
        )
    return target, connection


def check_asked(
    connection: Connection, flow: PendingAuthorization, *, connecting: bool
) -> PendingAuthorization:
    """The flow, if people may use the provider for this and may be asked for these scopes. Raises ApiError."""
    if not connection.sign_in and not connecting:
        told = "one cannot sign in with this provider here, only connect it"
        raise ApiError(400, "oauth_non_authenticatable_provider", told, param="strategy")
    if not set(flow.provider_scopes) <= {*connection.allowed_scopes}:
        told = "additional_scope holds one that is not allowed for this provider"
        raise ApiError(422, "form_param_value_invalid", told, param="additional_scope")
    return flow


def flow_of(call: Call, attempt: Attempt, target: AllowedRedirectUri, challenge: str) -> PendingAuthorization:
    """Raises ApiError for a prompt that cannot be honoured."""
    try:
        prompt = check_prompt(call.form.get("oidc_prompt") or None)
    except OAuthError as error:
        told = error.description
        raise ApiError(422, "form_param_value_invalid", told, param="oidc_prompt") from None
    return PendingAuthorization(
        client_id=call.client.client_id,
        redirect_uri=target.text,
        state=call.form.get("state"),
        scope=" ".join(each for each in UNASKED.split() if each in call.client.scopes),
        code_challenge=challenge,
        nonce=None,
        provider=attempt.provider,
        upstream_verifier="",
        upstream_nonce="",
        browser="",
        prompt=prompt,
        provider_scopes=call.scopes,
        attempt=attempt.id,
        flow_id=fresh_flow_id(),
    )


async def keep(call: Call, attempt: Attempt, rooms: Rooms) -> tuple[Call, str | None]:
    """The attempt on the device, in the place of the one before; on a new device where the token is none of ours. Raises
    ApiError where the token was rotated away in this moment."""
    if call.device is None:
        device, token = await rooms.store.devices.make(call.client.client_id, attempt, call.now)
        return call.on(device, token), token
    if not await rooms.store.devices.begin(call.device, attempt):
        raise signed_out()
    return call.on(msgspec.structs.replace(call.device, attempt=attempt), call.token), None


@get(PLACE)
async def begin_in_browser(request: AnyRequest, rooms: Given[Rooms]) -> ASGIResponse:
    """GET /authorize/begin?attempt=...: on to the provider, or to the picker where none was named. Client and redirect URI are
    proven anew; until then an error is shown here."""
    asked = Parameters.parse(request.scope["query_string"])
    flow = await rooms.store.attempts.find(asked.required("attempt"))
    if flow is None:
        raise refused("this sign-in was begun more than ten minutes ago, or never; start again in the app")
    client, target, connection = await prove(named(flow, asked), rooms)
    if around := webview.embedded(request):
        stop = webview.ask_to_leave(request, around, asked, client, connection, rooms, PLACE)
        if stop:
            return stop
    if not flow.provider and "provider" not in asked:
        return await choose_provider(request, asked, client, target, rooms, PLACE)
    return await go(flow, target, connection, rooms)


def named(flow: PendingAuthorization, asked: Parameters) -> Parameters:
    """What `prove` looks at; a provider that the app named is not changed in the address."""
    provider = flow.provider or asked.get("provider", "")
    return Parameters({"client_id": flow.client_id, "redirect_uri": flow.redirect_uri, "provider": provider})


async def go(
    flow: PendingAuthorization, target: AllowedRedirectUri, connection: Connection | None, rooms: Rooms
) -> ASGIResponse:
    connecting = flow.purpose.kind == "connect"
    try:
        usable = check_connection(connection, flow.provider_scopes, connecting=connecting)
        return await send_off(msgspec.structs.replace(flow, provider=usable.id), usable, rooms)
    except OAuthError as error:
        log.info("attempt_refused", client_id=flow.client_id, error=str(error), detail=error.detail)
        note_death(error, Leg.ASKED, rooms, flow)
        return await refuse(flow, target, error, rooms)
