"""Finished sign-ins that wait on the return page for a person's act."""

from broker.core.records import PendingReturn
from broker.store.drawer import TakeOnce


class Returns(TakeOnce[PendingReturn]):
    kind = "return"
    lifetime = 600
    record = PendingReturn
