"""The list itself, in Redis.

    allowlist:{<client id>}        hash        lookup key -> entry: what a match reads, and all that it reads
    allowlist:{<client id>}:rows   sorted set  `<id> <lookup key>`: the client's entries by age
    allowlist:rows                 sorted set  `<id> <client id>`: all entries by age

The first two share a slot and change together, in one script. The third may live on another node: it is
written before an entry appears and after it is gone, so an entry that works is always listed. A row that a
crash left without its entry means nothing, and a listing sweeps it away when it is old enough to be no
addition under way.
"""

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import EllipsisType
from typing import NamedTuple

import msgspec
from redis.asyncio import Redis, RedisCluster
from redis.commands.core import AsyncScript

from allowlist.allowed import AllowedRedirectUri
from allowlist.entry import Entry, new_id, read_entry, write_entry
from allowlist.errors import (
    DuplicateEntry,
    InvalidClientId,
    InvalidPattern,
    InvalidRedirectUri,
    RedirectUriNotAllowed,
    UnknownEntry,
)
from allowlist.explanation import Explanation, explain
from allowlist.pattern import Pattern, lookup_keys
from allowlist.redirect_uri import RedirectUri

DEFAULT_CLIENT = "default"
ALL_ROWS = "allowlist:rows"
EXPLAINED_ENTRIES = (
    250  # some 10 ms of work, which anyone may cause; the decision itself looks at four at most
)
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MADE_AT = re.compile(rb"ru_([0-9a-f]{12})")
SETTLED_AFTER_MS = 60_000
ENTRY_ID = re.compile(r"ru_[0-9a-f]{28}")


class Standing(NamedTuple):
    """An entry as it was read: the key it stands under and its exact bytes, for changing it only if it is
    still so."""

    key: str
    stored: bytes
    entry: Entry


class Allowlist:
    """Where the apps of each client may be sent. Errors of the connection are Redis's own and are not caught
    here: whoever asks lets nothing through then."""

    def __init__(
        self, redis: Redis | RedisCluster, *, development: bool, refuse_short_schemes: bool = False
    ) -> None:
        self._redis = redis
        self._development = development
        self._refuse_short_schemes = refuse_short_schemes
        self._add = script(redis, "add")
        self._find = script(redis, "find")
        self._replace = script(redis, "replace")
        self._remove = script(redis, "remove")

    async def verify(self, client_id: str, redirect_uri: str) -> AllowedRedirectUri:
        """The proof that the client's apps may be sent to this address (RFC 9700 section 4.1.3). Costs one
        HMGET.

        Raises RedirectUriNotAllowed. What stands in Redis is checked again as if it were written now: an
        entry put there by other hands, or under older rules, admits nothing that could not be added today.
        """
        try:
            candidate = RedirectUri.parse(redirect_uri)
            entries = await self._under(client_id, lookup_keys(candidate))
        except (InvalidRedirectUri, InvalidClientId) as error:
            raise RedirectUriNotAllowed(redirect_uri, error.reason) from None
        if not any(self._admits(entry, candidate) for entry in entries):
            raise RedirectUriNotAllowed(redirect_uri, "no entry of this client admits the address")
        return AllowedRedirectUri(candidate.text, candidate.scheme)

    async def explain(self, client_id: str, redirect_uri: str) -> Explanation:
        """Which entry admits the address, or the nearest of the oldest 250 and the one reason. Decides
        nothing. Raises InvalidClientId."""
        keys = [
            parts(name)[1] for name in await self._rows(keys_of(client_id).rows, 0, EXPLAINED_ENTRIES - 1)
        ]
        return explain(
            redirect_uri,
            await self._under(client_id, [*keys_for(redirect_uri), *keys]),
            development=self._development,
            refuse_short_schemes=self._refuse_short_schemes,
        )

    async def add(
        self,
        url: str,
        *,
        client_id: str = DEFAULT_CLIENT,
        development: bool = False,
        label: str | None = None,
        now_ms: int,
    ) -> Entry:
        """Put a URL on the client's list. Raises InvalidClientId, InvalidPattern, DuplicateEntry."""
        keys, pattern = keys_of(client_id), self._pattern(url, development=development)
        await self._refuse_duplicate(
            client_id, pattern.key, await self._redis.hget(keys.entries, pattern.key)
        )
        entry = Entry(
            id=new_id(now_ms),
            url=url,
            client_id=client_id,
            development=development,
            label=label,
            created_at=now_ms,
            updated_at=now_ms,
        )
        await self._list(entry)
        name, stored = row(entry.id, pattern.key), write_entry(entry)
        while taken := await self._add(keys, [pattern.key, stored, name]):
            await self._refuse_duplicate(client_id, pattern.key, taken)
        return entry

    async def get(self, entry_id: str) -> Entry:
        """Raises UnknownEntry."""
        return (await self._standing(entry_id)).entry

    async def update(
        self,
        entry_id: str,
        *,
        url: str | EllipsisType = ...,
        development: bool | EllipsisType = ...,
        label: str | EllipsisType | None = ...,
        now_ms: int,
    ) -> Entry:
        """Change what is given and keep the rest, in one step. Raises UnknownEntry, InvalidPattern,
        DuplicateEntry."""
        given = {"url": url, "development": development, "label": label}
        changes = {name: value for name, value in given.items() if value is not ...}
        while True:
            old = await self._standing(entry_id)
            new = msgspec.structs.replace(old.entry, **changes, updated_at=now_ms)
            key = self._pattern(new.url, development=new.development).key
            answer = await self._replace(
                keys_of(new.client_id),
                [old.key, old.stored, row(entry_id, old.key), key, write_entry(new), row(entry_id, key)],
            )
            if answer == 1:
                return new
            if answer != 0:
                await self._refuse_duplicate(new.client_id, key, answer)

    async def remove(self, entry_id: str) -> Entry:
        """Take an entry off the list; it admits nothing from here on. Answers what it was. Raises
        UnknownEntry."""
        while True:
            key, stored, entry = await self._standing(entry_id)
            if await self._remove(keys_of(entry.client_id), [key, stored, row(entry_id, key)]):
                await self._redis.zrem(ALL_ROWS, row(entry_id, entry.client_id))
                return entry

    async def list(
        self, client_id: str | None = None, *, offset: int = 0, limit: int = 10
    ) -> tuple[Sequence[Entry], int]:
        """One page of the entries of one client or of all, the oldest first, and their total. `limit` is at
        least 1. Raises InvalidClientId."""
        index = ALL_ROWS if client_id is None else keys_of(client_id).rows
        while True:
            rows = await self._rows(index, offset, offset + max(limit, 1) - 1)
            entries = await self._entries_of(client_id, rows)
            dangling = [name for name, entry in entries.items() if entry is None and is_settled(name)]
            if not dangling:
                return [entry for entry in entries.values() if entry], await self._redis.zcard(index)
            await self._redis.zrem(index, *dangling)

    def _pattern(self, url: str, *, development: bool) -> Pattern:
        return Pattern.parse(url, development=development, refuse_short_schemes=self._refuse_short_schemes)

    def _admits(self, entry: Entry, candidate: RedirectUri) -> bool:
        if entry.development and not self._development:
            return False
        try:
            return self._pattern(entry.url, development=entry.development).matches(candidate)
        except InvalidPattern:
            return False

    async def _under(self, client_id: str, keys: Sequence[str]) -> Sequence[Entry]:
        """The client's readable entries under these keys."""
        stored = await self._redis.hmget(keys_of(client_id).entries, keys) if keys else []
        return [entry for entry in map(read_entry, stored) if entry and entry.client_id == client_id]

    async def _list(self, entry: Entry) -> None:
        await self._redis.zadd(ALL_ROWS, {row(entry.id, entry.client_id): 0})

    async def _refuse_duplicate(self, client_id: str, key: str, stored: bytes | str | None) -> None:
        """Raise DuplicateEntry if an entry stands there, and remove what only blocks the key and admits
        nothing.

        The entry may have been put there by hand, so its rows are written again: else nobody could find it by
        its id.
        """
        if stored is None:
            return
        entry, keys = read_entry(stored), keys_of(client_id)
        if entry and entry.client_id == client_id and entry.pattern and entry.pattern.key == key:
            same = [key, stored, row(entry.id, key)]
            await self._replace(keys, same * 2)
            await self._list(entry)
            raise DuplicateEntry(entry)
        await self._remove(keys, [key, stored, ""])

    async def _rows(
        self, index: str, start: int | str, end: int | str, *, bylex: bool = False
    ) -> Sequence[bytes]:
        found = await self._redis.zrange(index, start, end, bylex=bylex)
        return [name for name in found if isinstance(name, bytes)]

    async def _standing(self, entry_id: str) -> Standing:
        if not ENTRY_ID.fullmatch(entry_id):
            raise UnknownEntry(entry_id)
        for name in await self._rows(ALL_ROWS, f"[{entry_id} ", f"({entry_id}!", bylex=True):
            standing = await self._find_all(parts(name)[1], [entry_id])
            if entry_id in standing:
                return standing[entry_id]
        raise UnknownEntry(entry_id)

    async def _entries_of(self, client_id: str | None, rows: Iterable[bytes]) -> dict[bytes, Entry | None]:
        """The entry of each row, or None where it has none. Rows of all clients take one step a client."""
        ids_by_client = defaultdict(list)
        for name in rows:
            entry_id, place = parts(name)
            ids_by_client[client_id or place].append(entry_id)
        found: dict[str, Standing] = {}
        for owner, ids in ids_by_client.items():
            found |= await self._find_all(owner, ids)
        return {name: one.entry if (one := found.get(parts(name)[0])) else None for name in rows}

    async def _find_all(self, client_id: str, ids: Sequence[str]) -> dict[str, Standing]:
        answer = await self._find(keys_of(client_id), ids)
        found = {}
        for entry_id, key, stored in zip(ids, answer[::2], answer[1::2], strict=True):
            entry = read_entry(stored)
            if entry and (entry.id, entry.client_id) == (entry_id, client_id):
                found[entry_id] = Standing(key.decode(), stored, entry)
        return found


class Keys(NamedTuple):
    """The two keys of one client's list, in the order the scripts take them."""

    entries: str
    rows: str


def keys_of(client_id: str) -> Keys:
    """Raises InvalidClientId: a brace in it would end the hash tag and a colon could name another key."""
    if not CLIENT_ID.fullmatch(client_id):
        raise InvalidClientId
    return Keys(f"allowlist:{{{client_id}}}", f"allowlist:{{{client_id}}}:rows")


def keys_for(redirect_uri: str) -> tuple[str, ...]:
    try:
        return lookup_keys(RedirectUri.parse(redirect_uri))
    except InvalidRedirectUri:
        return ()


def row(entry_id: str, place: str) -> str:
    return f"{entry_id} {place}"


def parts(name: bytes) -> tuple[str, str]:
    entry_id, _, place = name.decode(errors="replace").partition(" ")
    return entry_id, place


def is_settled(name: bytes) -> bool:
    """Whether a row is older than any addition still under way. An id starts with the time it was made at."""
    made = MADE_AT.match(name)
    return made is None or int(made[1], 16) < time.time_ns() // 1_000_000 - SETTLED_AFTER_MS


def script(redis: Redis | RedisCluster, verb: str) -> AsyncScript:
    return redis.register_script(Path(__file__).with_name(f"store.{verb}.lua").read_text())
