"""What happened, told to webhooks and kept in the audit log. No event carries a secret."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from broker.core.opaque import new_id


class EventType(StrEnum):
    """The events that webhooks may ask for; the audit log has these and every admin's change."""

    USER_CREATED = "user.created"
    USER_DELETED = "user.deleted"
    SESSION_CREATED = "session.created"
    SESSION_REVOKED = "session.revoked"
    CONNECTION_CREATED = "connection.created"
    CONNECTION_REFRESHED = "connection.refreshed"
    CONNECTION_NEEDS_RECONNECT = "connection.needs_reconnect"
    CONNECTION_REVOKED = "connection.revoked"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `actor` is who did it: a secret key's id, `user`, `provider` or `broker`."""

    id: str
    type: str
    created_at: int  # seconds
    actor: str
    user_id: str | None = None
    data: Mapping[str, str | int | None] = {}


def happened(
    event_type: str, now: int, *, actor: str = "broker", user_id: str | None = None, **data: str | int | None
) -> Event:
    """A new event, with an id by which whoever gets it twice may know it again."""
    return Event(
        id=new_id("evt"), type=str(event_type), created_at=now, actor=actor, user_id=user_id, data=data
    )
