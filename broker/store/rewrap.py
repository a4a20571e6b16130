"""Rewrapping: whatever an older key of the ring sealed is sealed anew with the newest, beside the running brokers.

It walks Redis with SCAN and not an index: SCAN meets every record that stands there from beginning to end, one that an
index has lost too. The price is a look at the name of every key. Each value is replaced only if it is still the one
that was read, so a refresh at the same moment wins. Flows of ten minutes are rewrapped like the rest: waiting for them
would be one more thing to know.
"""

import re
from asyncio import gather
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from broker.store.commands import Commands
from broker.store.sealing import SealBroken, Sealer, key_id_of

POSITION = "rewrap"
BATCH = 500  # keys
SHOWN = 20  # names of broken records


class Place(NamedTuple):
    """Where sealed bytes stand: in the fields of a hash that match, in a part of a JSON record, or alone in a string."""

    fields: re.Pattern[str] | None = None
    part: str | None = None


# Every drawer that seals, by what its keys begin with. The seal's name is the key, and for a hash `key:field`.
PLACES = {
    b"grant:": Place(fields=re.compile(r"eac_[0-9a-f]{24}(:refresh)?")),
    b"provider:": Place(part="credentials"),
    b"webhook:": Place(part="secrets"),
    b"revocation:": Place(),
    b"admin_session:": Place(),
    b"pending:": Place(),
    b"pushed:": Place(),
    b"return:": Place(),
    b"proof:": Place(),
    b"arrived:": Place(),
    b"challenge:": Place(),
    b"account_ticket:": Place(),
    b"account_arrival:": Place(),
    b"account_session:": Place(fields=re.compile("record")),
    b"attempt:": Place(),
    b"failure:": Place(),
}


class Found(NamedTuple):
    """One sealed value, as it was read. `field` is empty when it is a string."""

    key: str
    field: str
    raw: bytes
    part: str | None

    @property
    def name(self) -> str:
        return f"{self.key}:{self.field}" if self.field else self.key

    @property
    def sealed(self) -> bytes:
        """Empty where it is not to be found, which no key opens."""
        if self.part is None:
            return self.raw
        try:
            return b64decode(msgspec.json.decode(self.raw)[self.part])
        except (msgspec.DecodeError, LookupError, TypeError, ValueError):
            return b""

    def with_sealed(self, sealed: bytes) -> bytes:
        """The value with `sealed` in its place. Decoded without a type: what a newer version wrote there stays."""
        if self.part is None:
            return sealed
        return msgspec.json.encode(msgspec.json.decode(self.raw) | {self.part: b64encode(sealed).decode()})


class Position(msgspec.Struct, frozen=True):
    """How far a walk has come. A cursor of SCAN means something to the server process that gave it, and to no other."""

    server: str
    newest: str
    started_at: int
    cursor: int = 0
    keys: int = 0
    broken: int = 0


class Rewrapping:
    """One walk. `by_key` counts the sealed records by the key that they were found under."""

    def __init__(self, redis: Commands, sealer: Sealer) -> None:
        self._redis = redis
        self._sealer = sealer
        self._swap = redis.register_script(Path(__file__).with_name("rewrap.swap.lua").read_text())
        self.by_key: Counter[str] = Counter()
        self.rewrapped = 0
        self.broken: list[str] = []  # the first names; Position counts all

    async def begin(self, now: int) -> Position:
        """Where an earlier walk of the same server to the same key was interrupted, or the beginning."""
        server = str((await self._redis.info("server")).get("run_id"))
        fresh = Position(server, self._sealer.newest, now)
        stored = await self._redis.get(POSITION)
        earlier = msgspec.json.decode(stored, type=Position) if stored else fresh
        return earlier if (earlier.server, earlier.newest) == (server, fresh.newest) else fresh

    async def walk(
        self, position: Position, batch: int = BATCH, *, dry: bool = False
    ) -> AsyncIterator[Position]:
        """Go on from `position`; each step is one batch. The last has cursor 0. `dry` only counts."""
        while True:
            cursor, keys = await self._redis.scan(position.cursor, count=batch)
            broken = await self._rewrap([found async for found in self._sealed_in(keys)], dry=dry)
            position = msgspec.structs.replace(
                position, cursor=cursor, keys=position.keys + len(keys), broken=position.broken + broken
            )
            if not dry:
                await self._remember(position)
            yield position
            if not cursor:
                return

    async def _remember(self, position: Position) -> None:
        if position.cursor:
            await self._redis.set(POSITION, msgspec.json.encode(position))
        else:
            await self._redis.delete(POSITION)

    async def _sealed_in(self, keys: list[bytes]) -> AsyncIterator[Found]:
        known = [(key.decode(), PLACES[kind]) for key in keys if (kind := key.partition(b"{")[0]) in PLACES]
        values = await gather(*(self._read(key, place) for key, place in known))
        for (key, place), value in zip(known, values, strict=True):
            for found in sealed_values(key, place, value):
                yield found

    async def _read(self, key: str, place: Place) -> dict[bytes, bytes] | bytes | None:
        return await (self._redis.hgetall(key) if place.fields else self._redis.get(key))

    async def _rewrap(self, batch: list[Found], *, dry: bool) -> int:
        """How many do not open."""
        self.by_key.update(key_id_of(found.sealed) for found in batch)
        if dry:
            return 0
        older = [found for found in batch if key_id_of(found.sealed) != self._sealer.newest]
        done = await gather(*(self._replace(found) for found in older))
        self.rewrapped += done.count(True)
        return done.count(None)

    async def _replace(self, found: Found) -> bool | None:
        """None: it does not open, and stays as it is. False: it was written anew meanwhile, with its writer's newest."""
        try:
            anew = self._sealer.rewrap(found.sealed, found.name)
        except SealBroken:
            self.broken = [*self.broken, found.name][:SHOWN]
            return None
        return bool(
            await self._swap(keys=[found.key], args=[found.raw, found.with_sealed(anew), found.field])
        )


def sealed_values(key: str, place: Place, value: dict[bytes, bytes] | bytes | None) -> Iterator[Found]:
    """Nothing where a record has just gone."""
    if isinstance(value, dict):
        fields = {name.decode(): raw for name, raw in value.items()}
        for field, raw in fields.items():
            if place.fields and place.fields.fullmatch(field):
                yield Found(key, field, raw, None)
    elif value is not None:
        yield Found(key, "", value, place.part)
