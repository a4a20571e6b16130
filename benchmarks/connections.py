"""Connections in bulk: in Redis, after this, stands what sign-ins would have left there, sessions and events apart.

Each is really sealed, since a seal binds the name of its record, and by several processes: one would take minutes for a
million.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import msgspec
from redis import Redis
from redis.client import Pipeline
from redis.typing import EncodableT

from broker.core.encryption_keys import EncryptionKeys
from broker.core.identity import ExternalAccount, Identity, ProviderTokens
from broker.store.directory import INDEXES, email_key, emails_key
from broker.store.grants import Ref, seal_tokens
from broker.store.sealing import Sealer
from broker.store.users import Link, accounts_key, identity_key, user_key

PROVIDER = "bench"
DAY = 86_400
BATCH = 500  # connections in one pipeline
PART = 10_000  # connections that a process takes at a time


class Range(NamedTuple):
    """Connections `first` to `end`; the one called `number` belongs to the user of that number."""

    first: int
    end: int


class Place(NamedTuple):
    """Where to write, and sealed with what (`BROKER_ENCRYPTION_KEYS`)."""

    redis_url: str
    encryption_keys: str


def long_tokens(number: int) -> ProviderTokens:
    """As long as Google's."""
    return ProviderTokens(
        access_token=padded(f"ya29.{number:x}.", 220),
        refresh_token=padded(f"1//{number:x}.", 103),
        id_token=padded(f"eyJ{number:x}.", 1200),
        expires_at=int(time.time()) + DAY,
        scope=("openid", "email", "profile", "https://www.googleapis.com/auth/calendar.readonly"),
    )


def short_tokens(number: int) -> ProviderTokens:
    """As long as those of a GitHub OAuth app: one token that never expires."""
    return ProviderTokens(access_token=padded(f"gho_{number:x}.", 40), scope=("read:user", "user:email"))


def expired_tokens(number: int) -> ProviderTokens:
    return msgspec.structs.replace(long_tokens(number), expires_at=int(time.time()) - 60)


def padded(text: str, length: int) -> str:
    return text.ljust(length, "0")


TOKENS: dict[str, Callable[[int], ProviderTokens]] = {
    "long": long_tokens,
    "short": short_tokens,
    "expired": expired_tokens,
}


def ref_of(number: int) -> Ref:
    return Ref(f"user_{number:024x}", PROVIDER, f"eac_{number:024x}")


async def write(place: Place, kind: str, numbers: Range) -> None:
    """`kind`: `long`, `short` or `expired` grants, or the `people` who gave them."""
    parts = [Range(at, min(at + PART, numbers.end)) for at in range(numbers.first, numbers.end, PART)]
    if len(parts) == 1:
        write_part(place, kind, parts[0])
        return
    loop, cores = asyncio.get_running_loop(), os.cpu_count() or 1
    everywhere = (set(range(cores)),)
    with ProcessPoolExecutor(cores, get_context("spawn"), spread, everywhere) as pool:
        await asyncio.gather(*(loop.run_in_executor(pool, write_part, place, kind, part) for part in parts))


def spread(cores: set[int]) -> None:
    """The benchmark itself is pinned to one core, and its children would be, too."""
    os.sched_setaffinity(0, cores)


def write_part(place: Place, kind: str, numbers: Range) -> None:
    sealer = Sealer(EncryptionKeys.parse(place.encryption_keys))
    with Redis.from_url(place.redis_url) as redis:
        for batch in batches(numbers):
            pipeline = redis.pipeline(transaction=False)
            for number in batch:
                if kind == "people":
                    add_person(pipeline, number)
                else:
                    add_grant(pipeline, number, TOKENS[kind](number), sealer)
            pipeline.execute()


def batches(numbers: Range) -> Iterator[range]:
    for first in range(numbers.first, numbers.end, BATCH):
        yield range(first, min(first + BATCH, numbers.end))


def add_grant(pipeline: Pipeline, number: int, tokens: ProviderTokens, sealer: Sealer) -> None:
    """As users.sign_in.lua writes it."""
    ref = ref_of(number)
    sealed, lasting = seal_tokens(sealer, ref, f"{number:021}", tokens, (tokens.expires_at or DAY) - DAY)
    fields: list[EncodableT] = [ref.account_id, sealed, f"{ref.account_id}:version", 1]
    if lasting:
        fields += [f"{ref.account_id}:refresh", lasting]
    pipeline.hset(ref.key, items=fields)


def add_person(pipeline: Pipeline, number: int) -> None:
    """User, account, identity, and where the directory has them."""
    ref, now = ref_of(number), int(time.time())
    identity = identity_of(number)
    account = ExternalAccount(
        id=ref.account_id,
        user_id=ref.user_id,
        provider=ref.provider,
        identity=identity,
        scope=TOKENS["long"](number).scope,
        created_at=now,
        updated_at=now,
    )
    user: list[EncodableT] = ["primary_account", ref.account_id, "identity", msgspec.json.encode(identity)]
    user += ["created_at", now, "updated_at", now, "last_sign_in_at", now]
    pipeline.hset(user_key(ref.user_id), items=user)
    pipeline.hset(accounts_key(ref.user_id), ref.account_id, msgspec.json.encode(account))
    link = msgspec.json.encode(Link(ref.user_id, ref.account_id, now))
    pipeline.set(identity_key(PROVIDER, identity.subject), link)
    address = email_key(identity.email or "")
    pipeline.sadd(address, ref.user_id)
    pipeline.sadd(emails_key(ref.user_id), address)
    for index in INDEXES.values():
        pipeline.zadd(index, {ref.user_id: now})


def identity_of(number: int) -> Identity:
    picture = hashlib.sha512(b"%d" % number).hexdigest()[:76]
    return Identity(
        subject=f"{number:021}",
        email=f"somebody.{number}@example.com",
        email_verified=True,
        name=f"Somebody Number {number}",
        given_name="Somebody",
        family_name=f"Number {number}",
        picture=f"https://pictures.example.com/a/{picture}=s96-c",
    )
