"""Authorization endpoint (RFC 6749 section 3.1): an app sends a browser here, it leaves for the provider."""

from asyncio import gather
from typing import Any
from urllib.parse import urlencode

import msgspec
import structlog
from litestar import Request, get
from litestar.response.base import ASGIResponse

from allowlist import AllowedRedirectUri
from broker.core.client import Client
from broker.core.errors import ErrorCode, OAuthError
from broker.core.flows import Leg, StepName
from broker.core.opaque import fingerprint, new_secret
from broker.core.parameters import Parameters, refused
from broker.core.records import PendingAuthorization, Ticket
from broker.core.requests import AuthorizationRequest
from broker.endpoints import connect, webview
from broker.endpoints.browser import BrowserCookie, remembered_provider
from broker.endpoints.redirect import RedirectUriRefused, prove_redirect_uri, shown_target
from broker.endpoints.responses import error_to_app, to_provider
from broker.endpoints.steps import fresh_flow_id, note, note_death, note_refusal
from broker.pages.page import page
from broker.providers.authorization_request import authorization_url
from broker.providers.provider import Connection
from broker.rooms import Given, Rooms

log = structlog.get_logger()
REQUEST_URI = "urn:ietf:params:oauth:request_uri:"


@get("/authorize")
async def authorize(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """GET /authorize. Until client and redirect URI are proven an error is shown here; after that the app gets it."""
    asked_for, around = Parameters.parse(request.scope["query_string"]), webview.embedded(request)
    parameters, ticket = await unfold(asked_for, rooms, look_only=around is not None)
    client, target, connection = await prove(parameters, rooms)
    if around:
        stop = webview.ask_to_leave(request, around, asked_for, client, connection, rooms)
        if stop:
            return stop
        parameters, ticket = await unfold(asked_for, rooms)
    try:
        asked = AuthorizationRequest.parse(parameters, client)
        if asked.provider is None:
            return await choose_provider(request, parameters, client, target, rooms)
        usable = check_connection(connection, asked.provider_scopes, connecting=ticket is not None)
        return await depart(asked, client, target, usable, ticket, rooms)
    except OAuthError as error:
        log.info("authorization_refused", client_id=client.client_id, error=str(error), detail=error.detail)
        note_refusal(error, client, target, connection, rooms)
        return error_to_app(target, parameters.get("state"), error, rooms.settings.issuer)


async def unfold(
    parameters: Parameters, rooms: Rooms, *, look_only: bool = False
) -> tuple[Parameters, Ticket | None]:
    """Put a pushed request (RFC 9126) in place of its `request_uri`: once, for its own client, contradicted by nothing. A
    ticket to connect comes this way only. `look_only` leaves it to be asked for again."""
    request_uri = parameters.get("request_uri")
    if request_uri is None:
        return parameters, None
    secret = request_uri.removeprefix(REQUEST_URI)
    take = rooms.store.pushed.find if look_only else rooms.store.pushed.take
    pushed = await take(secret) if secret != request_uri else None
    if pushed is None or pushed.client_id != parameters.get("client_id"):
        raise refused("request_uri is not from /par, already used, too old, or another client's")
    for name, value in parameters.items():
        if name != "request_uri" and pushed.parameters.get(name, value) != value:
            raise refused("a parameter contradicts the pushed request")
    chosen = {name: parameters[name] for name in ("provider", webview.HERE) if name in parameters}
    return Parameters({**chosen, **pushed.parameters}), pushed.ticket


async def prove(parameters: Parameters, rooms: Rooms) -> tuple[Client, AllowedRedirectUri, Connection | None]:
    """Client, redirect URI and connection, in one round trip. Raises OAuthError, to be shown."""
    client_id, redirect_uri = parameters.required("client_id"), parameters.required("redirect_uri")
    provider = parameters.get("provider", "")
    try:
        client, target, configuration = await gather(
            rooms.store.clients.find(client_id),
            prove_redirect_uri(rooms, client_id, redirect_uri),
            rooms.store.provider_configurations.find(provider),
        )
    except RedirectUriRefused as error:
        error.for_developer = known_client(await rooms.store.clients.find(client_id)).development
        note_death(error, Leg.ASKED, rooms, flow_id=fresh_flow_id(), client_id=client_id)
        raise
    return known_client(client), target, rooms.catalogue.connection(provider, configuration)


def known_client(client: Client | None) -> Client:
    if client is None:
        raise refused("client_id is not known here")
    return client


def check_connection(
    connection: Connection | None, provider_scopes: tuple[str, ...], *, connecting: bool
) -> Connection:
    """The connection, if people may use it for this and the app may ask what it asks."""
    if connection is None or not (connection.sign_in or connecting):
        told = "connect" if connecting else "sign in with"
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"provider is not one that people can {told} here")
    if not set(provider_scopes) <= {*connection.allowed_scopes}:
        raise OAuthError(
            ErrorCode.INVALID_SCOPE, "provider_scopes holds one that is not allowed for this provider"
        )
    return connection


async def depart(
    asked: AuthorizationRequest,
    client: Client,
    target: AllowedRedirectUri,
    connection: Connection,
    ticket: Ticket | None,
    rooms: Rooms,
) -> ASGIResponse:
    """What is remembered of the request, and the browser on its way."""
    flow = PendingAuthorization(
        client_id=client.client_id,
        redirect_uri=target.text,
        state=asked.state,
        scope=asked.scope,
        code_challenge=asked.code_challenge,
        nonce=asked.nonce,
        provider=connection.id,
        upstream_verifier="",
        upstream_nonce="",
        browser="",
        prompt=asked.prompt,
        provider_scopes=asked.provider_scopes,
        flow_id=fresh_flow_id(),
    )
    if ticket:
        flow = await connect.begin(flow, ticket, connection, rooms)
    note(flow, StepName.STARTED, rooms, target=shown_target(target))
    return await send_off(flow, connection, rooms)


async def send_off(flow: PendingAuthorization, connection: Connection, rooms: Rooms) -> ASGIResponse:
    """Remember the flow under secrets of this trip, bind it to this browser, and send the browser on."""
    state, cookie_value = new_secret(), new_secret()
    pending = msgspec.structs.replace(
        flow,
        upstream_verifier=new_secret(),
        upstream_nonce=new_secret(),
        browser=fingerprint(cookie_value),
    )
    await rooms.store.pending.save(state, pending)
    note(pending, StepName.AT_PROVIDER, rooms)
    posted = connection.provider.response_mode == "form_post"
    cookie = BrowserCookie.of(state, rooms.settings.issuer).give(cookie_value, crosses_sites=posted)
    return to_provider(authorization_url(connection, pending, state), cookie)


async def choose_provider(
    request: Request[Any, Any, Any],
    parameters: Parameters,
    client: Client,
    target: AllowedRedirectUri,
    rooms: Rooms,
    place: str = "/authorize",
) -> ASGIResponse:
    """The picker: each choice is this request again, with a provider; the one used last in this browser stands first."""
    connections = rooms.catalogue.connections(await rooms.store.provider_configurations.list())
    last = remembered_provider(request, rooms.settings.issuer)
    choices = [
        {
            "name": connection.provider.name,
            "logo": connection.provider.logo,
            "last_used": connection.id == last,
            "url": f"{rooms.settings.issuer}{place}?{urlencode({**parameters, 'provider': connection.id})}",
        }
        for connection in sorted(connections, key=lambda each: each.id != last)
    ]
    return page(
        request,
        "choose_provider.html",
        packed=True,
        client=client,
        choices=choices,
        returns_to=shown_target(target),
    )
