"""The nonce comes back: the device that has the attempt in hand gets what came of it, once."""

from asyncio import gather

import msgspec
import structlog

from broker.clerk.call import Call
from broker.clerk.errors import bad_nonce, signed_out
from broker.core.attempts import Attempt
from broker.core.flows import StepName
from broker.core.records import AuthorizationCode, Session
from broker.endpoints.steps import note
from broker.endpoints.token import end_replayed, kill
from broker.rooms import Rooms

log = structlog.get_logger()


async def find_granted(nonce: str, attempt: Attempt, call: Call, rooms: Rooms) -> AuthorizationCode:
    """What the nonce is worth, if it is of this attempt, and neither was spent. One that is shown elsewhere is good for
    nobody any more, one that comes twice ends what it began, like a code (RFC 9700 4.2.4). Raises ApiError."""
    granted = await rooms.store.codes.find(nonce)
    if granted is None:
        raise bad_nonce()
    fits = (granted.attempt, granted.client_id) == (attempt.id, call.client.client_id)
    if fits and not granted.spent and not attempt.done:
        return granted
    if fits and granted.spent:
        await give_up(granted, call, rooms)
    else:
        await kill(nonce, granted, rooms)
    raise bad_nonce()


async def give_up(granted: AuthorizationCode, call: Call, rooms: Rooms) -> None:
    """A nonce that connects began no session, and ends none."""
    if not granted.connects:
        await end_replayed(granted, rooms, call.now)


async def sign_in(nonce: str, granted: AuthorizationCode, call: Call, rooms: Rooms) -> tuple[Call, str]:
    """Spend the nonce, which begins the session, and only then let the device have it, under a new token. Answers the
    call as the device is then. A crash between leaves a session that nobody has a token for. Raises ApiError."""
    device = call.device
    if device is None or device.attempt is None:
        raise signed_out()
    session, _ = rooms.store.sessions.begin(granted, call.now)
    if not await rooms.store.codes.redeem(nonce, granted, session):
        await give_up(granted, call, rooms)
        raise bad_nonce()
    others = await make_room(call, session, rooms)
    done = msgspec.structs.replace(device.attempt, done=True, session_id=session.id)
    adopted = await rooms.store.devices.adopt(device, done, others)
    if adopted is None:
        await end(session, call, rooms)
        raise signed_out()
    note(granted, StepName.EXCHANGED, rooms)
    return call.on(*adopted), adopted[1]


async def make_room(call: Call, session: Session, rooms: Rooms) -> list[str]:
    """The device's other sessions that live. An earlier one of the same person makes room: it would lie there unused."""
    ids = call.device.sessions if call.device else ()
    found = await gather(*(rooms.store.sessions.find_by_id(each) for each in ids))
    living = [each for each in found if each and each.alive(call.now)]
    same = [each for each in living if each.user_id == session.user_id]
    await gather(*(end(each, call, rooms) for each in same))
    return [each.id for each in living if each not in same]


async def end(session: Session, call: Call, rooms: Rooms) -> None:
    about = {"client_id": session.client_id, "reason": "replaced"}
    await rooms.store.sessions.revoke(session.user_id, session.id, now=call.now, **about)


async def failed(nonce: str, attempt: Attempt, rooms: Rooms) -> Attempt | None:
    """The attempt with why it failed, where the nonce tells that. None: it does not; the nonce of another attempt's
    failure is not believed."""
    failure = await rooms.store.failures.take(nonce)
    if failure is None or failure.attempt != attempt.id:
        return None
    log.info("attempt_failed", attempt=attempt.id, code=failure.code)
    return msgspec.structs.replace(attempt, done=True, error=failure.code, message=failure.message)


async def end_outdated(nonce: str, call: Call, rooms: Rooms) -> None:
    """A nonce that comes back with the token which it rotated away was seen by two, or its answer was lost: either way
    the session that it began has no honest owner."""
    granted = await rooms.store.codes.find(nonce)
    attempt = call.outdated.attempt if call.outdated else None
    if granted and attempt and granted.spent and granted.attempt == attempt.id:
        await give_up(granted, call, rooms)
