"""Sessions and their refresh tokens. All keys of one user share a slot."""

import re
import secrets
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from broker.core import refresh_token
from broker.core.opaque import fingerprint
from broker.core.records import AuthorizationCode, Session
from broker.core.refresh_token import PresentedRefreshToken
from broker.store.commands import Commands

IDLE_LIFETIME = 30 * 86_400  # seconds without a refresh
ABSOLUTE_LIFETIME = 365 * 86_400  # seconds since sign-in, not moved by rotation (RT-07)
GRACE = 10  # seconds in which a lost answer may be asked for again (RT-04)
REMEMBERED = 86_400  # seconds that a revoked session is still known
USER_ID = re.compile(r"user_[0-9a-f]{24}")
SESSION_ID = re.compile(r"sess_[0-9a-f]{24}")


class Rotation(Enum):
    """How a presented refresh token fared."""

    ROTATED = b"rotated"
    REPEATED = b"repeated"
    REUSED = b"reused"
    UNKNOWN = b"unknown"


class Sessions:
    """`begin` makes one, `rotate` keeps it, `revoke` ends it."""

    def __init__(self, redis: Commands, keys: tuple[bytes, ...]) -> None:
        self._redis = redis
        self._keys = keys
        folder = Path(__file__).parent
        self._rotate = redis.register_script((folder / "sessions.rotate.lua").read_text())
        self._revoke = redis.register_script((folder / "sessions.revoke.lua").read_text())

    def begin(self, grant: AuthorizationCode, now: int) -> tuple[Session, str]:
        """The session a code will begin and its first refresh token; `codes.redeem` stores it."""
        token = refresh_token.first(grant.user_id, grant.session_id, self._keys)
        session = Session(
            id=grant.session_id,
            user_id=grant.user_id,
            client_id=grant.client_id,
            scope=grant.scope,
            signed_in_at=grant.signed_in_at,
            last_active_at=now,
            idle_until=now + IDLE_LIFETIME,
            expires_at=now + ABSOLUTE_LIFETIME,
            current=fingerprint(token),
        )
        return session, token

    async def find(self, user_id: str, session_id: str) -> Session | None:
        """None: unknown, expired, or revoked long ago."""
        if not USER_ID.fullmatch(user_id) or not SESSION_ID.fullmatch(session_id):
            return None
        fields = await self._redis.hgetall(session_key(user_id, session_id))
        if not fields:
            return None
        text = {name.decode(): value.decode() for name, value in fields.items()}
        return msgspec.convert(text, Session, strict=False)

    async def rotate(self, presented: PresentedRefreshToken, now: int) -> tuple[Rotation, str | None]:
        """Trade a refresh token for its successor, in one atomic step.

        ROTATED and REPEATED come with a token. REUSED has already ended the session (RT-02); a token that this
        broker never made is UNKNOWN and ends nothing.
        """
        salt = secrets.token_urlsafe(12)
        token = refresh_token.successor(presented, salt, self._keys[0])
        ours = refresh_token.once_ours(presented, self._keys)
        outcome = await self._rotate(
            keys=[session_key(presented.user_id, presented.session_id), sessions_key(presented.user_id)],
            args=[
                presented.fingerprint,
                fingerprint(token),
                salt,
                *(now, GRACE, now + IDLE_LIFETIME, int(ours), REMEMBERED, presented.session_id),
            ],
        )
        rotation = Rotation(outcome[0])
        if rotation is Rotation.REPEATED:
            return repeat(presented, outcome[1].decode(), outcome[2].decode(), self._keys)
        return rotation, token if rotation is Rotation.ROTATED else None

    def knows(self, presented: PresentedRefreshToken, session: Session) -> bool:
        """Whether the token is or was one of this session's; its ids alone prove nothing."""
        return presented.fingerprint == session.current or refresh_token.once_ours(presented, self._keys)

    async def revoke(self, user_id: str, session_id: str) -> bool:
        """End a session and every token of it. False: there was none to end."""
        if not USER_ID.fullmatch(user_id) or not SESSION_ID.fullmatch(session_id):
            return False
        keys = [session_key(user_id, session_id), sessions_key(user_id)]
        return bool(await self._revoke(keys=keys, args=[session_id, REMEMBERED]))


def repeat(
    presented: PresentedRefreshToken, salt: str, current: str, keys: tuple[bytes, ...]
) -> tuple[Rotation, str | None]:
    """The same successor again; UNKNOWN when the key that made it has left the ring in these ten seconds."""
    token = refresh_token.repeated(presented, salt, current, keys)
    return (Rotation.REPEATED, token) if token else (Rotation.UNKNOWN, None)


def session_fields(session: Session) -> list[Any]:
    """Names and values in turn, as HSET takes them."""
    return [part for pair in msgspec.structs.asdict(session).items() for part in pair]


def session_key(user_id: str, session_id: str) -> str:
    return f"session:{{{user_id}}}:{session_id}"


def sessions_key(user_id: str) -> str:
    return f"sessions:{{{user_id}}}"
