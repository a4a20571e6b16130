"""What providers tell of their people by themselves (Apple): consent taken back, an account deleted, e-mail switched off."""

import time
from typing import Any

import msgspec
import structlog
from litestar import Request, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import ErrorCode, OAuthError
from broker.core.events import happened
from broker.core.parameters import refused
from broker.endpoints.responses import json_answer
from broker.providers.errors import broken
from broker.providers.notifications import Notification, read_notification
from broker.providers.provider import Connection
from broker.rooms import Given, Rooms
from broker.store.users import Link

log = structlog.get_logger()
AT_ONCE = 100  # clients read at a time
ENDS = ("consent_revoked", "account_deleted")


class Envelope(msgspec.Struct, frozen=True):
    """The body: one signed token, which is all the proof there is."""

    payload: str


@post("/notifications/{provider:str}")
async def notified(
    request: Request[Any, Any, Any], provider: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST /notifications/{provider}: 200 for whatever is the provider's own word, though it be about nobody we know or
    the second time; 400 for all else, and then nothing was done."""
    configuration = await rooms.store.provider_configurations.find(provider)
    connection = rooms.catalogue.connection(provider, configuration)
    if connection is None or connection.provider.notifications is None:
        raise NotFoundException
    try:
        payload = read_payload(await request.body())
        told = await read_notification(rooms.upstream, connection, payload)
        await check_audience(told, connection, rooms)
    except OAuthError as error:
        raise refused_notification(error, connection) from None
    if await rooms.store.notifications.claim(connection.id, told.id):
        await act(told, connection, rooms)
        remaining = told.expires_at - int(time.time())
        await rooms.store.notifications.keep(connection.id, told.id, remaining + 120)
    return json_answer({})


def read_payload(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=Envelope).payload
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise broken("notification: body") from None


async def check_audience(told: Notification, connection: Connection, rooms: Rooms) -> None:
    """It must be about a person of this connection or of one of our apps. Every client is read for it, but only where the
    provider's signature was right. Raises OAuthError."""
    if connection.client_id in told.audiences:
        return
    offset, total = 0, 1
    while offset < total:
        clients, total = await rooms.store.clients.list(offset, AT_ONCE)
        if any(
            told.audiences & set(each.native_client_ids.get(connection.id, {}).values()) for each in clients
        ):
            return
        offset += AT_ONCE
    raise broken("notification: aud")


async def act(told: Notification, connection: Connection, rooms: Rooms) -> None:
    known = await rooms.store.users.known(connection.id, told.subject)
    if known is None or told.meaning is None:
        log.info("notification_unheeded", provider=connection.id, known=known is not None)
    elif told.meaning in ENDS:
        await rooms.custody.withdrawn(known.user_id, known.account_id, told.meaning, told.happened_at)
    else:
        await note(told.meaning, known, connection, rooms)


async def note(meaning: str, known: Link, connection: Connection, rooms: Rooms) -> None:
    """Into the audit log: a letter to a relay address will not arrive, or will again."""
    about = {"provider": connection.id, "external_account_id": known.account_id}
    event = happened(
        f"connection.{meaning}", int(time.time()), actor="provider", user_id=known.user_id, **about
    )
    await rooms.store.events.add(event)


def refused_notification(error: OAuthError, connection: Connection) -> OAuthError:
    """A provider whose keys cannot be had now is asked to come again; why another was refused is for our log."""
    if error.code is ErrorCode.TEMPORARILY_UNAVAILABLE:
        return error
    log.warning("notification_refused", provider=connection.id, detail=error.detail)
    return refused("the notification is not one of this provider's to us")
