"""Handing out providers' tokens that are good, and saying how each connection is."""

import time
from asyncio import gather
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import structlog

from broker.core.events import happened
from broker.core.grant import (
    MARGIN,
    SEAL_BROKEN,
    Grant,
    GrantHealth,
    Health,
    Standing,
    health_of,
    is_due,
    missing_scopes,
)
from broker.core.identity import ProviderTokens
from broker.core.provider_scopes import accumulated
from broker.custody.ahead import Ahead
from broker.custody.refresh import Delayed, NeedsReconnect
from broker.providers.configured import Catalogue
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Connection
from broker.providers.upstream import Upstream
from broker.store import Store
from broker.store.grants import Ref

log = structlog.get_logger()
TOLD_EVERY = 60  # seconds
NO_GRANT = GrantHealth(Health.NEEDS_RECONNECT, "no_grant")
STILL_GOOD = {"answer_lost", "refresh_interrupted"}  # given up, but what was handed out before is honoured


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend asks for: seconds the token must live, a refresh in any case, scopes that it needs."""

    min_ttl: int = 0
    force_refresh: bool = False
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Served:
    """A token handed out, and how its connection is."""

    account_id: str
    subject: str
    tokens: ProviderTokens
    health: GrantHealth
    missing_scopes: tuple[str, ...] = ()

    @property
    def scope(self) -> tuple[str, ...]:
        return self.tokens.scope


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Why there is no token for an account."""

    account_id: str
    health: GrantHealth
    scope: tuple[str, ...] = ()
    retry_after: float | None = None


class ProviderOff(Exception):
    """The provider is not configured here, or switched off."""


class Fresh(Ahead):
    """`fresh` is the hot one: one round trip to Redis where the token is good."""

    def __init__(self, store: Store, catalogue: Catalogue, upstream: Upstream) -> None:
        super().__init__(store, catalogue, upstream)
        self._told: dict[Ref, int] = {}

    async def fresh(self, user_id: str, provider: str, wish: Wish) -> list[Served | Refused]:
        """A good token for each of the user's accounts at the provider, or why there is none.

        Raises ProviderOff; RedisError when Redis stays away.
        """
        connection = self.at_hand(provider)
        if connection:
            grants = await self.store.grants.read(user_id, provider)
        else:
            grants, connection = await gather(
                self.store.grants.read(user_id, provider), self.connection(provider)
            )
        if connection is None:
            raise ProviderOff
        now = int(time.time())
        if all(good(grant, connection.lifecycle, now, wish) for grant in grants):
            return [judge(grant, connection.lifecycle, now, wish) for grant in grants]
        refs = (Ref(user_id, provider, grant.account_id) for grant in grants)
        return await gather(
            *(self._serve(ref, grant, connection, wish) for ref, grant in zip(refs, grants, strict=True))
        )

    async def standings(self, user_id: str, providers: Mapping[str, str]) -> dict[str, Standing]:
        """How each account's connection is; `providers` maps account ids to their providers."""
        now, ids = int(time.time()), list(set(providers.values()))
        grants = await gather(*(self.store.grants.read(user_id, each) for each in ids))
        connections = await gather(*(self.connection(each) for each in ids))
        found = {
            grant.account_id: standing_of(grant, connection, now)
            for connection, held in zip(connections, grants, strict=True)
            for grant in held
        }
        usable = dict(zip(ids, connections, strict=True))
        nothing = {
            each: Standing(NO_GRANT, (), () if usable[providers[each]] else None) for each in providers
        }
        return nothing | {each: standing for each, standing in found.items() if each in nothing}

    async def _serve(self, ref: Ref, grant: Grant, connection: Connection, wish: Wish) -> Served | Refused:
        now, lifecycle = int(time.time()), connection.lifecycle
        if grant.reason == SEAL_BROKEN:
            await self._tell_of_broken_seal(ref, now)
        if good(grant, lifecycle, now, wish) or not may_renew(grant, lifecycle, now, wish):
            return judge(grant, lifecycle, now, wish)
        problem, retry_after = None, None
        try:
            await self.refresher.refresh(ref, connection, grant, again=wish.force_refresh)
        except NeedsReconnect as reconnect:
            problem = GrantHealth(Health.NEEDS_RECONNECT, reconnect.reason)
            if reconnect.reason == SEAL_BROKEN:
                await self._tell_of_broken_seal(ref, now)
        except Delayed as delayed:
            problem, retry_after = GrantHealth(Health.STALE, "provider_unavailable"), delayed.retry_after
        after = await self.store.grants.find(ref)
        if after is None:
            return Refused(account_id=ref.account_id, health=GrantHealth(Health.REVOKED, "disconnected"))
        if after.version != grant.version:
            problem = None  # a sign-in or another refresh came first, and what failed is of the past
        if connection.refresh_ahead:
            await self.schedule(ref, after, connection)
        calm = msgspec.structs.replace(wish, force_refresh=False)
        return judge(after, lifecycle, int(time.time()), calm, problem, retry_after)

    async def _tell_of_broken_seal(self, ref: Ref, now: int) -> None:
        """To the log and to the audit log (AD-05), once a minute: who can break a seal can read often, too."""
        if now - self._told.get(ref, 0) < TOLD_EVERY:
            return
        self._told[ref] = now
        log.error("seal_broken", user=ref.user_id, provider=ref.provider, account=ref.account_id)
        about = {"provider": ref.provider, "external_account_id": ref.account_id}
        await self.store.events.add(happened("connection.seal_broken", now, user_id=ref.user_id, **about))


def standing_of(grant: Grant, connection: Connection | None, now: int) -> Standing:
    """What can be said without asking the provider."""
    scope = grant.tokens.scope if grant.tokens else ()
    if connection is None:
        return Standing(health_of(grant, MARGIN, now), scope)
    health = health_of(grant, connection.lifecycle.margin, now)
    return Standing(health, scope, accumulated(connection.additional_scopes, scope))


def good(grant: Grant, lifecycle: Lifecycle, now: int, wish: Wish) -> bool:
    """Whether the token can be served as it is, and nothing is to be told of it."""
    if grant.status is not None or grant.settling or wish.force_refresh:
        return False
    return not is_due(grant, lifecycle.margin, now, wish.min_ttl)


def may_renew(grant: Grant, lifecycle: Lifecycle, now: int, wish: Wish) -> bool:
    """Whether there is anything to renew with. What was given up is tried again only when a backend insists."""
    if grant.tokens is None or lifecycle.renewal is None:
        return False
    if grant.status is not None and (grant.status is Health.REVOKED or not wish.force_refresh):
        return False
    return (
        grant.renewable
        if lifecycle.renewal == "refresh_token"
        else now - grant.issued_at >= lifecycle.renewable_after
    )


def judge(
    grant: Grant,
    lifecycle: Lifecycle,
    now: int,
    wish: Wish,
    problem: GrantHealth | None = None,
    retry_after: float | None = None,
) -> Served | Refused:
    """What to answer with the grant as it is now. A token that is still valid is served whatever ails its renewal,
    unless the provider called the grant dead."""
    health = health_of(grant, lifecycle.margin, now)
    health = health if grant.status is not None or problem is None else problem
    scope = grant.tokens.scope if grant.tokens else ()
    dead = grant.status is not None and grant.reason not in STILL_GOOD
    if grant.tokens is None or grant.expired(now) or dead:
        return Refused(account_id=grant.account_id, health=health, scope=scope, retry_after=retry_after)
    if wish.force_refresh:
        stuck = GrantHealth(Health.NEEDS_RECONNECT, "no_refresh_token")
        return Refused(account_id=grant.account_id, health=stuck, scope=scope)
    missing = missing_scopes(grant, wish.scopes)
    if missing and health.health is Health.FRESH:
        health = GrantHealth(Health.MISSING_SCOPES, "not_granted")
    return Served(
        account_id=grant.account_id,
        subject=grant.subject,
        tokens=grant.tokens,
        health=health,
        missing_scopes=missing,
    )
