"""Devices with Clerk's SDK: whose token writes, and what a rotation leaves of it."""

import asyncio
from collections.abc import AsyncIterator

import fakeredis
import msgspec
import pytest
from redis.asyncio import Redis

from broker.core.attempts import new_attempt
from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.store import Store
from broker.store.connection import open_redis

pytestmark = pytest.mark.anyio
ATTEMPT = new_attempt("sign_in", "stub", 0)
DONE = msgspec.structs.replace(ATTEMPT, done=True, session_id="sess_x")


@pytest.fixture(params=["valkey", "fakeredis"])
async def store(request: pytest.FixtureRequest, valkey: str) -> AsyncIterator[Store]:
    client: Redis = open_redis(valkey) if request.param == "valkey" else fakeredis.FakeAsyncRedis()
    yield Store.over(client, EncryptionKeys.parse(new_encryption_key("k1")))
    await client.aclose()


async def test_found_by_its_token(store: Store):
    """A device is found by its token as it was made; a token that was made up, or is another's, finds none."""
    device, token = await store.devices.make("app_1", ATTEMPT, 100)
    assert await store.devices.find(token) == device
    for other in ("", token[:-1], token[:28] + "A" * 43, f"ct_{'0' * 24}_{token[28:]}"):
        assert await store.devices.find(other) is None


async def test_of_many_that_adopt_one_does(store: Store):
    """However many end an attempt at once, one rotates the token."""
    device, _ = await store.devices.make("app_1", ATTEMPT, 100)
    adopted = await asyncio.gather(*(store.devices.adopt(device, DONE, ["sess_y"]) for _ in range(50)))
    ((after, token),) = [each for each in adopted if each]
    assert await store.devices.find(token) == after
    assert (after.sessions, after.active, after.previous) == (("sess_y", "sess_x"), "sess_x", device.token)


async def test_a_token_that_was_rotated_away(store: Store):
    """It is still known for what it was, writes nothing, and after one more rotation is unknown."""
    device, token = await store.devices.make("app_1", ATTEMPT, 100)
    once = await store.devices.adopt(device, DONE, [])
    assert once
    found = await store.devices.find(token)
    assert found == once[0]
    assert found.token != device.token
    assert not await store.devices.begin(device, ATTEMPT)
    assert not await store.devices.activate(device, "sess_z")
    assert await store.devices.adopt(once[0], DONE, [])
    assert await store.devices.find(token) is None


async def test_writes_leave_each_other_alone(store: Store):
    """An attempt that begins while a session is chosen is not lost, nor the choice."""
    device, token = await store.devices.make("app_1", None, 100)
    assert await store.devices.begin(device, ATTEMPT)
    assert await store.devices.activate(device, "sess_z")
    found = await store.devices.find(token)
    assert found
    assert (found.attempt, found.active) == (ATTEMPT, "sess_z")


async def test_forgotten(store: Store):
    """A device that was forgotten is not written back."""
    device, token = await store.devices.make("app_1", None, 100)
    await store.devices.forget(device)
    assert await store.devices.find(token) is None
    assert not await store.devices.begin(device, ATTEMPT)
