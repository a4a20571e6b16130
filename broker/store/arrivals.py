"""What a person connected, beside the code at whose exchange it is attached; the code itself is the secret."""

from broker.core.records import Arrived
from broker.store.codes import LIFETIME
from broker.store.drawer import TakeOnce


class Arrivals(TakeOnce[Arrived]):
    kind = "arrived"
    lifetime = LIFETIME
    record = Arrived
