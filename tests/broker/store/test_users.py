"""What is remembered of a person who signed in."""

import time
from collections.abc import AsyncIterator

import msgspec
import pytest
from redis.asyncio import Redis

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.core.events import EventType, happened
from broker.core.grant import SEAL_BROKEN, Health
from broker.core.identity import ExternalAccount, Identity, ProviderTokens
from broker.core.opaque import fingerprint, new_id
from broker.store import Store
from broker.store.connection import open_redis
from broker.store.grants import Ref

pytestmark = pytest.mark.anyio


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    client = open_redis(valkey)
    yield client
    await client.aclose()


@pytest.fixture
def store(redis: Redis) -> Store:
    return Store.over(redis, EncryptionKeys.parse(new_encryption_key("k1")))


def account(user_id: str, provider: str = "stub", **identity: str) -> ExternalAccount:
    return ExternalAccount(
        id=new_id("eac"),
        user_id=user_id,
        provider=provider,
        identity=Identity(subject="s", **identity),
        scope=("openid",),
        created_at=1,
        updated_at=1,
    )


def ref(one: ExternalAccount) -> Ref:
    return Ref(one.user_id, one.provider, one.id)


async def test_a_refresh_token_given_once_is_kept(store: Store):
    """A later sign-in without a refresh token, as Google answers, replaces the access token and keeps the old refresh token."""
    ada = account(new_id("user"))
    await store.users.sign_in(ada, ProviderTokens(access_token="a1", refresh_token="r1"), 1)
    await store.users.sign_in(ada, ProviderTokens(access_token="a2"), 2)
    assert await store.grants.tokens(ref(ada)) == ProviderTokens(access_token="a2", refresh_token="r1")
    (grant,) = await store.grants.read(ada.user_id, ada.provider)
    assert (grant.version, grant.renewable, grant.issued_at) == (2, True, 2)


async def test_tv_01_tokens_of_two_users_cannot_be_swapped(store: Store, redis: Redis):
    """TV-01: sealed tokens put under another user's account are refused and never shown."""
    ada, eve = account(new_id("user")), account(new_id("user"))
    await store.users.sign_in(ada, ProviderTokens(access_token="of ada"), 1)
    await store.users.sign_in(eve, ProviderTokens(access_token="of eve"), 1)
    await redis.hset(ref(eve).key, eve.id, await redis.hget(ref(ada).key, ada.id))
    (grant,) = await store.grants.read(eve.user_id, eve.provider)
    assert (grant.tokens, grant.reason) == (None, SEAL_BROKEN)


async def test_an_account_that_comes_while_its_user_goes(store: Store, redis: Redis):
    """What a sign-in added since the accounts were read is told by the erasing, so that nothing stays behind, and a flow
    that was still under way brings nobody back."""
    user_id = new_id("user")
    first, late = account(user_id), account(user_id, "other")
    await store.users.sign_in(first, ProviderTokens(access_token="a"), 1)
    known = await store.users.accounts(user_id)
    await store.users.sign_in(late, ProviderTokens(access_token="b"), 1)
    left = await store.users.erase(user_id, known, [happened(EventType.USER_DELETED, 1, user_id=user_id)], 1)
    assert left == [late]
    await store.users.forget(late)
    assert await store.users.find(user_id) is None
    left_over = {key.decode().partition(":")[0] async for key in redis.scan_iter(f"*{user_id}*")}
    assert left_over == {"outbox", "gone"}
    assert not await store.users.sign_in(first, ProviderTokens(access_token="c"), 2)
    assert await store.users.find(user_id) is None


async def test_a_link_is_taken_back_once(store: Store, redis: Redis):
    """An identity given to a user who was deleted before the account was written is free again; one that somebody else has
    since taken is theirs."""
    user_id = new_id("user")
    link = await store.users.link("stub", "unlinked", 1, user_id)
    assert link.user_id == user_id
    claimed = ExternalAccount(
        id=link.account_id,
        user_id=user_id,
        provider="stub",
        identity=Identity(subject="unlinked"),
        scope=(),
        created_at=link.created_at,
        updated_at=1,
    )
    await store.users.erase(user_id, [], [happened(EventType.USER_DELETED, 1, user_id=user_id)], 1)
    assert not await store.users.sign_in(claimed, ProviderTokens(access_token="a"), 1)
    await store.users.unlink(claimed)
    assert await store.users.known("stub", "unlinked") is None
    theirs = await store.users.link("stub", "unlinked", 2)
    await store.users.unlink(claimed)
    assert await store.users.known("stub", "unlinked") == theirs


async def test_who_comes_second_takes_the_firsts_link(store: Store):
    """An identity is given once, whomever it was asked for."""
    first = await store.users.link("stub", "raced", 1, new_id("user"))
    assert await store.users.link("stub", "raced", 2, new_id("user")) == first
    assert await store.users.link("stub", "raced", 3) == first


async def test_the_first_account_describes_the_user(store: Store):
    """A second account of the same user is listed and does not rename them; the first one's news do."""
    user_id = new_id("user")
    first, second = account(user_id, name="Ada"), account(user_id, "other", name="Somebody else")
    for each in (first, second):
        await store.users.sign_in(each, ProviderTokens(access_token="a"), 1)
    user = await store.users.find(user_id)
    assert user is not None
    assert user.identity.name == "Ada"
    assert {each.id for each in await store.users.accounts(user_id)} == {first.id, second.id}


async def test_a_session_begins_with_its_account(store: Store, redis: Redis):
    """Account and session are written in one step, with the events of both; a deleted user gets neither."""
    ada, now = account(new_id("user")), int(time.time())
    session, token = store.sessions.begin_at_once(ada.user_id, "app", "openid", now)
    assert await store.users.sign_in(ada, None, now, session)
    assert await store.sessions.find(ada.user_id, session.id) == session
    assert [each.id for each in await store.sessions.of(ada.user_id)] == [session.id]
    ttl = await redis.expiretime(f"session:{{{ada.user_id}}}:{session.id}")
    assert ttl == session.idle_until
    (raw,) = await store.outbox.read([ada.user_id])
    types = [msgspec.json.decode(each)["type"] for each in raw]
    assert types == ["user.created", "connection.created", "session.created"]
    gone = happened(EventType.USER_DELETED, now, user_id=ada.user_id)
    await store.users.erase(ada.user_id, [ada], [gone], now)
    late, _ = store.sessions.begin_at_once(ada.user_id, "app", "openid", now)
    assert not await store.users.sign_in(ada, None, now, late)
    assert await store.sessions.find(ada.user_id, late.id) is None
    assert fingerprint(token) == session.current


async def test_without_tokens_the_grant_stays(store: Store):
    """A sign-in that brings no tokens changes neither tokens nor version nor the state of the grant."""
    ada = account(new_id("user"))
    await store.users.sign_in(ada, ProviderTokens(access_token="a1", refresh_token="r1", client_id="own"), 1)
    await store.users.sign_in(ada, None, 2)
    assert await store.grants.tokens(ref(ada)) == ProviderTokens(
        access_token="a1", refresh_token="r1", client_id="own"
    )
    await store.grants.end(ref(ada), Health.REVOKED, "consent_revoked", None, erase="all")
    await store.users.sign_in(ada, None, 3)
    (grant,) = await store.grants.read(ada.user_id, ada.provider)
    assert (grant.status, grant.tokens) == (Health.REVOKED, None)
    alone = account(new_id("user"))
    await store.users.sign_in(alone, None, 1)
    assert await store.grants.read(alone.user_id, alone.provider) == []
