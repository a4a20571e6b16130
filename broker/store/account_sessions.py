"""Sessions of the account page: opaque values in browsers, `as_<user>_<secret>`; the user's id leads to the slot."""

import re
from asyncio import gather
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from broker.core.events import Event, happened
from broker.core.opaque import fingerprint, new_secret
from broker.core.records import AccountSession
from broker.store.commands import Commands
from broker.store.outbox import Outbox, encode, outbox_key
from broker.store.sealing import SealBroken, Sealer
from broker.store.users import account_sessions_key, user_key

log = structlog.get_logger()
IDLE_LIFETIME = 1_800  # seconds without a page
ABSOLUTE_LIFETIME = 28_800  # seconds since it began
SHAPE = re.compile(r"as_([0-9a-f]{24})_[A-Za-z0-9_-]{43}")
MARK = re.compile(r"[0-9a-f]{64}")


class Marked(NamedTuple):
    """A session, by the fingerprint of what its browser holds, which is not secret."""

    mark: str
    session: AccountSession
    last_active_at: int


class AccountSessions:
    """`begin`, `find` which keeps it alive, `end`; `of` lists a user's."""

    def __init__(self, redis: Commands, sealer: Sealer, outbox: Outbox) -> None:
        self._redis = redis
        self._sealer = sealer
        self._outbox = outbox
        self._decoder = msgspec.json.Decoder(AccountSession)
        folder = Path(__file__).parent
        self._begin, self._touch, self._end = (
            redis.register_script((folder / f"account_sessions.{name}.lua").read_text())
            for name in ("begin", "touch", "end")
        )

    async def begin(self, session: AccountSession) -> str | None:
        """What the browser will hold; None: there is no such user any more."""
        user_id, now = session.user_id, session.begun_at
        value = f"as_{user_id.removeprefix('user_')}_{new_secret()}"
        mark = fingerprint(value)
        key = account_session_key(user_id, mark)
        sealed = self._sealer.seal(msgspec.json.encode(session), f"{key}:record")
        step = self._begin(
            keys=[key, account_sessions_key(user_id), user_key(user_id), outbox_key(user_id)],
            args=[mark, sealed, now, session.expires_at, IDLE_LIFETIME, *encode([told("created", session)])],
        )
        return value if await self._outbox.marked(user_id, now, step) else None

    async def find(self, value: str, now: int) -> AccountSession | None:
        """The living session that a browser shows; it is idle anew from now."""
        shape = SHAPE.fullmatch(value)
        if shape is None:
            return None
        user_id = f"user_{shape[1]}"
        key = account_session_key(user_id, fingerprint(value))
        return self._open(user_id, key, await self._touch(keys=[key], args=[now, IDLE_LIFETIME]), now)

    async def of(self, user_id: str, now: int) -> list[Marked]:
        """The user's living ones, newest first; whatever ran out is dropped from the list on the way."""
        marks = [each.decode() for each in await self._redis.zrevrange(account_sessions_key(user_id), 0, -1)]
        found = await gather(*(self._read(user_id, each, now) for each in marks))
        over = [mark for mark, each in zip(marks, found, strict=True) if each is None]
        await gather(*(self._redis.zrem(account_sessions_key(user_id), each) for each in over))
        return [each for each in found if each]

    async def end(self, user_id: str, mark: str, now: int) -> bool:
        """False: there was none to end."""
        if not MARK.fullmatch(mark):
            return False
        event = happened("account_session.ended", now, actor="user", user_id=user_id)
        keys = [account_session_key(user_id, mark), account_sessions_key(user_id), outbox_key(user_id)]
        step = self._end(keys=keys, args=[mark, *encode([event])])
        return bool(await self._outbox.marked(user_id, now, step))

    async def _read(self, user_id: str, mark: str, now: int) -> Marked | None:
        key = account_session_key(user_id, mark)
        sealed, active = await self._redis.hmget(key, ["record", "last_active_at"])
        session = self._open(user_id, key, sealed, now)
        return Marked(mark, session, int(active or 0)) if session else None

    def _open(self, user_id: str, key: str, sealed: bytes | None, now: int) -> AccountSession | None:
        """The seal's own end counts: what stands beside it, somebody who writes to Redis could move."""
        if sealed is None:
            return None
        try:
            session = self._decoder.decode(self._sealer.open(sealed, f"{key}:record"))
        except (SealBroken, msgspec.DecodeError) as error:
            log.warning("record_broken", drawer="account_session", kind=type(error).__name__)
            return None
        return session if session.user_id == user_id and now < session.expires_at else None


def told(what: str, session: AccountSession) -> Event:
    about = {"session_id": session.session_id, "client_id": session.client_id}
    return happened(
        f"account_session.{what}", session.begun_at, actor="user", user_id=session.user_id, **about
    )


def account_session_key(user_id: str, mark: str) -> str:
    return f"account_session:{{{user_id}}}:{mark}"
