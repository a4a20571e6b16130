"""Which keys have records, and who may leave the ring."""

from collections.abc import AsyncIterator

import fakeredis
import pytest
from redis.asyncio import Redis

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.store.ring import Ring, key_id

pytestmark = pytest.mark.anyio
OLD, NEW = new_encryption_key("old"), new_encryption_key("new")
NOW = 1_800_000_000


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    client = fakeredis.FakeAsyncRedis()
    yield client
    await client.aclose()


def rings(redis: Redis, *settings: str) -> list[Ring]:
    """As brokers with these settings see it."""
    return [Ring(redis, EncryptionKeys.parse(setting)) for setting in settings]


async def test_tv_03_a_marked_key_is_missed(redis: Redis):
    """TV-03: a ring without a key that a broker has sealed with is told so; a ring that only adds keys is not."""
    old, both, new = rings(redis, OLD, f"{NEW},{OLD}", NEW)
    await old.enter(NOW)
    assert await both.lacking() == []
    assert [key_id(mark) for mark in await new.lacking()] == ["old"]


async def test_tv_03_another_key_under_an_old_id_is_missed(redis: Redis):
    """TV-03: an id that stands for another key than before is as bad as a missing one."""
    old, other = rings(redis, OLD, new_encryption_key("old"))
    await old.enter(NOW)
    assert await other.lacking() == [old.newest] != [other.newest]


async def test_tv_03_an_announced_key_may_leave(redis: Redis):
    """TV-03: a key that only stood behind the newest has no records, so it may leave the ring."""
    old, announced = rings(redis, OLD, f"{OLD},{NEW}")
    await old.enter(NOW)
    await announced.enter(NOW)
    assert await old.lacking() == []


async def test_tv_03_a_first_start_trusts_no_key_to_be_idle(redis: Redis):
    """TV-03: where no broker ever marked a key, each key of the first ring may have records."""
    both, new = rings(redis, f"{NEW},{OLD}", NEW)
    await both.enter(NOW)
    assert [key_id(mark) for mark in await new.lacking()] == ["old"]


async def test_tv_03_only_quiet_older_keys_retire(redis: Redis):
    """TV-03: an older key that was marked since the given moment stays, a quiet one goes, the newest never does."""
    old, both, new = rings(redis, OLD, f"{NEW},{OLD}", NEW)
    await old.enter(NOW)
    await both.mark(NOW)
    await both.retire(before=NOW)
    assert [key_id(mark) for mark in await both.older()] == ["old"]
    await both.retire(before=NOW + 1)
    assert await both.older() == await new.lacking() == []
    assert await both.marks() == {both.newest: NOW}
