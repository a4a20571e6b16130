"""Flows that are at a provider, by our `state` there."""

from broker.core.records import PendingAuthorization
from broker.store.drawer import TakeOnce


class Pending(TakeOnce[PendingAuthorization]):
    kind = "pending"
    lifetime = 600
    record = PendingAuthorization
