"""Flows that Clerk's SDK began and no browser has opened yet, by the secret in their address; and those that failed."""

from broker.core.attempts import LIFETIME, Failure
from broker.core.records import PendingAuthorization
from broker.store import codes
from broker.store.drawer import TakeOnce


class Attempts(TakeOnce[PendingAuthorization]):
    """Looked at and not taken: a page may be opened twice, and of all its flows one nonce ends the attempt."""

    kind = "attempt"
    lifetime = LIFETIME
    record = PendingAuthorization


class Failures(TakeOnce[Failure]):
    """By the nonce that tells a device of it, which lives as long as one that succeeds."""

    kind = "failure"
    lifetime = codes.LIFETIME
    record = Failure
