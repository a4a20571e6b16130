"""An app opens the account page for its user: with its access token it gets an address that is good once, for a minute."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request, post
from litestar.response.base import ASGIResponse

from broker.core.account_places import SECTIONS
from broker.core.client import Client
from broker.core.opaque import new_secret
from broker.core.parameters import Parameters, refused
from broker.core.records import AccountTicket
from broker.endpoints.authentication import open_to_origins, signed_in
from broker.endpoints.authorize import known_client
from broker.endpoints.form import read_form
from broker.endpoints.redirect import RedirectUriRefused, prove_redirect_uri
from broker.endpoints.responses import json_answer
from broker.rooms import Given, Rooms
from broker.store.account_visits import AccountTickets


@post("/account/ticket", status_code=200)
async def make_ticket(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /account/ticket {return_to, section}, both as wanted, with the app's access token in the header."""
    session = await signed_in(request, rooms)
    client = known_client(await rooms.store.clients.find(session.client_id))
    open_to_origins(request, client)
    form = await read_form(request) if "content-type" in request.headers else Parameters({})
    section, return_to = form.get("section", ""), form.get("return_to")
    if section not in SECTIONS:
        raise refused(f"section must be one of: {', '.join(filter(None, SECTIONS))}")
    if return_to is not None:
        await prove_return(client, return_to, rooms)
    secret = new_secret()
    ticket = AccountTicket(
        user_id=session.user_id,
        session_id=session.id,
        client_id=session.client_id,
        return_to=return_to,
        section=section,
    )
    await rooms.store.account_tickets.save(secret, ticket)
    url = f"{rooms.settings.issuer}/account?{urlencode({'ticket': secret})}"
    return json_answer({"url": url, "expires_in": AccountTickets.lifetime})


async def prove_return(client: Client, return_to: str, rooms: Rooms) -> None:
    """Raises RedirectUriRefused, which tells a developer the nearest entry."""
    try:
        await prove_redirect_uri(rooms, client.client_id, return_to)
    except RedirectUriRefused as error:
        error.for_developer = client.development
        raise
