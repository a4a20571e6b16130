"""Who may refresh a grant, and what the journal says of those who did not come back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.core.events import EventType, happened
from broker.core.grant import Health
from broker.core.identity import ExternalAccount, Identity, ProviderTokens
from broker.core.opaque import new_id
from broker.store import Store
from broker.store.connection import open_redis
from broker.store.grants import Ref, Turn

pytestmark = pytest.mark.anyio

NOW = 2_000_000_000
SHORT = 1  # milliseconds


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    client = open_redis(valkey)
    yield client
    await client.aclose()


@pytest.fixture
def store(redis: Redis) -> Store:
    return Store.over(redis, EncryptionKeys.parse(new_encryption_key("k1")))


@pytest.fixture
async def ref(store: Store) -> Ref:
    """A grant with a refresh token, in its first version."""
    user_id, account_id = new_id("user"), new_id("eac")
    account = ExternalAccount(
        id=account_id,
        user_id=user_id,
        provider="stub",
        identity=Identity(subject="ada"),
        scope=(),
        created_at=NOW,
        updated_at=NOW,
    )
    await store.users.sign_in(account, tokens("first"), NOW)
    return Ref(user_id, "stub", account_id)


def tokens(name: str) -> ProviderTokens:
    return ProviderTokens(access_token=name, refresh_token=f"{name}-refresh", expires_at=NOW)


async def take(store: Store, ref: Ref, owner: str, ms: int = 60_000):
    lease = await store.grants.lease(ref, owner, 1, ms, "held", again=False)
    if ms == SHORT:
        await asyncio.sleep(0.005)
    return lease


async def send_shortly(store: Store, ref: Ref, owner: str, call: int) -> bool:
    """A call whose time is over when this returns."""
    sent = await store.grants.send(ref, owner, SHORT, call)
    await asyncio.sleep(0.005)
    return sent


async def renew(store: Store, ref: Ref, owner: str, name: str) -> bool:
    """Keep an answer to what was read in the first version."""
    grant = await store.grants.find(ref)
    assert grant is not None
    event = happened(EventType.CONNECTION_REFRESHED, NOW, user_id=ref.user_id)
    earlier = type(grant)(account_id=grant.account_id, version=1, tokens=grant.tokens, subject="ada")
    return await store.grants.renew(ref, owner, earlier, tokens(name), event, NOW)


async def test_one_holds_it(store: Store, ref: Ref):
    """A second one is told that it is busy, and for how long; the owner may ask again, after a lost answer."""
    assert (await take(store, ref, "a")).turn is Turn.HELD
    busy = await take(store, ref, "b")
    assert (busy.turn, 0 < busy.ms <= 60_000) == (Turn.BUSY, True)
    assert (await take(store, ref, "a")).turn is Turn.HELD


async def test_what_was_not_sent_is_done_by_the_next(store: Store, ref: Ref):
    """A lease that ran out before the provider was asked leaves nothing behind."""
    await take(store, ref, "a", SHORT)
    assert (await take(store, ref, "b")).turn is Turn.HELD
    assert not await store.grants.send(ref, "a", 60_000, 1)


async def test_the_journal_may_be_told_twice(store: Store, ref: Ref):
    """After a lost answer the same call is told again and counts once, even if the lease ran out, unless another followed."""
    await take(store, ref, "a", SHORT)
    assert await send_shortly(store, ref, "a", 1)
    assert await send_shortly(store, ref, "a", 1)
    followed = await take(store, ref, "b")
    assert (followed.turn, followed.tries) == (Turn.INTERRUPTED, 1)
    assert not await send_shortly(store, ref, "a", 1)


async def test_a_mark_stays_until_there_is_an_answer(store: Store, ref: Ref, redis: Redis):
    """Who follows an interrupted call and is told to wait leaves its mark to the next, with the time of the first call."""
    await take(store, ref, "a", SHORT)
    await send_shortly(store, ref, "a", 1)
    began = (await lease_of(redis, ref))[3]
    second = await take(store, ref, "b")
    await store.grants.send(ref, "b", 60_000, 2)
    assert (await lease_of(redis, ref))[3:] == [began, b"2"]
    await store.grants.release(ref, "b", "delayed 0", unanswered=second.tries)
    third = await take(store, ref, "c")
    assert (third.turn, third.tries) == (Turn.INTERRUPTED, 1)
    assert (await lease_of(redis, ref))[3] == began
    assert await renew(store, ref, "c", "second")
    await store.grants.release(ref, "c", "renewed")
    assert await lease_of(redis, ref) == []


async def test_a_late_answer_heals(store: Store, ref: Ref):
    """An answer is kept though its lease ran out and the grant was given up, and is refused once another holds the lease or
    wrote a newer one."""
    await take(store, ref, "a", SHORT)
    await send_shortly(store, ref, "a", 1)
    assert (await take(store, ref, "b")).turn is Turn.INTERRUPTED
    assert not await renew(store, ref, "a", "held by b")
    assert await store.grants.end(
        ref, Health.NEEDS_RECONNECT, "refresh_interrupted", None, version=1, owner="b"
    )
    assert await renew(store, ref, "a", "second")
    healed = await store.grants.find(ref)
    assert healed is not None
    assert (healed.version, healed.status, healed.tokens and healed.tokens.access_token) == (
        2,
        None,
        "second",
    )
    assert not await renew(store, ref, "b", "third")


async def test_only_the_last_holder_gives_up(store: Store, ref: Ref):
    """Who was followed cannot mark a grant that another is refreshing, and what was given up is not given up again, but for
    the provider's own refusal."""
    await take(store, ref, "a", SHORT)
    await take(store, ref, "b")
    end = store.grants.end
    assert not await end(ref, Health.NEEDS_RECONNECT, "answer_lost", None, version=1, owner="a")
    assert await end(ref, Health.NEEDS_RECONNECT, "answer_lost", None, version=1, owner="b")
    assert not await end(ref, Health.NEEDS_RECONNECT, "refresh_interrupted", None, version=1, owner="b")
    assert await end(
        ref, Health.NEEDS_RECONNECT, "invalid_grant", None, version=1, owner="b", erase="refresh"
    )
    given_up = await store.grants.find(ref)
    assert given_up is not None
    assert (given_up.reason, given_up.renewable) == ("invalid_grant", False)


async def test_who_sees_a_write_settle_begins_nothing(store: Store, ref: Ref):
    """A token that is not on the disk yet is marked, who asks for its lease as nobody's version waits, and is then told that
    there is nothing to do."""
    await take(store, ref, "a")
    await store.grants.send(ref, "a", 60_000, 1)
    assert await renew(store, ref, "a", "second")
    seen = await store.grants.find(ref)
    assert seen is not None
    assert seen.settling
    assert (await store.grants.lease(ref, "b", 0, 60_000, "held", again=False)).turn is Turn.BUSY
    await store.grants.release(ref, "a", "renewed")
    assert (await store.grants.lease(ref, "b", 0, 60_000, "held", again=False)).turn is Turn.MOVED


async def lease_of(redis: Redis, ref: Ref) -> list[bytes]:
    """Owner, end, phase, since, tries."""
    return (await redis.hget(ref.key, f"{ref.account_id}:lease") or b"").split()
