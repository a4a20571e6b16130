"""Token custody: providers' tokens kept fresh, handed to backends, and given back."""

from broker.custody.disconnect import Disconnect, Disconnection, Erased, LastIdentity
from broker.custody.fresh import Fresh, ProviderOff, Refused, Served, Wish

__all__ = [
    "Custody",
    "Disconnection",
    "Erased",
    "LastIdentity",
    "ProviderOff",
    "Refused",
    "Served",
    "Wish",
]


class Custody(Fresh, Disconnect):
    """All of it, over one store and one way to the providers."""
