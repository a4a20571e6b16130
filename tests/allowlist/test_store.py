"""The list in a real Valkey: what is asked of it, what half-done writes leave, and what it never does."""

import contextlib
import time

import anyio
import msgspec
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from allowlist import (
    Allowlist,
    DuplicateEntry,
    InvalidClientId,
    InvalidPattern,
    RedirectUriNotAllowed,
    UnknownEntry,
)

pytestmark = pytest.mark.anyio
LINK = "https://app.example.com/cb"
APP = "com.example.app:/cb"


@pytest.fixture
def allowlist(redis):
    return Allowlist(redis, development=True)


async def refused(allowlist, client_id, redirect_uri):
    with pytest.raises(RedirectUriNotAllowed) as error:
        await allowlist.verify(client_id, redirect_uri)
    assert error.value.redirect_uri == redirect_uri
    return error.value.reason


def entry_bytes(url, /, client_id="default", **changed):
    entry = {"id": "ru_" + "0" * 28, "url": url, "client_id": client_id, "dev": False, "label": None}
    return msgspec.json.encode(entry | {"created_at": 1, "updated_at": 1} | changed)


async def test_added_entry_is_told_as_given(allowlist):
    """An entry keeps what it was made with, under an id of its own, and can be read back by it."""
    entry = await allowlist.add(
        LINK, client_id="c1", development=True, label="Android", now_ms=1_790_000_000_000
    )
    assert entry.id.startswith("ru_")
    assert (entry.url, entry.client_id, entry.development, entry.label) == (LINK, "c1", True, "Android")
    assert entry.created_at == entry.updated_at == 1_790_000_000_000
    assert await allowlist.get(entry.id) == entry


async def test_ru_05_clients_are_apart(allowlist):
    """An entry of one client is useless to another, and both may have the same URL."""
    await allowlist.add(LINK, client_id="a", now_ms=1)
    await refused(allowlist, "b", LINK)
    await allowlist.add(LINK, client_id="b", now_ms=2)
    await allowlist.verify("b", LINK)


async def test_ru_05_entry_copied_to_another_client(allowlist, redis):
    """An entry's bytes copied by hand into another client's list admit nothing there."""
    await redis.hset("allowlist:{b}", LINK, entry_bytes(LINK, client_id="a"))
    await refused(allowlist, "b", LINK)


async def test_ru_07_removed_entry(allowlist):
    """An address stops being admitted the moment its entry is removed."""
    entry = await allowlist.add(LINK, now_ms=1)
    await allowlist.verify("default", LINK)
    assert await allowlist.remove(entry.id) == entry
    await refused(allowlist, "default", LINK)


async def test_ru_10_development_gate(allowlist, redis):
    """A development entry is dead on a server that is not in development mode, an ordinary one is not."""
    await allowlist.add("exp://192.168.1.20:*/--/cb", development=True, now_ms=1)
    await allowlist.add(LINK, development=True, now_ms=1)
    await allowlist.add(APP, now_ms=1)
    production = Allowlist(redis, development=False)
    await refused(production, "default", "exp://192.168.1.20:8081/--/cb")
    await refused(production, "default", LINK)
    await production.verify("default", APP)
    assert "not in development mode" in (await production.explain("default", LINK)).reason


async def test_short_schemes_refused(allowlist, redis):
    """Where the operator refuses schemes without a dot, they cannot be added and those already there are
    dead."""
    await allowlist.add("myapp://cb", now_ms=1)
    strict = Allowlist(redis, development=True, refuse_short_schemes=True)
    await refused(strict, "default", "myapp://cb")
    with pytest.raises(InvalidPattern):
        await strict.add("myapp://other", now_ms=2)
    assert "schemes without a dot" in (await strict.explain("default", "myapp://cb")).reason


async def test_d_10_one_command(allowlist, redis):
    """A match is one HMGET and nothing else, however many entries there are; a text that is no URL costs
    none."""
    await allowlist.add("exp://*.exp.direct:*/--/cb", development=True, now_ms=1)
    for number in range(100):
        await allowlist.add(f"{LINK}/{number}", now_ms=number)
    await redis.config_resetstat()
    await allowlist.verify("default", "exp://x1.exp.direct:80/--/cb")
    await refused(allowlist, "default", LINK)
    await refused(allowlist, "default", "javascript:alert(1)")
    stats = await redis.info("commandstats")
    asked = {name: one["calls"] for name, one in stats.items()}
    assert asked.pop("cmdstat_hmget") == 2
    assert asked.keys() <= {"cmdstat_config|resetstat", "cmdstat_info"}


@pytest.mark.parametrize("client_id", ["", "a b", "a}", "{a}:rows", "a:b", "a" * 65, "\u00e9", "a\n"])
async def test_client_id_cannot_leave_its_slot(allowlist, client_id):
    """A client id that could name another key is refused by each verb, and admits nothing."""
    await refused(allowlist, client_id, LINK)
    for call in (allowlist.add(LINK, client_id=client_id, now_ms=1), allowlist.list(client_id)):
        with pytest.raises(InvalidClientId):
            await call


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"1",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        entry_bytes(LINK)[:-1],
        entry_bytes(LINK, url=APP),
        entry_bytes(LINK, dev="false"),
        entry_bytes(LINK, url=7),
        entry_bytes(LINK, url="https://*/cb"),
    ],
)
async def test_ru_02_unreadable_entry(allowlist, redis, stored):
    """What stands in Redis and cannot be read, or says something else than its key, admits nothing; adding
    heals it."""
    await redis.hset("allowlist:{default}", LINK, stored)
    await refused(allowlist, "default", LINK)
    await allowlist.add(LINK, now_ms=1)
    await allowlist.verify("default", LINK)


async def test_unreachable_redis():
    """When Redis cannot be reached the error is Redis's own and nothing is admitted."""
    nowhere = Redis(unix_socket_path="/nonexistent/socket", retry=Retry(NoBackoff(), 0))
    with pytest.raises(RedisConnectionError):
        await Allowlist(nowhere, development=True).verify("default", LINK)
    await nowhere.aclose()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LINK, LINK),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1/cb"),
        ("http://[::1]/cb", "http://[::1]:5000/cb"),
    ],
)
async def test_duplicate(allowlist, first, second):
    """An entry that admits the same addresses as another is refused, and the refusal names the one that is
    there."""
    existing = await allowlist.add(first, now_ms=1)
    with pytest.raises(DuplicateEntry, match=existing.id) as error:
        await allowlist.add(second, development=True, now_ms=2)
    assert error.value.existing == existing
    assert await allowlist.list() == ([existing], 1)


async def test_fifty_add_the_same(allowlist, monkeypatch):
    """Of fifty who add one URL at once, all past the first look, one succeeds and the list has one entry."""
    made, waiting, go = [], [], anyio.Event()
    write = allowlist._add

    async def together(*arguments):
        waiting.append(arguments)
        if len(waiting) == 50:
            go.set()
        await go.wait()
        return await write(*arguments)

    async def add():
        with contextlib.suppress(DuplicateEntry):
            made.append(await allowlist.add(LINK, now_ms=1))

    monkeypatch.setattr(allowlist, "_add", together)
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(add)
    assert await allowlist.list() == (made, 1)
    assert len(made) == 1


async def test_removing_an_entry_that_moves(allowlist, monkeypatch):
    """An entry whose URL changes while it is being removed is removed all the same."""
    entry = await allowlist.add(LINK, now_ms=1)
    remove = allowlist._remove

    async def moved_first(*arguments):
        monkeypatch.undo()
        await allowlist.update(entry.id, url=APP, now_ms=2)
        return await remove(*arguments)

    monkeypatch.setattr(allowlist, "_remove", moved_first)
    assert (await allowlist.remove(entry.id)).url == APP
    await refused(allowlist, "default", APP)
    assert await allowlist.list("default") == await allowlist.list() == ([], 0)


async def test_update_moves_the_entry(allowlist):
    """A changed URL admits the new address and no more the old one; id, client and time of creation stay."""
    entry = await allowlist.add(LINK, client_id="c", label="x", now_ms=1)
    changed = await allowlist.update(entry.id, url=APP, now_ms=5)
    assert (changed.id, changed.client_id, changed.label, changed.created_at) == (entry.id, "c", "x", 1)
    assert changed.updated_at == 5
    await allowlist.verify("c", APP)
    await refused(allowlist, "c", LINK)
    assert await allowlist.get(entry.id) == changed
    assert await allowlist.list("c") == ([changed], 1)


async def test_update_keeps_what_is_not_given(allowlist):
    """A label alone can be changed and taken away again."""
    entry = await allowlist.add(LINK, now_ms=1)
    assert (await allowlist.update(entry.id, label="Web", now_ms=2)).label == "Web"
    assert (await allowlist.update(entry.id, development=True, now_ms=3)).label == "Web"
    assert (await allowlist.update(entry.id, label=None, now_ms=4)).label is None
    assert (await allowlist.get(entry.id)).url == LINK


async def test_refused_update_changes_nothing(allowlist):
    """An update to an invalid URL or to another entry's leaves the entry as it was."""
    entry, other = await allowlist.add(LINK, now_ms=1), await allowlist.add(APP, now_ms=2)
    with pytest.raises(InvalidPattern):
        await allowlist.update(entry.id, url="https://*/cb", label="x", now_ms=3)
    with pytest.raises(DuplicateEntry, match=other.id):
        await allowlist.update(entry.id, url=APP, label="x", now_ms=3)
    assert await allowlist.list() == ([entry, other], 2)


async def test_expo_entry_cannot_lose_its_flag(allowlist):
    """The development flag of an Expo entry cannot be taken away, since the entry would then be refused."""
    entry = await allowlist.add("exp://10.0.0.1", development=True, now_ms=1)
    with pytest.raises(InvalidPattern):
        await allowlist.update(entry.id, development=False, now_ms=2)


async def test_update_is_never_half_done(allowlist, redis):
    """While an entry moves to and fro, one of its two addresses is admitted at every moment, and never both."""
    entry = await allowlist.add(LINK, now_ms=1)
    seen = set()

    async def watch():
        while True:
            seen.add(frozenset(name.decode() for name in await redis.hkeys("allowlist:{default}")))

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        for number in range(100):
            await allowlist.update(entry.id, url=(APP, LINK)[number % 2], now_ms=number)
        group.cancel_scope.cancel()
    assert seen == {frozenset({LINK}), frozenset({APP})}


async def test_concurrent_updates_all_count(allowlist):
    """Two fields changed at once by two administrators are both changed."""
    entry = await allowlist.add(LINK, now_ms=1)
    for number in range(20):
        async with anyio.create_task_group() as group:
            for change in (
                {"label": str(number)},
                {"development": number % 2 == 0},
                {"url": f"{LINK}/{number}"},
            ):
                group.start_soon(lambda change=change: allowlist.update(entry.id, **change, now_ms=2))
        found = await allowlist.get(entry.id)
        assert (found.label, found.development, found.url) == (
            str(number),
            number % 2 == 0,
            f"{LINK}/{number}",
        )


async def test_update_over_rubbish(allowlist, redis):
    """A URL whose key is blocked by something unreadable can still be moved to."""
    entry = await allowlist.add(LINK, now_ms=1)
    await redis.hset("allowlist:{default}", APP, b"rubbish")
    await allowlist.update(entry.id, url=APP, now_ms=2)
    await allowlist.verify("default", APP)


@pytest.mark.parametrize(
    "entry_id", ["ru_" + "0" * 28, "", "ru_", "[", "ru_0 x", "ru_" + "0" * 27 + "\n", "RU_" + "0" * 28]
)
async def test_unknown_id(allowlist, entry_id):
    """An id that is no entry's, or no id, is unknown to each verb."""
    for call in (allowlist.get(entry_id), allowlist.remove(entry_id), allowlist.update(entry_id, now_ms=1)):
        with pytest.raises(UnknownEntry):
            await call


async def test_pages(allowlist):
    """A page shows the entries by age, of one client or of all, with the total of that list."""
    made = [await allowlist.add(f"{LINK}/{n}", client_id="ab"[n % 2], now_ms=n) for n in range(7)]
    assert await allowlist.list(offset=2, limit=3) == (made[2:5], 7)
    assert await allowlist.list("b", offset=1, limit=10) == (made[3::2], 3)
    assert await allowlist.list("nobody") == ([], 0)
    assert await allowlist.list(offset=7) == ([], 7)


class CutConnection(Redis):
    """A client that dies at the chosen write."""

    dies_at = ""

    async def execute_command(self, *arguments, **options):
        if arguments[0] == self.dies_at:
            raise RedisConnectionError("cut")
        return await super().execute_command(*arguments, **options)


@pytest.fixture
async def cut(valkey_socket, redis):
    client = CutConnection(unix_socket_path=valkey_socket)
    yield client
    await client.aclose()


async def test_crash_while_adding(allowlist, cut, redis):
    """A crash before the entry itself is written leaves a row that admits nothing, is not listed, and is
    swept away."""
    cut.dies_at = "EVALSHA"
    with pytest.raises(RedisConnectionError):
        await Allowlist(cut, development=True).add(LINK, now_ms=1)
    assert await redis.zcard("allowlist:rows") == 1
    await refused(allowlist, "default", LINK)
    assert await allowlist.list() == ([], 0)
    assert await redis.zcard("allowlist:rows") == 0
    await allowlist.add(LINK, now_ms=2)


async def test_crash_while_removing(allowlist, cut, redis):
    """A crash after the entry itself is gone leaves an address that is refused and a row that is swept away."""
    entry = await allowlist.add(LINK, now_ms=1)
    cut.dies_at = "ZREM"
    with pytest.raises(RedisConnectionError):
        await Allowlist(cut, development=True).remove(entry.id)
    await refused(allowlist, "default", LINK)
    with pytest.raises(UnknownEntry):
        await allowlist.get(entry.id)
    assert await redis.zcard("allowlist:rows") == 1
    assert await allowlist.list() == ([], 0)
    assert await redis.keys("allowlist*") == []


async def test_listing_between_the_writes(allowlist, redis, monkeypatch):
    """A listing leaves alone the row of an entry that is being added at that moment."""
    write = allowlist._add

    async def listed_first(*arguments):
        assert (await allowlist.list())[0] == []
        return await write(*arguments)

    monkeypatch.setattr(allowlist, "_add", listed_first)
    entry = await allowlist.add(LINK, now_ms=time.time_ns() // 1_000_000)
    assert await allowlist.list() == ([entry], 1)


async def test_duplicate_of_an_entry_that_moves(allowlist, redis):
    """An entry whose URL changes while a duplicate of its old one is refused can still be found by its id."""
    entry = await allowlist.add(LINK, now_ms=1)
    stored = await redis.hget("allowlist:{default}", LINK)
    moved = await allowlist.update(entry.id, url="https://zzz.example/", now_ms=2)
    with pytest.raises(DuplicateEntry):
        await allowlist._refuse_duplicate("default", LINK, stored)
    assert await allowlist.list() == ([moved], 1)
    assert await allowlist.get(entry.id) == moved


async def test_entry_planted_without_rows(allowlist, redis):
    """A valid entry put into Redis by hand counts, and adding it again makes it visible to administrators."""
    await redis.hset("allowlist:{default}", LINK, entry_bytes(LINK))
    await allowlist.verify("default", LINK)
    assert await allowlist.list() == ([], 0)
    with pytest.raises(DuplicateEntry) as error:
        await allowlist.add(LINK, now_ms=1)
    assert await allowlist.list() == ([error.value.existing], 1)
    await allowlist.remove(error.value.existing.id)
    await refused(allowlist, "default", LINK)


async def test_explain_looks_beyond_its_bound(allowlist, redis):
    """The entry that admits an address is explained even if it is not among the oldest 250."""
    async with redis.pipeline(transaction=False) as many:
        for number in range(1500):
            url = f"{LINK}/{number}"
            many.hset("allowlist:{default}", url, entry_bytes(url))
            many.zadd("allowlist:{default}:rows", {f"ru_{number:028x} {url}": 0})
        await many.execute()
    found = await allowlist.explain("default", f"{LINK}/1499")
    assert found.allowed
    assert found.entry.url == f"{LINK}/1499"
    assert not (await allowlist.explain("default", f"{LINK}/1500")).allowed
