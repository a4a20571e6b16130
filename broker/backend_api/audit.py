"""What an admin changed: into the log, and into the audit log with who did it."""

import time

import structlog

from allowlist.wire import AnyRequest
from broker.backend_api.guard import actor_of
from broker.core.events import Event
from broker.core.opaque import new_id
from broker.rooms import Rooms

log = structlog.get_logger()


async def record(request: AnyRequest, rooms: Rooms, what: str, **about: str | int | None) -> None:
    """After the fact, and never with a credential. The log has it even when Redis is gone by now."""
    actor = actor_of(request)
    log.info("admin_change", what=what, actor=actor, **about)
    now = int(time.time())
    await rooms.store.events.add(Event(id=new_id("evt"), type=what, created_at=now, actor=actor, data=about))
