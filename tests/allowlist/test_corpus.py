"""The whole redirect corpus, through the store and a real Valkey."""

import msgspec
import pytest

from allowlist import Allowlist, InvalidPattern, RedirectUri, RedirectUriNotAllowed, lookup_keys
from allowlist.errors import InvalidRedirectUri
from tests.allowlist.corpus import CASES

pytestmark = pytest.mark.anyio


def named(expect):
    return pytest.mark.parametrize("case", [c for c in CASES if c.expect == expect], ids=lambda case: case.id)


async def add_all(allowlist, case):
    for now_ms, item in enumerate(case.allow):
        await allowlist.add(item.url, development=item.development, now_ms=now_ms)


async def plant(redis, item, candidate):
    """Write an entry by hand under every key a look-up for the candidate could ask for."""
    entry = {"id": "ru_1", "url": item.url, "client_id": "default", "dev": item.development, "label": None}
    stored = msgspec.json.encode(entry | {"created_at": 1, "updated_at": 1})
    try:
        keys = lookup_keys(RedirectUri.parse(candidate))
    except InvalidRedirectUri:
        keys = ()
    for key in {candidate, item.url, *keys}:
        await redis.hset("allowlist:{default}", key.encode("utf-8", "surrogatepass"), stored)


def test_corpus_is_whole():
    """All 666 cases are there, each under an id of its own."""
    assert len({case.id for case in CASES}) == 666


@named("match")
async def test_ru_01_match(redis, case):
    """An address that an entry admits is verified, and what comes back is its exact text."""
    allowlist = Allowlist(redis, development=True)
    await add_all(allowlist, case)
    assert (await allowlist.verify("default", case.candidate)).text == case.candidate
    assert (await allowlist.explain("default", case.candidate)).allowed


@named("reject")
async def test_ru_01_reject(redis, case):
    """An address that no entry admits is refused, and the explanation names the nearest entry and one reason."""
    allowlist = Allowlist(redis, development=True)
    await add_all(allowlist, case)
    with pytest.raises(RedirectUriNotAllowed):
        await allowlist.verify("default", case.candidate)
    explanation = await allowlist.explain("default", case.candidate)
    assert not explanation.allowed
    nearest = explanation.entry and explanation.entry.url
    assert nearest in ([item.url for item in case.allow] or [None])
    assert explanation.reason


@named("invalid_entry")
async def test_ru_02_invalid_entry(redis, case):
    """An entry that could not be safe is refused when it is added, and admits nothing when it is in Redis all
    the same."""
    allowlist = Allowlist(redis, development=True)
    with pytest.raises(InvalidPattern):
        await add_all(allowlist, case)
    for item in case.allow:
        try:
            await redis.delete("allowlist:{default}")
            await allowlist.add(item.url, development=item.development, now_ms=1)
        except InvalidPattern:
            await plant(redis, item, case.candidate)
            with pytest.raises(RedirectUriNotAllowed):
                await allowlist.verify("default", case.candidate)
