"""Secret keys in Redis, and those that a process has at hand."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest
from redis.asyncio import Redis

from broker.core.secret_keys import EnvironmentKeys, SecretKey, make_secret_key, new_secret_key
from broker.store.commands import Commands
from broker.store.connection import open_redis
from broker.store.known_keys import AT_HAND, MOST, NOTED_EVERY, KnownKeys
from broker.store.secret_keys import SecretKeys
from tests.redis_proxy import RedisProxy, running_proxy
from tests.valkey import running_valkey

pytestmark = pytest.mark.anyio

NOW = 1_790_000_000
ENVIRONMENT = new_secret_key()


@pytest.fixture(scope="module")
def empty() -> Iterator[str]:
    """A Valkey of its own, since the others' has the keys of the others."""
    with running_valkey() as url:
        yield url


@pytest.fixture
def proxied(empty: str) -> Iterator[tuple[RedisProxy, str]]:
    with running_proxy(empty) as running:
        yield running


@pytest.fixture
async def redis(proxied: tuple[RedisProxy, str]) -> AsyncIterator[Redis]:
    client = open_redis(proxied[1])
    yield client
    await client.delete("secret_keys", "secret_key_uses")
    await client.aclose()


@pytest.fixture
def drawer(redis: Redis) -> SecretKeys:
    return SecretKeys(cast("Commands", redis))


@pytest.fixture
def known(drawer: SecretKeys) -> KnownKeys:
    return KnownKeys(EnvironmentKeys.of((ENVIRONMENT,)), drawer)


async def added(drawer: SecretKeys, lifetime: int | None = None) -> tuple[str, SecretKey]:
    text = new_secret_key()
    key = make_secret_key(text, "App", ("tokens:read",), NOW, lifetime)
    await drawer.add(key)
    return text, key


async def settled(known: KnownKeys) -> None:
    """Uses are written down."""
    await asyncio.gather(*known._writes)


async def test_found_by_key_and_by_id(drawer: SecretKeys):
    """The one record is found by fingerprint and by id; another fingerprint with the same front is not it."""
    _, key = await added(drawer)
    assert await drawer.find(key.fingerprint) == key
    assert await drawer.get(key.id) == key
    assert await drawer.find(key.fingerprint[:24] + "0" * 40) is None


async def test_a_revoked_key_does_not_come_back(drawer: SecretKeys):
    """A change that comes after the revocation changes nothing, and a second revocation finds nothing."""
    _, key = await added(drawer)
    assert await drawer.update(key)
    assert await drawer.remove(key)
    assert not await drawer.update(key)
    assert not await drawer.remove(key)
    assert await drawer.list() == []


async def test_a_key_at_hand_costs_no_trip(
    proxied: tuple[RedisProxy, str], drawer: SecretKeys, known: KnownKeys
):
    """A key is asked for once in five seconds however often it comes, and seen revoked after them at the latest."""
    text, key = await added(drawer)
    assert await known.find(text, NOW) == key
    await settled(known)
    proxied[0].reset()
    for _ in range(100):
        assert await known.find(text, NOW + AT_HAND - 1) == key
    assert proxied[0].round_trips == 0
    await drawer.remove(key)
    assert await known.find(text, NOW + AT_HAND - 1) == key
    assert await known.find(text, NOW + AT_HAND) is None


async def test_forgotten_at_once(drawer: SecretKeys, known: KnownKeys):
    """The process that revoked a key refuses it from then on."""
    text, key = await added(drawer)
    assert await known.find(text, NOW) == key
    await drawer.remove(key)
    known.forget()
    assert await known.find(text, NOW) is None


async def test_an_expired_key_is_none(drawer: SecretKeys, known: KnownKeys):
    """A key that is at hand ends in its second, not when it is read again."""
    text, key = await added(drawer, lifetime=2)
    assert await known.find(text, NOW + 1) == key
    assert await known.find(text, NOW + 2) is None


GARBAGE = ["", "sk_", "x" * 46, f"sk_{'a' * 42}", f"sk_{'a' * 44}", f"sk_{'a' * 42}!", "sk_" + "é" * 43, "*"]


@pytest.mark.parametrize("text", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_costs_no_trip(proxied: tuple[RedisProxy, str], known: KnownKeys, text: str):
    """A text that has not the shape of our keys is refused without asking Redis."""
    proxied[0].reset()
    assert await known.find(text, NOW) is None
    assert proxied[0].round_trips == 0


async def test_unknown_keys_are_not_kept(drawer: SecretKeys, known: KnownKeys):
    """However many unknown keys come, they push out none that is at hand and leave nothing."""
    text, key = await added(drawer)
    assert await known.find(text, NOW) == key
    strangers = await asyncio.gather(*(known.find(new_secret_key(), NOW) for _ in range(200)))
    assert not any(strangers)
    assert list(known._at_hand) == [key.fingerprint]


async def test_few_are_kept(drawer: SecretKeys, known: KnownKeys):
    """More keys than a process keeps are all found, and what it keeps stays within its bound."""
    other = make_secret_key(new_secret_key(), "k", ("*",), NOW, None)
    for _ in range(MOST):
        known._at_hand[new_secret_key()] = (other, NOW)
    text, key = await added(drawer)
    assert await known.find(text, NOW) == key
    assert len(known._at_hand) == 1


async def test_use_is_noted_once_a_minute(
    proxied: tuple[RedisProxy, str], drawer: SecretKeys, known: KnownKeys
):
    """Last use is written once a minute and nobody waits for it; a key of the environment has one too."""
    environment = known.environment.keys[0]
    for at in (NOW, NOW + NOTED_EVERY - 1):
        assert await known.find(ENVIRONMENT, at) == environment
        await settled(known)
    assert await drawer.uses() == {environment.fingerprint: NOW}
    proxied[0].reset()
    assert await known.find(ENVIRONMENT, NOW + NOTED_EVERY) == environment
    assert proxied[0].round_trips == 0
    await settled(known)
    assert await drawer.uses() == {environment.fingerprint: NOW + NOTED_EVERY}


async def test_use_shares_the_trip_of_the_handler(
    proxied: tuple[RedisProxy, str], redis: Redis, known: KnownKeys
):
    """The note of a use goes in the same pipeline as what the handler asks next: no trip of its own."""
    await redis.ping()
    proxied[0].reset()
    await known.find(ENVIRONMENT, NOW)
    await redis.get("anything")
    await settled(known)
    assert proxied[0].round_trips == 1


async def test_a_dead_redis_does_not_lock_out_the_environment():
    """Keys of the environment are known without Redis; the use that could not be noted is only logged."""
    nowhere = open_redis("redis://127.0.0.1:1")
    known = KnownKeys(EnvironmentKeys.of((ENVIRONMENT,)), SecretKeys(cast("Commands", nowhere)))
    assert await known.find(ENVIRONMENT, NOW) is not None
    await settled(known)
    await nowhere.aclose()
