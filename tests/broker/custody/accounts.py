"""A second account of a person, written by the store itself: no door makes one yet."""

import asyncio
import time

import msgspec
import redis

from broker.core.encryption_keys import EncryptionKeys
from broker.core.identity import ExternalAccount, Identity, ProviderTokens
from broker.core.opaque import new_id
from broker.store import Store
from broker.store.connection import open_redis
from broker.store.users import Link, identity_key
from tests.provider_stub import Family, ProviderStub
from tests.running import keys


def open_store(valkey: str) -> Store:
    return Store.over(open_redis(valkey), EncryptionKeys.parse(keys()["BROKER_ENCRYPTION_KEYS"]))


def add_account(
    valkey: str, provider: ProviderStub, user_id: str, provider_id: str, subject: str, expires_in: int = 3600
) -> str:
    """The account's id. Its tokens are good at the provider."""
    now, link = int(time.time()), Link(user_id, new_id("eac"), int(time.time()))
    given = provider.tokens_of(Family(subject, "openid"))
    account = ExternalAccount(
        id=link.account_id,
        user_id=user_id,
        provider=provider_id,
        identity=Identity(subject=subject),
        scope=("openid",),
        created_at=now,
        updated_at=now,
    )
    tokens = ProviderTokens(
        access_token=given["access_token"], refresh_token=given["refresh_token"], expires_at=now + expires_in
    )
    with redis.Redis.from_url(valkey) as state:
        state.set(identity_key(provider_id, subject), msgspec.json.encode(link))
    asyncio.run(write(valkey, account, tokens, now))
    return account.id


async def write(valkey: str, account: ExternalAccount, tokens: ProviderTokens, now: int) -> None:
    store = open_store(valkey)
    await store.users.sign_in(account, tokens, now)
    await store.redis.aclose()
