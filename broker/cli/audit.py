"""Changes by command, written into the audit log as those over `/v1` are."""

import time

from broker.core.events import happened
from broker.rooms import Rooms


async def record(rooms: Rooms, what: str, **about: str) -> None:
    """After the fact, and never with a credential."""
    await rooms.store.events.add(happened(what, int(time.time()), actor="cli", **about))
