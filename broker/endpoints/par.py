"""Pushed authorization requests (RFC 9126): the request is checked here, and a one-time `request_uri` stands for it."""

from typing import Any

from litestar import Request, post
from litestar.response.base import ASGIResponse

from broker.core.client import presented_credentials
from broker.core.opaque import new_secret
from broker.core.parameters import refused
from broker.core.requests import AuthorizationRequest
from broker.endpoints.authentication import bears_token, prove_client, read_credentials
from broker.endpoints.authorize import REQUEST_URI, check_connection
from broker.endpoints.connect import make_ticket
from broker.endpoints.form import read_form
from broker.endpoints.redirect import RedirectUriRefused, prove_redirect_uri
from broker.endpoints.responses import json_answer
from broker.rooms import Given, Rooms
from broker.store.pushed import Pushed, PushedRequest

NOT_KEPT = ("client_secret",)


@post("/par")
async def par(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /par: all that /authorize checks is checked, so a bad request fails before a browser opens. With an app's access
    token in the header, which then says nothing of the client, it is the ticket to connect a provider."""
    form = await read_form(request)
    if "request_uri" in form:
        raise refused("request_uri has no place inside a pushed request")
    connecting = bears_token(request)
    presented = presented_credentials(None, form) if connecting else read_credentials(request, form)
    client = prove_client(request, await rooms.store.clients.find(presented.client_id), presented)
    try:
        await prove_redirect_uri(rooms, client.client_id, form.required("redirect_uri"))
    except RedirectUriRefused as error:
        error.for_developer = client.development
        raise
    asked = AuthorizationRequest.parse(form, client)
    ticket = await make_ticket(request, asked, client, rooms) if connecting else None
    if asked.provider is not None:
        configuration = await rooms.store.provider_configurations.find(asked.provider)
        connection = rooms.catalogue.connection(asked.provider, configuration)
        check_connection(connection, asked.provider_scopes, connecting=connecting)
    secret = new_secret()
    kept = {name: value for name, value in form.items() if name not in NOT_KEPT}
    pushed = PushedRequest(client.client_id, kept | {"client_id": client.client_id}, ticket)
    await rooms.store.pushed.save(secret, pushed)
    return json_answer({"request_uri": REQUEST_URI + secret, "expires_in": Pushed.lifetime}, status=201)
