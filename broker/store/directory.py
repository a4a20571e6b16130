"""The directory: which users there are, by age and by last sign-in, and who has an e-mail address.

It points at records and is not one: a reader looks at the record itself. It is written in the turn of the sign-in
and lies in other slots, so a crash between may leave a name that leads to nothing, which the next sign-in fills.
"""

import hashlib
from asyncio import gather
from collections.abc import Awaitable, Sequence
from typing import Literal

from broker.store.commands import Commands

Order = Literal["created_at", "last_sign_in_at"]
INDEXES: dict[Order, str] = {"created_at": "users", "last_sign_in_at": "users_by_sign_in"}


class Directory:
    """`enter` at every sign-in, `leave` for good; between them the ways to find somebody."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis

    async def enter(self, user_id: str, email: str | None, now: int) -> None:
        """Note a sign-in; the first one gives the age. To be gathered with the sign-in itself."""
        steps: list[Awaitable[object]] = [
            self._redis.zadd(INDEXES["created_at"], {user_id: now}, nx=True),
            self._redis.zadd(INDEXES["last_sign_in_at"], {user_id: now}),
        ]
        if email:
            key = email_key(email)
            steps += [self._redis.sadd(key, user_id), self._redis.sadd(emails_key(user_id), key)]
        await gather(*steps)

    async def leave(self, user_id: str) -> None:
        """Forget a user, under every address they ever had. The list of these goes last, so a crash is made good by
        asking again."""
        addresses = await self._redis.smembers(emails_key(user_id))
        await gather(
            *(self._redis.zrem(index, user_id) for index in INDEXES.values()),
            *(self._redis.srem(key.decode(), user_id) for key in addresses),
        )
        await self._redis.delete(emails_key(user_id))

    async def list(
        self, offset: int, limit: int, order: Order = "created_at", *, newest_first: bool = True
    ) -> list[str]:
        """One page of user ids. A sorted set finds any page by rank, among a million too."""
        read = self._redis.zrevrange if newest_first else self._redis.zrange
        return [each.decode() for each in await read(INDEXES[order], offset, offset + limit - 1)]

    async def count(self) -> int:
        return await self._redis.zcard(INDEXES["created_at"])

    async def by_emails(self, emails: Sequence[str]) -> set[str]:
        """Whoever has or once had one of these addresses."""
        found = await gather(*(self._redis.smembers(email_key(email)) for email in emails))
        return {user_id.decode() for users in found for user_id in users}


def email_key(email: str) -> str:
    """A digest, since keys are seen by who may see no address; case does not matter to whom a letter reaches."""
    digest = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return f"email:{{{digest}}}"


def emails_key(user_id: str) -> str:
    return f"emails:{{{user_id}}}"
