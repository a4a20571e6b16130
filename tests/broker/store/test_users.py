"""What is remembered of a person who signed in."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.core.identity import ExternalAccount, Identity, ProviderTokens
from broker.core.opaque import new_id
from broker.store import Store
from broker.store.connection import open_redis
from broker.store.sealing import SealBroken

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


async def test_a_refresh_token_given_once_is_kept(store: Store):
    """A later sign-in without a refresh token, as Google answers, replaces the access token and keeps the old refresh token."""
    ada = account(new_id("user"))
    await store.users.sign_in(ada, ProviderTokens(access_token="a1", refresh_token="r1"), 1)
    await store.users.sign_in(ada, ProviderTokens(access_token="a2"), 2)
    tokens = await store.users.tokens(ada)
    assert tokens == ProviderTokens(access_token="a2", refresh_token="r1")


async def test_tv_01_tokens_of_two_users_cannot_be_swapped(store: Store, redis: Redis):
    """TV-01: sealed tokens put under another user's account are refused and never shown."""
    ada, eve = account(new_id("user")), account(new_id("user"))
    await store.users.sign_in(ada, ProviderTokens(access_token="of ada"), 1)
    await store.users.sign_in(eve, ProviderTokens(access_token="of eve"), 1)
    stolen = await redis.hget(f"tokens:{{{ada.user_id}}}", ada.id)
    await redis.hset(f"tokens:{{{eve.user_id}}}", eve.id, stolen)
    with pytest.raises(SealBroken):
        await store.users.tokens(eve)


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
