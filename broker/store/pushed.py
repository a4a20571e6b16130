"""Pushed authorization requests, by their `request_uri` (RFC 9126)."""

import msgspec

from broker.store.drawer import TakeOnce


class PushedRequest(msgspec.Struct, frozen=True):
    """The parameters as checked at /par, and whose they are."""

    client_id: str
    parameters: dict[str, str]


class Pushed(TakeOnce[PushedRequest]):
    kind = "pushed"
    lifetime = 60
    record = PushedRequest
