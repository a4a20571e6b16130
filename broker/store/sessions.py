"""Sessions and their refresh tokens. All keys of one user share a slot."""

import re
import secrets
from asyncio import gather
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from broker.core import refresh_token
from broker.core.events import Event, EventType, happened
from broker.core.opaque import fingerprint, new_session_id
from broker.core.records import AuthorizationCode, Session
from broker.core.refresh_token import PresentedRefreshToken
from broker.store.commands import Commands
from broker.store.outbox import Outbox, encode, outbox_key

IDLE_LIFETIME = 30 * 86_400  # seconds without a refresh
ABSOLUTE_LIFETIME = 365 * 86_400  # seconds since sign-in, not moved by rotation (RT-07)
GRACE = 10  # seconds in which a lost answer may be asked for again (RT-04)
REMEMBERED = 86_400  # seconds that a revoked session is still known
SESSION_ID = re.compile(r"sess_([0-9a-f]{24})[0-9a-f]{24}")  # the first half is the user


class Rotation(Enum):
    """How a presented refresh token fared."""

    ROTATED = b"rotated"
    REPEATED = b"repeated"
    REUSED = b"reused"
    UNKNOWN = b"unknown"


class Sessions:
    """`begin` makes one, `rotate` keeps it, `revoke` ends it."""

    def __init__(self, redis: Commands, keys: tuple[bytes, ...], outbox: Outbox) -> None:
        self._redis = redis
        self._keys = keys
        self._outbox = outbox
        folder = Path(__file__).parent
        self._rotate = redis.register_script((folder / "sessions.rotate.lua").read_text())
        self._revoke = redis.register_script((folder / "sessions.revoke.lua").read_text())
        self._touch = redis.register_script((folder / "sessions.touch.lua").read_text())

    def begin(self, grant: AuthorizationCode, now: int) -> tuple[Session, str]:
        """The session a code will begin and its first refresh token; `codes.redeem` stores it."""
        about = (grant.user_id, grant.session_id, grant.client_id, grant.scope)
        return self._first(*about, grant.signed_in_at, now)

    def begin_at_once(self, user_id: str, client_id: str, scope: str, now: int) -> tuple[Session, str]:
        """The same without a code, for a person who is arriving now; `users.sign_in` stores it."""
        return self._first(user_id, new_session_id(user_id), client_id, scope, now, now)

    def _first(
        self, user_id: str, session_id: str, client_id: str, scope: str, signed_in_at: int, now: int
    ) -> tuple[Session, str]:
        token = refresh_token.first(user_id, session_id, self._keys)
        session = Session(
            id=session_id,
            user_id=user_id,
            client_id=client_id,
            scope=scope,
            signed_in_at=signed_in_at,
            last_active_at=now,
            idle_until=now + IDLE_LIFETIME,
            expires_at=now + ABSOLUTE_LIFETIME,
            current=fingerprint(token),
        )
        return session, token

    async def find(self, user_id: str, session_id: str) -> Session | None:
        """None: unknown, expired, or revoked long ago."""
        if user_of(session_id) != user_id:
            return None
        fields = await self._redis.hgetall(session_key(user_id, session_id))
        if not fields:
            return None
        text = {name.decode(): value.decode() for name, value in fields.items()}
        return msgspec.convert(text, Session, strict=False)

    async def find_by_id(self, session_id: str) -> Session | None:
        """For who knows the session alone; `find` is for who also claims whose it is."""
        user_id = user_of(session_id)
        return await self.find(user_id, session_id) if user_id else None

    async def of(self, user_id: str) -> list[Session]:
        """The user's living sessions, newest first. Whatever ran out since it was last asked is dropped from the
        list on the way, since nothing else would."""
        ids = [each.decode() for each in await self._redis.zrevrange(sessions_key(user_id), 0, -1)]
        found = await gather(*(self.find(user_id, each) for each in ids))
        over = [each for each, session in zip(ids, found, strict=True) if session is None]
        await gather(*(self._redis.zrem(sessions_key(user_id), each) for each in over))
        return [session for session in found if session]

    async def rotate(
        self, presented: PresentedRefreshToken, session: Session, now: int
    ) -> tuple[Rotation, str | None]:
        """Trade a refresh token for its successor, in one atomic step.

        ROTATED and REPEATED come with a token. REUSED has already ended the session (RT-02); a token that this
        broker never made is UNKNOWN and ends nothing. `session` is as `find` saw it.
        """
        salt = secrets.token_urlsafe(12)
        token = refresh_token.successor(presented, salt, self._keys[0])
        ours = refresh_token.once_ours(presented, self._keys)
        user_id = session.user_id
        reused = session_revoked(
            user_id, session.id, session.client_id, reason="refresh_token_reused", now=now, actor="broker"
        )
        step = self._rotate(
            keys=[session_key(user_id, session.id), sessions_key(user_id), outbox_key(user_id)],
            args=[
                presented.fingerprint,
                fingerprint(token),
                salt,
                *(now, GRACE, now + IDLE_LIFETIME, int(ours), REMEMBERED, session.id),
                *encode([reused]),
            ],
        )
        # A current token ends nothing, so the hot way is spared the mark; unless it was overtaken since `find`.
        current = presented.fingerprint == session.current
        outcome = await (step if current else self._outbox.marked(user_id, now, step))
        rotation = Rotation(outcome[0])
        if current and rotation is Rotation.REUSED:
            await self._outbox.mark(user_id, now)
        if rotation is Rotation.REPEATED:
            return repeat(presented, outcome[1].decode(), outcome[2].decode(), self._keys)
        return rotation, token if rotation is Rotation.ROTATED else None

    async def touch(self, session: Session, now: int) -> bool:
        """Keep a session that has no refresh token to rotate: its app asks for each access token. False: it is over."""
        key = session_key(session.user_id, session.id)
        return bool(await self._touch(keys=[key], args=[now, now + IDLE_LIFETIME]))

    def knows(self, presented: PresentedRefreshToken, session: Session) -> bool:
        """Whether the token is or was one of this session's; its ids alone prove nothing."""
        return presented.fingerprint == session.current or refresh_token.once_ours(presented, self._keys)

    async def revoke(
        self, user_id: str, session_id: str, *, client_id: str, reason: str, now: int, actor: str = "user"
    ) -> bool:
        """End a session and every token of it. False: there was none to end.

        `reason` is for the event: `sign_out`, `ended_by_user`, `admin`, `code_replayed`, `replaced` or `user_deleted`.
        """
        if user_of(session_id) != user_id:
            return False
        event = session_revoked(user_id, session_id, client_id, reason=reason, now=now, actor=actor)
        keys = [session_key(user_id, session_id), sessions_key(user_id), outbox_key(user_id)]
        step = self._revoke(keys=keys, args=[session_id, REMEMBERED, *encode([event])])
        return bool(await self._outbox.marked(user_id, now, step))


def session_created(session: Session) -> Event:
    about = {"session_id": session.id, "client_id": session.client_id}
    now = session.last_active_at
    return happened(EventType.SESSION_CREATED, now, actor="user", user_id=session.user_id, **about)


def session_revoked(
    user_id: str, session_id: str, client_id: str, *, reason: str, now: int, actor: str
) -> Event:
    about = {"session_id": session_id, "client_id": client_id, "reason": reason}
    return happened(EventType.SESSION_REVOKED, now, actor=actor, user_id=user_id, **about)


def repeat(
    presented: PresentedRefreshToken, salt: str, current: str, keys: tuple[bytes, ...]
) -> tuple[Rotation, str | None]:
    """The same successor again; UNKNOWN when the key that made it has left the ring in these ten seconds."""
    token = refresh_token.repeated(presented, salt, current, keys)
    return (Rotation.REPEATED, token) if token else (Rotation.UNKNOWN, None)


def user_of(session_id: str) -> str | None:
    """Whose session it says it is. None: no session of ours has such an id."""
    found = SESSION_ID.fullmatch(session_id)
    return f"user_{found[1]}" if found else None


def session_fields(session: Session) -> list[Any]:
    """Names and values in turn, as HSET takes them."""
    return [part for pair in msgspec.structs.asdict(session).items() for part in pair]


def session_key(user_id: str, session_id: str) -> str:
    return f"session:{{{user_id}}}:{session_id}"


def sessions_key(user_id: str) -> str:
    return f"sessions:{{{user_id}}}"
