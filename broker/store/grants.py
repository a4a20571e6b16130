"""The grants: every account's tokens at its provider, sealed, one hash a user and provider, so that a read is one HGETALL.

Each script's head says what it decides. A write is fenced by the version that it began from.
"""

import re
from asyncio import gather, sleep
from collections.abc import AsyncIterator
from enum import Enum
from pathlib import Path
from time import monotonic, time
from typing import NamedTuple

import msgspec
from redis.exceptions import RedisError

from broker.core.events import Event, EventType, happened
from broker.core.grant import SEAL_BROKEN, Grant, Health
from broker.core.identity import ProviderTokens
from broker.store.commands import Commands
from broker.store.outbox import Outbox, encode, outbox_key
from broker.store.sealing import SealBroken, Sealer

SETTLING = 5_000  # milliseconds that a written renewal may take to reach the disk
SCANNED = 500  # keys at a time
SHAPE = re.compile(r"grant:\{(user_[0-9a-f]{24})\}:([a-z0-9_]+)")
PATIENCE = 600.0  # seconds that a provider's answer is held while Redis is away


class Ref(NamedTuple):
    """Which grant: it has a place in Redis, a name that its seals bind (user, connection, account), and a channel."""

    user_id: str
    provider: str
    account_id: str

    @property
    def key(self) -> str:
        return grant_key(self.user_id, self.provider)

    @property
    def name(self) -> str:
        return f"{self.key}:{self.account_id}"

    @property
    def channel(self) -> str:
        return f"woken:{self.name}"


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """What is inside the seal."""

    subject: str
    issued_at: int
    tokens: ProviderTokens


class Turn(Enum):
    """How it stands with the lease one asked for."""

    HELD = b"held"  # ours; nobody asked the provider before us
    INTERRUPTED = b"interrupted"  # ours; somebody asked the provider and never told the answer
    BUSY = b"busy"  # another's
    MOVED = b"moved"  # a newer token stands there
    ENDED = b"ended"  # there is nothing to renew


class Lease(NamedTuple):
    """`ms` is how long another may still hold it (BUSY), or how long ago the lost call began (INTERRUPTED), which was
    made `tries` times. Who holds it gets the refresh token, still sealed."""

    turn: Turn
    ms: int = 0
    tries: int = 0
    sealed: bytes | None = None


class Grants:
    """`read`; then `lease`, `send`, and one of `renew`, `release` and `end`."""

    def __init__(self, redis: Commands, sealer: Sealer, outbox: Outbox) -> None:
        self._redis = redis
        self._sealer = sealer
        self._outbox = outbox
        self._sealed = msgspec.msgpack.Decoder(Sealed)
        folder = Path(__file__).parent
        scripts = ("lease", "send", "renew", "release", "end")
        self._lease, self._send, self._renew, self._release, self._end = (
            redis.register_script((folder / f"grants.{name}.lua").read_text()) for name in scripts
        )

    async def read(self, user_id: str, provider: str) -> list[Grant]:
        """The user's grants at one provider, in one round trip."""
        fields = await self._redis.hgetall(grant_key(user_id, provider))
        accounts = (name[:-8].decode() for name in fields if name.endswith(b":version"))
        return [self._open(Ref(user_id, provider, account_id), fields) for account_id in accounts]

    async def find(self, ref: Ref) -> Grant | None:
        return next((each for each in await self.read(*ref[:2]) if each.account_id == ref.account_id), None)

    def open_refresh_token(self, ref: Ref, lease: Lease) -> str | None:
        """Raises SealBroken."""
        if lease.sealed is None:
            return None
        return self._sealer.open(lease.sealed, f"{ref.name}:refresh").decode()

    async def tokens(self, ref: Ref) -> ProviderTokens | None:
        """All tokens of an account, to give them back. None: there are none. Raises SealBroken."""
        passing, lasting = await self._redis.hmget(ref.key, [ref.account_id, f"{ref.account_id}:refresh"])
        if passing is None:
            return None
        inside = self._sealed.decode(self._sealer.open(passing, ref.name))
        refresh_token = self._sealer.open(lasting, f"{ref.name}:refresh").decode() if lasting else None
        return msgspec.structs.replace(inside.tokens, refresh_token=refresh_token)

    async def of_provider(self, provider: str) -> AsyncIterator[tuple[int, list[Ref]]]:
        """Every grant of a provider, by some hundreds of keys looked at, with their number. It walks all keys: it is for the day of a leak."""
        cursor = -1
        while cursor:
            cursor, names = await self._redis.scan(max(cursor, 0), count=SCANNED)
            found = [SHAPE.fullmatch(name.decode()) for name in names]
            users = [each[1] for each in found if each and each[2] == provider]
            held = await gather(*(self._redis.hkeys(grant_key(user_id, provider)) for user_id in users))
            refs = [
                Ref(user_id, provider, field[:-8].decode())
                for user_id, fields in zip(users, held, strict=True)
                for field in fields
                if field.endswith(b":version")
            ]
            yield len(names), refs

    async def holds_refresh_token(self, ref: Ref) -> bool:
        """Whether there is one that opens and that the provider has not refused."""
        names = [f"{ref.account_id}:refresh", f"{ref.account_id}:status"]
        sealed, status = await self._redis.hmget(ref.key, names)
        if sealed is None or status is not None:
            return False
        try:
            self._sealer.open(sealed, f"{ref.name}:refresh")
        except SealBroken:
            return False
        return True

    async def lease(self, ref: Ref, owner: str, version: int, ms: int, phase: str, *, again: bool) -> Lease:
        """Ask for the right to renew what was read as `version`. `phase` is `sent` where asking the provider twice does
        no harm, and `held` where `send` follows. `again`: also if it was given up."""
        arguments = [ref.account_id, owner, version, ms, phase, int(again)]
        turn, *rest = await self._lease(keys=[ref.key], args=arguments)
        return Lease(Turn(turn), *rest)

    async def send(self, ref: Ref, owner: str, ms: int, tries: int) -> bool:
        """Write down that the provider is asked now, as the `tries`-th call. False: another followed, so do not ask."""
        return bool(await self._send(keys=[ref.key], args=[ref.account_id, owner, ms, tries]))

    async def renew(
        self, ref: Ref, owner: str, earlier: Grant, tokens: ProviderTokens, event: Event, now: int
    ) -> bool:
        """Keep the provider's answer, and return when it is on the disk. False: something newer stands there.

        A Redis that is away is waited for, because the answer cannot be had again: what became of a lost write is
        read, and only a write that is not there is made anew. Raises RedisError when it stays away.
        """
        sealed, lasting = seal_tokens(self._sealer, ref, earlier.subject, tokens, now)
        arguments = [ref.account_id, owner, earlier.version, sealed, lasting, SETTLING, *encode([event])]
        arguments.append(held_by(tokens))
        give_up = monotonic() + PATIENCE
        while True:
            try:
                await self._outbox.mark(ref.user_id, event.created_at)
                kept = await self._redis.durably(self._renew, [ref.key, outbox_key(ref.user_id)], arguments)
                return bool(kept) or await self._redis.hmget(ref.key, [ref.account_id]) == [sealed]
            except RedisError:
                if monotonic() > give_up:
                    raise
                await sleep(0.2)

    async def release(self, ref: Ref, owner: str, word: str, unanswered: int = 0) -> None:
        """Give the lease back and tell those who wait why. `unanswered` calls of earlier holders stay marked."""
        await self._release(keys=[ref.key], args=[ref.account_id, owner, ref.channel, word, unanswered])

    async def end(
        self,
        ref: Ref,
        status: Health,
        reason: str,
        event: Event | None,
        *,
        version: int | None = None,
        owner: str = "",
        erase: str = "",
    ) -> bool:
        """Mark a grant, once. `erase`: `refresh` drops the refresh token, `all` every token, `account` all traces.
        With a `version`: only if that still stands there, no such mark does, and the lease is nobody's or `owner`'s."""
        step = self._end(
            keys=[ref.key, outbox_key(ref.user_id)],
            args=[
                ref.account_id,
                "" if version is None else version,
                f"{status} {reason}",
                ref.channel,
                *(encode([event]) if event else [""]),
                erase,
                owner,
            ],
        )
        done = await (self._outbox.marked(ref.user_id, event.created_at, step) if event else step)
        return bool(done)

    def _open(self, ref: Ref, fields: dict[bytes, bytes]) -> Grant:
        account = ref.account_id.encode()
        status, _, reason = fields.get(account + b":status", b"").decode().partition(" ")
        lease = fields.get(account + b":lease", b"").split()
        grant = Grant(
            account_id=ref.account_id,
            version=int(fields[account + b":version"]),
            tokens=None,
            renewable=account + b":refresh" in fields,
            status=Health(status) if status else None,
            reason=reason or None,
            # The one time that is compared with our own clock: a wrong one costs a wait of seconds, or spares it.
            settling=len(lease) > 2 and lease[2] == b"stored" and int(lease[1]) > time() * 1000,
        )
        if account not in fields:
            return grant
        try:
            inside = self._sealed.decode(self._sealer.open(fields[account], ref.name))
        except SealBroken:
            return msgspec.structs.replace(grant, status=Health.NEEDS_RECONNECT, reason=SEAL_BROKEN)
        return msgspec.structs.replace(
            grant, tokens=inside.tokens, subject=inside.subject, issued_at=inside.issued_at
        )


def connection_event(
    event_type: EventType, ref: Ref, now: int, actor: str, reason: str | None = None
) -> Event:
    """What happened to a connection; `reason` is a short word for programs."""
    about = {"provider": ref.provider, "external_account_id": ref.account_id}
    told = about | ({"reason": reason} if reason else {})
    return happened(event_type, now, actor=actor, user_id=ref.user_id, **told)


def seal_tokens(
    sealer: Sealer, ref: Ref, subject: str, tokens: ProviderTokens, now: int
) -> tuple[bytes, bytes]:
    """The passing tokens and the refresh token, sealed apart: many providers give the latter once, and an answer without
    it keeps the old. The second is empty when there is none."""
    passing = Sealed(subject, now, msgspec.structs.replace(tokens, refresh_token=None))
    sealed = sealer.seal(msgspec.msgpack.encode(passing), ref.name)
    lasting = (tokens.refresh_token or "").encode()
    return sealed, sealer.seal(lasting, f"{ref.name}:refresh") if lasting else b""


def held_by(tokens: ProviderTokens) -> str:
    """What a sign-in's script must know of tokens that it cannot open: whether they end, and their scopes."""
    return " ".join(("lasting" if tokens.expires_at is None else "passing", *tokens.scope))


def grant_key(user_id: str, provider: str) -> str:
    return f"grant:{{{user_id}}}:{provider}"
