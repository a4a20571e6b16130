"""Giving grants back: revoked at the provider where that is possible, erased here in any case, and the truth told."""

import time
from asyncio import Semaphore, gather
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import msgspec
import structlog

from broker.core.errors import OAuthError
from broker.core.events import Event, EventType, happened
from broker.core.grant import Health, renewed
from broker.core.identity import ExternalAccount
from broker.custody.connections import Connections
from broker.providers.errors import GrantRefused
from broker.providers.provider import Connection
from broker.providers.upstream import Revoked
from broker.store.grants import Ref, connection_event
from broker.store.revocations import LEASE, Revocation
from broker.store.sealing import SealBroken

log = structlog.get_logger()
Outcome = Revoked | Literal["pending", "unreadable"]
AT_ONCE = 16  # revocations side by side
MOST_A_TURN = 20  # owed revocations tried in one turn of the leader
PAUSES = (
    60,
    300,
    1_800,
    7_200,
    21_600,
    86_400,
    86_400,
    86_400,
)  # seconds between the attempts; then it is given up


class LastIdentity(Exception):
    """Without this account nobody could be the user again; to erase the user is another act."""


@dataclass(frozen=True)
class Disconnection:
    """What became of one account. `pending`: erased here, and the provider will be asked again; `unsupported`: the
    provider has no way to revoke, so what it gave lives there until it ends by itself; `nothing_to_revoke`: we held no
    token, or the provider does not know it any more; `unreadable`: what we held does not open, so it lives on there."""

    account_id: str
    provider: str
    revocation: Outcome


@dataclass(frozen=True)
class Erased:
    """What became of a user's accounts."""

    user_id: str
    revocations: list[Disconnection]


class Disconnect(Connections):
    """One account, one user, or all of a provider."""

    async def disconnect(self, user_id: str, account_id: str, actor: str) -> Disconnection:
        """Take an account from its user. Raises LookupError and LastIdentity."""
        accounts = await self.store.users.accounts(user_id)
        account = next((each for each in accounts if each.id == account_id), None)
        if account is None:
            raise LookupError(account_id)
        heir = next((each for each in accounts if each.id != account_id), None)
        if heir is None:
            raise LastIdentity
        ref = ref_of(account)
        owed = await self._owe(ref)
        event = connection_revoked(ref, actor, "disconnected")
        if not await self.store.users.remove_account(account, heir, event):
            raise LookupError(account_id)
        return await self._give_back(ref, owed)

    async def revoke(self, user_id: str, account_id: str, actor: str) -> Disconnection:
        """Give the tokens back and keep the account: the person can still sign in with it. Raises LookupError."""
        accounts = await self.store.users.accounts(user_id)
        account = next((each for each in accounts if each.id == account_id), None)
        if account is None:
            raise LookupError(account_id)
        return await self._revoke(ref_of(account), actor, "revoked_by_backend")

    async def withdrawn(self, user_id: str, account_id: str, reason: str, at: int) -> None:
        """The provider says that the person took back their consent at that second, or is no more: there is nothing left to
        give back. What they signed in with alone, their sessions hang on. Who has signed in there since stays."""
        accounts = await self.store.users.accounts(user_id)
        account = next((each for each in accounts if each.id == account_id), None)
        if account is None or account.updated_at > at:
            log.info("withdrawal_overtaken", user=user_id, account=account_id)
            return
        ref, actor = ref_of(account), "provider"
        grant = await self.store.grants.find(ref)
        if grant is None:
            await self.store.outbox.tell(user_id, connection_revoked(ref, actor, reason))
        elif grant.status is not Health.REVOKED:
            event = connection_revoked(ref, actor, reason)
            await self.store.grants.end(ref, Health.REVOKED, reason, event, erase="all")
        if len(accounts) == 1:
            await self._end_sessions(user_id, actor, reason)

    async def delete_user(self, user_id: str, actor: str) -> Erased:
        """Erase a user, and whatever a sign-in at the same moment adds. Raises LookupError.

        A crash on the way leaves a user who can be deleted again.
        """
        user, accounts = await gather(self.store.users.find(user_id), self.store.users.accounts(user_id))
        if user is None:
            raise LookupError(user_id)
        now, refs = int(time.time()), [ref_of(each) for each in accounts]
        await self._end_sessions(user_id, actor)
        owed = await gather(*map(self._owe, refs))
        await self.store.directory.leave(user_id)
        events = [connection_revoked(ref, actor, "user_deleted") for ref in refs]
        events.append(happened(EventType.USER_DELETED, now, actor=actor, user_id=user_id))
        for late in await self.store.users.erase(user_id, accounts, events, now):
            refs, owed = [*refs, ref_of(late)], [*owed, await self._owe(ref_of(late))]
            await self.store.users.forget(late)
        await self._end_sessions(user_id, actor)
        done = await gather(*(self._give_back(ref, each) for ref, each in zip(refs, owed, strict=True)))
        return Erased(user_id, done)

    async def _end_sessions(self, user_id: str, actor: str, reason: str = "user_deleted") -> None:
        now, sessions = int(time.time()), self.store.sessions
        for session in await sessions.of(user_id):
            await sessions.revoke(
                user_id, session.id, client_id=session.client_id, reason=reason, now=now, actor=actor
            )

    async def revoke_all(self, provider: str, actor: str) -> AsyncIterator[tuple[int, list[Disconnection]]]:
        """Every grant of a provider given back, as after a leak; accounts stay, and people reconnect when they come. Told
        for every few hundred keys of Redis: how many these were, and what became of the grants among them."""
        room = Semaphore(AT_ONCE)

        async def one(ref: Ref) -> Disconnection:
            async with room:
                return await self._revoke(ref, actor, "provider_revoked")

        async for looked_at, refs in self.store.grants.of_provider(provider):
            yield looked_at, await gather(*map(one, refs))

    async def retry_revocations(self, now: int) -> None:
        """A chore of the leader: what is owed to providers and due."""
        owed = await self.store.revocations.claim(now, MOST_A_TURN)
        await gather(*(self._attempt(each) for each in owed))

    async def _revoke(self, ref: Ref, actor: str, reason: str) -> Disconnection:
        owed = await self._owe(ref)
        event = connection_revoked(ref, actor, reason) if owed != "nothing_to_revoke" else None
        await self.store.grants.end(ref, Health.REVOKED, reason, event, erase="all")
        return await self._give_back(ref, owed)

    async def _owe(self, ref: Ref) -> Revocation | Outcome:
        """Write the debt down before anything is erased; or why there is none."""
        try:
            tokens = await self.store.grants.tokens(ref)
        except SealBroken:
            log.warning("seal_broken", user=ref.user_id, provider=ref.provider, account=ref.account_id)
            return "unreadable"
        due = int(time.time()) + LEASE
        return await self.store.revocations.owe(ref, tokens, due) if tokens else "nothing_to_revoke"

    async def _give_back(self, ref: Ref, owed: Revocation | Outcome) -> Disconnection:
        outcome = await self._attempt(owed) if isinstance(owed, Revocation) else owed
        return Disconnection(ref.account_id, ref.provider, outcome)

    async def _attempt(self, owed: Revocation) -> Outcome:
        """Ask the provider. A provider that is switched off here cannot be asked, so it stays owed."""
        now, connection = int(time.time()), await self.connection(owed.provider)
        try:
            if connection is None:
                return await self._postpone(owed, "the provider is switched off")
            owed = await self._with_living_token(owed, connection, now)
            outcome = await self.upstream.revoke(connection, owed.tokens, now)
        except OAuthError as error:
            return await self._postpone(owed, error.detail or error.description)
        await self.store.revocations.settle(owed)
        return outcome

    async def _with_living_token(self, owed: Revocation, connection: Connection, now: int) -> Revocation:
        """Where only an access token ends a grant, one that is over would be refused and the grant live on: it is renewed
        for this, and kept, because what it was renewed with may be spent. Raises OAuthError."""
        tokens, lifecycle = owed.tokens, connection.lifecycle
        over = tokens.expires_at is not None and tokens.expires_at <= now
        if not over or tokens.refresh_token is None or lifecycle.revokes != "access_token":
            return owed
        try:
            answer = await self.upstream.refresh(connection, tokens, now)
        except GrantRefused:
            return owed  # it is dead already
        fresh = renewed(tokens, answer)
        lasting = fresh.refresh_token or tokens.refresh_token
        owed = msgspec.structs.replace(owed, tokens=msgspec.structs.replace(fresh, refresh_token=lasting))
        await self.store.revocations.keep(owed, now + LEASE)
        return owed

    async def _postpone(self, owed: Revocation, why: str) -> Outcome:
        about = {"provider": owed.provider, "account": owed.account_id, "tries": owed.tries + 1, "why": why}
        if owed.tries < len(PAUSES):
            log.warning("revocation_postponed", **about)
            await self.store.revocations.postpone(owed, int(time.time()) + PAUSES[owed.tries])
        else:
            log.error("revocation_given_up", **about)
            await self.store.revocations.settle(owed)
        return "pending"


def ref_of(account: ExternalAccount) -> Ref:
    return Ref(account.user_id, account.provider, account.id)


def connection_revoked(ref: Ref, actor: str, reason: str) -> Event:
    return connection_event(EventType.CONNECTION_REVOKED, ref, int(time.time()), actor, reason)
