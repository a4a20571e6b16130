"""Revocations still owed to providers: written down before a grant is erased, so that a provider that is down, or a crash
of ours, leaves nothing alive there for good. The tokens in them are sealed."""

from asyncio import gather
from pathlib import Path

import msgspec
import structlog

from broker.core.identity import ProviderTokens
from broker.core.opaque import new_id
from broker.store.commands import Commands
from broker.store.grants import Ref
from broker.store.sealing import SealBroken, Sealer

log = structlog.get_logger()

INDEX = "revocations"
LEASE = 60  # seconds for one attempt, whoever makes it
KEPT = 8 * 86_400  # seconds; the last attempt is made earlier


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """Which tokens, at which provider, and how often it was tried."""

    id: str
    provider: str
    user_id: str
    account_id: str
    tokens: ProviderTokens
    tries: int = 0


class Revocations:
    """`owe` one, `claim` those that are due, then `settle` or `postpone`."""

    def __init__(self, redis: Commands, sealer: Sealer) -> None:
        self._redis = redis
        self._sealer = sealer
        self._claim = redis.register_script(Path(__file__).with_name("claim.lua").read_text())

    async def owe(self, ref: Ref, tokens: ProviderTokens, due: int) -> Revocation:
        """Due after a lease for one who tries at once and settles it himself, due now for one who leaves it to the
        leader."""
        owed = Revocation(id=new_id("rev"), **ref._asdict(), tokens=tokens)
        await self.keep(owed, due)
        return owed

    async def claim(self, now: int, most: int) -> list[Revocation]:
        """Those that are due; nobody else gets them for a minute. One that does not open holds up no other."""
        ids = [each.decode() for each in await self._claim(keys=[INDEX], args=[now, most, now + LEASE])]
        found = await gather(*(self._redis.get(revocation_key(each)) for each in ids))
        gone = [each for each, sealed in zip(ids, found, strict=True) if sealed is None]
        await gather(*(self._redis.zrem(INDEX, each) for each in gone))
        pairs = zip(ids, found, strict=True)
        opened = [self._open(each, sealed) for each, sealed in pairs if sealed is not None]
        return [each for each in opened if each]

    async def settle(self, owed: Revocation) -> None:
        """It is done, or given up."""
        await gather(self._redis.zrem(INDEX, owed.id), self._redis.delete(revocation_key(owed.id)))

    async def postpone(self, owed: Revocation, until: int) -> None:
        await self.keep(msgspec.structs.replace(owed, tries=owed.tries + 1), until)

    async def keep(self, owed: Revocation, due: int) -> None:
        """Write it as it is now, due then."""
        key = revocation_key(owed.id)
        sealed = self._sealer.seal(msgspec.msgpack.encode(owed), key)
        await gather(self._redis.zadd(INDEX, {owed.id: due}), self._redis.set(key, sealed, ex=KEPT))

    def _open(self, revocation_id: str, sealed: bytes) -> Revocation | None:
        try:
            opened = self._sealer.open(sealed, revocation_key(revocation_id))
        except SealBroken:
            log.warning("record_broken", drawer="revocation", id=revocation_id)
            return None
        return msgspec.msgpack.decode(opened, type=Revocation)


def revocation_key(revocation_id: str) -> str:
    return f"revocation:{{{revocation_id}}}"
