"""Noting how far a flow has come, for the dashboard's inspector. Nobody waits for it, and no secret goes in."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allowlist import AllowedRedirectUri
from broker.core.account_rules import TABLE
from broker.core.client import Client
from broker.core.errors import OAuthError
from broker.core.flows import Kind, Leg, Reason, StepName, reason_of
from broker.core.opaque import new_flow_id
from broker.core.records import AuthorizationCode, PendingAuthorization
from broker.endpoints.redirect import RedirectUriRefused, shown_target
from broker.providers.provider import Connection
from broker.rooms import Rooms

RULES = {row.name for row in TABLE}
KINDS = {"connect": Kind.CONNECT, "reconnect": Kind.RECONNECT}
Record = PendingAuthorization | AuthorizationCode


def fresh_flow_id() -> str:
    return new_flow_id(time.time_ns() // 1_000_000)


def about(record: Record) -> dict[str, Any]:
    """What every step of the flow says."""
    found = {"client_id": record.client_id, "provider": record.provider}
    if isinstance(record, AuthorizationCode):
        kind = Kind.CONNECT if record.connects else Kind.SIGN_IN
        return found | {"kind": kind, "user_id": record.user_id}
    return found | {"kind": KINDS.get(record.purpose.kind, Kind.SIGN_IN)}


def note(record: Record, name: StepName, rooms: Rooms, **more: Any) -> None:
    """A record without an id is of no app's sign-in, and goes unseen."""
    if record.flow_id:
        rooms.store.flows.note(record.flow_id, name, **about(record) | more)


def note_death(error: Exception, leg: Leg, rooms: Rooms, record: Record | None = None, **told: Any) -> None:
    """The last step of `record`'s flow, or, as `told`, of one that has no record."""
    rule = error.detail if isinstance(error, OAuthError) and error.detail in RULES else ""
    why = {"reason": word_of(error, leg), "rule": rule}
    if record:
        note(record, StepName.DIED, rooms, **why)
    else:
        rooms.store.flows.note(name=StepName.DIED, **told, **why)


def word_of(error: Exception, leg: Leg) -> Reason:
    if isinstance(error, RedirectUriRefused):
        return Reason.REDIRECT_URI_REFUSED
    if not isinstance(error, OAuthError):
        return Reason.BROKER_ERROR
    return Reason.ACCOUNT_REFUSED if error.detail in RULES else reason_of(error, leg)


@contextmanager
def watched(record: Record | None, leg: Leg, rooms: Rooms, **told: Any) -> Iterator[None]:
    """Whatever is raised inside is the end of the flow; `told` is what there is to say of one without a record."""
    try:
        yield
    except Exception as error:
        note_death(error, leg, rooms, record, **told)
        raise


def note_refusal(
    error: OAuthError, client: Client, target: AllowedRedirectUri, connection: Connection | None, rooms: Rooms
) -> None:
    """An app asked for what it does not get, so there is no flow but this one step."""
    note_death(
        error,
        Leg.ASKED,
        rooms,
        flow_id=fresh_flow_id(),
        client_id=client.client_id,
        provider=connection.id if connection else "",
        target=shown_target(target),
    )
