"""Pushed authorization requests, by their `request_uri` (RFC 9126)."""

import msgspec

from broker.core.records import Ticket
from broker.store.drawer import TakeOnce


class PushedRequest(msgspec.Struct, frozen=True):
    """The parameters as checked at /par, and whose they are. With a ticket it is to connect a provider."""

    client_id: str
    parameters: dict[str, str]
    ticket: Ticket | None = None


class Pushed(TakeOnce[PushedRequest]):
    kind = "pushed"
    lifetime = 60
    record = PushedRequest
