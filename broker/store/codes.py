"""Authorization codes: `ac_<user>_<secret>`; the user's id leads to the slot where the session will live."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from broker.core.opaque import fingerprint, new_secret
from broker.core.records import AuthorizationCode, Session
from broker.store.commands import Commands
from broker.store.outbox import Outbox, encode, outbox_key
from broker.store.sessions import session_created, session_fields, session_key, sessions_key
from broker.store.users import user_key

LIFETIME = 60  # seconds (TK-01)
REMEMBERED = 600  # seconds that a spent code is known, so that a late replay still ends the session it began
SHAPE = re.compile(r"ac_([0-9a-f]{24})_[A-Za-z0-9_-]{43}")


class Offered(NamedTuple):
    """How it stands with a code that was offered: `new` the first time, and `spent` once it was exchanged."""

    new: bool
    spent: bool


class Codes:
    """`save` or `offer`, `find`, then `redeem`, which is the gate; `spend` is that of a code which connects."""

    def __init__(self, redis: Commands, outbox: Outbox) -> None:
        self._redis = redis
        self._outbox = outbox
        self._decoder = msgspec.json.Decoder(AuthorizationCode)
        folder = Path(__file__).parent
        self._redeem = redis.register_script((folder / "codes.redeem.lua").read_text())
        self._spend = redis.register_script((folder / "codes.spend.lua").read_text())
        self._kill = redis.register_script((folder / "codes.kill.lua").read_text())

    async def save(self, grant: AuthorizationCode) -> str:
        """Make the code for `grant`; it lives 60 s."""
        code = f"ac_{grant.user_id.removeprefix('user_')}_{new_secret()}"
        await self._redis.set(code_key(code), msgspec.json.encode(grant), ex=LIFETIME)
        return code

    async def offer(self, code: str, grant: AuthorizationCode) -> Offered:
        """Make this very code, unless it stands: however often it is offered, there is one, and a spent one stays so."""
        made = msgspec.json.encode(grant)
        earlier = await self._redis.set(code_key(code), made, nx=True, get=True, ex=LIFETIME)
        return Offered(earlier is None, earlier is not None and self._decoder.decode(earlier).spent)

    async def find(self, code: str) -> AuthorizationCode | None:
        """What the code grants; `spent` when it was redeemed before. None: unknown or expired."""
        if not SHAPE.fullmatch(code):
            return None
        stored = await self._redis.get(code_key(code))
        return self._decoder.decode(stored) if stored else None

    async def redeem(self, code: str, grant: AuthorizationCode, session: Session) -> bool:
        """Spend the code and begin its session, in one step. False: another exchange was first (TK-02), or the user was
        deleted."""
        spent = spent_record(grant)
        user_id, now = session.user_id, session.last_active_at
        keys = [
            *(code_key(code), session_key(user_id, session.id), sessions_key(user_id)),
            *(outbox_key(user_id), user_key(user_id)),
        ]
        arguments: list[Any] = [spent, REMEMBERED, session.id, session.expires_at, session.idle_until]
        step = self._redeem(
            keys=keys, args=[*arguments, *encode([session_created(session)]), *session_fields(session)]
        )
        return bool(await self._outbox.marked(user_id, now, step))

    async def spend(self, code: str, grant: AuthorizationCode, now: int) -> bool:
        """Spend the code of a connection. False: another exchange was first, or the session that asked is over."""
        keys = [code_key(code), session_key(grant.user_id, grant.session_id)]
        return bool(await self._spend(keys=keys, args=[spent_record(grant), REMEMBERED, now]))

    async def kill(self, code: str, grant: AuthorizationCode) -> None:
        """Make an unspent code worthless: somebody showed it with the wrong proof (TK-04, TK-05)."""
        await self._kill(keys=[code_key(code)], args=[msgspec.json.encode(grant)])


def spent_record(grant: AuthorizationCode) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(grant, spent=True))


def code_key(code: str) -> str:
    return f"code:{{user_{code[3:27]}}}:{fingerprint(code)}"
