"""Flows that begin and end at the account page: the ordinary way to a provider, without an app."""

from collections.abc import Iterable

import msgspec
from litestar.response.base import ASGIResponse

from broker.core.account_rules import Purpose
from broker.core.parameters import refused
from broker.endpoints import reconnect
from broker.endpoints.authorize import send_off
from broker.providers.provider import Connection
from broker.rooms import Rooms


async def usable(provider: str, rooms: Rooms, *, to_sign_in: bool) -> Connection:
    """The connection, if it is on, and for this. Raises OAuthError."""
    stored = await rooms.store.provider_configurations.find(provider)
    connection = rooms.catalogue.connection(provider, stored)
    if connection is None or (to_sign_in and not connection.sign_in):
        raise refused("this provider is not one that people can use here")
    return connection


async def leave_to_sign_in(connection: Connection, purpose: Purpose, rooms: Rooms) -> ASGIResponse:
    """To say who one is. To confirm that, a provider that can ask for the password does."""
    provider = connection.provider
    asks = "login" in provider.prompts or "login" in provider.prompt_parameters
    prompt = "login" if purpose.kind == "confirm" and asks else "select_account"
    flow = reconnect.flow_of("", [], connection)
    flow = msgspec.structs.replace(flow, purpose=purpose, consent=False, prompt=prompt)
    return await send_off(flow, connection, rooms)


async def leave_to_grant(
    connection: Connection, purpose: Purpose, scopes: Iterable[str], rooms: Rooms
) -> ASGIResponse:
    """To grant something, for which consent is asked: a refresh token is what would be missing."""
    flow = reconnect.flow_of("", list(scopes), connection)
    return await send_off(msgspec.structs.replace(flow, purpose=purpose), connection, rooms)
