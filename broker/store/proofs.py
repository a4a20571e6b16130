"""New accounts that wait on the page which asks for proof of the old one."""

from broker.core.records import PendingProof
from broker.store.drawer import TakeOnce


class Proofs(TakeOnce[PendingProof]):
    kind = "proof"
    lifetime = 600
    record = PendingProof
