"""One refresh of one grant: one call to the provider, however many processes and callers ask, and no answer lost.

The way of it: take the lease, or wait for its holder's word; write down that the provider is asked now; ask; keep the
answer on the disk; tell. docs/reliability.md says what happens when a process dies at each of these.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import NoReturn, TypeVar

import msgspec
import structlog

from broker.core.circuit import Circuit
from broker.core.events import Event, EventType
from broker.core.grant import SEAL_BROKEN, Grant, Health, renewed
from broker.core.identity import ProviderTokens
from broker.core.opaque import new_id
from broker.core.tallies import Tally
from broker.providers.errors import GrantRefused, Unavailable
from broker.providers.lifecycle import Lifecycle, may_repeat
from broker.providers.provider import Connection
from broker.providers.upstream import REFRESH_TIME, Upstream
from broker.store.connection import RedisError
from broker.store.grants import PATIENCE, Grants, Lease, Ref, Turn, connection_event
from broker.store.revocations import Revocations
from broker.store.sealing import SealBroken
from broker.store.tallies import Tallies
from broker.store.wakeups import Wakeups

log = structlog.get_logger()
HELD = 3_000  # milliseconds from the lease to the call
SENT = round(REFRESH_TIME * 1000) + 5_000  # milliseconds from the call to the kept answer
LONGEST_WAIT = 30.0  # seconds for which a caller waits, and a refresh for others and for a Redis that is away
OUR_WORDS = {"invalid_grant", "no_refresh_token", "answer_lost", "refresh_interrupted"}
Answer = TypeVar("Answer")


class NeedsReconnect(Exception):
    """Only the person can help. `reason` is a short word for programs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Delayed(Exception):
    """Not now; the grant is as good as before. `retry_after` seconds, if anybody knows."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Refresher:
    """`refresh` returns when a newer token than the one seen stands in the store."""

    def __init__(
        self,
        grants: Grants,
        wakeups: Wakeups,
        revocations: Revocations,
        tallies: Tallies,
        upstream: Upstream,
    ) -> None:
        self.grants = grants
        self.revocations = revocations
        self.tallies = tallies
        self.wakeups = wakeups
        self.upstream = upstream
        self._flights: dict[Ref, asyncio.Task[None]] = {}
        self.circuits: defaultdict[str, Circuit] = defaultdict(Circuit)

    async def refresh(self, ref: Ref, connection: Connection, seen: Grant, *, again: bool = False) -> None:
        """Join the refresh that is under way in this process, or begin one. A caller that goes away ends nothing.
        `again`: also where the grant was given up and a refresh token is left.

        Raises NeedsReconnect or Delayed, and RedisError when Redis stays away.
        """
        flight = self._flights.get(ref)
        if flight is None:
            refresh = Refresh(self, ref, connection, seen, again=again)
            flight = self._flights[ref] = asyncio.create_task(refresh.run())
            flight.add_done_callback(lambda done: self._landed(ref, done))
        if not (await asyncio.wait({flight}, timeout=LONGEST_WAIT))[0]:
            raise Delayed("it takes too long; it goes on without this caller")
        flight.result()

    def _landed(self, ref: Ref, flight: "asyncio.Task[None]") -> None:
        self._flights.pop(ref, None)
        if not flight.cancelled():
            flight.exception()  # seen, though every caller may have gone away

    async def finish(self) -> None:
        """Wait for every refresh under way: what a provider has answered is kept before the process ends."""
        if self._flights:
            await asyncio.wait(self._flights.values(), timeout=SENT / 1000)


class Refresh:
    """One flight. Its name as owner of the lease is its own."""

    def __init__(
        self, room: Refresher, ref: Ref, connection: Connection, seen: Grant, *, again: bool
    ) -> None:
        self._grants, self._wakeups, self._upstream = room.grants, room.wakeups, room.upstream
        self._revocations, self._circuit = room.revocations, room.circuits[connection.id]
        self._tallies = room.tallies
        self._ref, self._connection, self._seen, self._again = ref, connection, seen, again
        self._owner = new_id("lease")
        self._unanswered = 0  # calls of earlier holders

    async def run(self) -> None:
        """Take the lease and renew, or learn that somebody else did."""
        give_up = time.monotonic() + LONGEST_WAIT
        lease = await patiently(self._take_lease, give_up)
        while lease.turn is Turn.BUSY:
            if time.monotonic() > give_up:
                raise Delayed("another process has been refreshing for too long")
            lease = await patiently(self._await_lease, give_up)
        if lease.turn in (Turn.HELD, Turn.INTERRUPTED):
            await self._renew(lease)

    async def _take_lease(self) -> Lease:
        phase = "held" if spends(self._connection.lifecycle) else "sent"
        ms = HELD if phase == "held" else SENT
        # Who saw an answer on its way to the disk waits for that and begins nothing.
        version = 0 if self._seen.settling else self._seen.version
        return await self._grants.lease(self._ref, self._owner, version, ms, phase, again=self._again)

    async def _await_lease(self) -> Lease:
        """Listen first, then ask again: what was said in between is not missed. Ask once more when the holder speaks,
        or when its time is over."""
        async with self._wakeups.on(self._ref.channel) as word:
            lease = await self._take_lease()
            if lease.turn is not Turn.BUSY:
                return lease
            await asyncio.wait([word], timeout=lease.ms / 1000 + 0.05)
            said = word.result() if word.done() else None
        if said is not None and said.startswith(b"delayed"):
            raise Delayed("another process was refused for now", read_pause(said))
        return await self._take_lease()

    async def _renew(self, lease: Lease) -> None:
        lifecycle, self._unanswered = self._connection.lifecycle, lease.tries
        interrupted = lease.turn is Turn.INTERRUPTED
        if interrupted and not self._again and not may_repeat(lifecycle, lease.ms // 1000, lease.tries - 1):
            await self._give_up("refresh_interrupted")
        try:
            refresh_token = self._grants.open_refresh_token(self._ref, lease)
        except SealBroken:
            await self._grants.release(self._ref, self._owner, "ended")
            raise NeedsReconnect(SEAL_BROKEN) from None
        if self._seen.tokens is None or (refresh_token is None and lifecycle.renewal == "refresh_token"):
            await self._give_up("no_refresh_token")
        held = msgspec.structs.replace(self._seen.tokens, refresh_token=refresh_token)
        answer = await self._ask(held, lease.tries)
        await self._keep(renewed(held, answer))

    async def _ask(self, held: ProviderTokens, tries: int) -> ProviderTokens:
        """The provider's answer; asked again, once, where an answer was lost and its grace allows it."""
        pause = self._circuit.wait(time.monotonic())
        if pause:
            await self._delay(f"{self._connection.id} is left alone for a while", pause)
        lifecycle, began = self._connection.lifecycle, time.monotonic()
        while True:
            tries += 1
            if spends(lifecycle) and not await self._send(tries):
                raise Delayed("another followed before the provider was asked")
            try:
                answer = await self._upstream.refresh(self._connection, held, int(time.time()))
            except GrantRefused as refused:
                self._circuit.succeeded()
                await self._give_up(refused.reason, erase="refresh")
            except Unavailable as error:
                self._circuit.failed(time.monotonic(), error.retry_after)
                if not (error.heard and spends(lifecycle)):
                    await self._delay(f"{self._connection.id}: {error.detail}", error.retry_after)
                if tries > 1 or not may_repeat(lifecycle, int(time.monotonic() - began)):
                    await self._give_up("answer_lost")
            else:
                self._circuit.succeeded()
                return answer

    async def _send(self, tries: int) -> bool:
        return await self._patiently(lambda: self._grants.send(self._ref, self._owner, SENT, tries))

    async def _patiently(self, step: Callable[[], Awaitable[Answer]]) -> Answer:
        """What the journal must know is told to a Redis that is away, too, when it is back: a mark that is left there, of a
        call that was not made or was answered, would cost the grant."""
        return await patiently(step, time.monotonic() + PATIENCE)

    async def _keep(self, tokens: ProviderTokens) -> None:
        event = self._event(EventType.CONNECTION_REFRESHED, None)
        kept = await self._grants.renew(self._ref, self._owner, self._seen, tokens, event, int(time.time()))
        self._tallies.count(Tally.REFRESHED, self._ref.provider)
        if not kept:
            await self._drop(tokens)
        with suppress(RedisError):  # it is kept; who waits looks again by itself
            await self._grants.release(self._ref, self._owner, "renewed")

    async def _drop(self, tokens: ProviderTokens) -> None:
        """Something newer stands there, and the provider counts what we hold as spent or as part of it. Unless the
        grant was given back meanwhile: then this is what is left of it, and it is owed back."""
        log.warning("late_refresh_dropped", user=self._ref.user_id, account=self._ref.account_id)
        now = await self._grants.find(self._ref)
        if now is None or now.status is Health.REVOKED:
            await self._revocations.owe(self._ref, tokens, int(time.time()))

    async def _give_up(self, reason: str, erase: str = "") -> NoReturn:
        """Mark the connection, once, and say so."""
        event = self._event(EventType.CONNECTION_NEEDS_RECONNECT, reason)
        told = reason if reason in OUR_WORDS else "provider_refused"
        self._tallies.count(Tally.REFRESH_FAILED, self._ref.provider, told)
        version, owner = self._seen.version, self._owner
        step = partial(self._grants.end, version=version, owner=owner, erase=erase)
        await self._patiently(lambda: step(self._ref, Health.NEEDS_RECONNECT, reason, event))
        log.warning(
            "connection_needs_reconnect",
            provider=self._ref.provider,
            user=self._ref.user_id,
            account=self._ref.account_id,
            reason=reason,
        )
        raise NeedsReconnect(reason)

    async def _delay(self, detail: str, retry_after: float | None) -> NoReturn:
        """Let go, and spare those who wait the same attempt."""
        log.warning("refresh_delayed", provider=self._ref.provider, account=self._ref.account_id, why=detail)
        self._tallies.count(Tally.REFRESH_FAILED, self._ref.provider, "provider_unavailable")
        word = f"delayed {retry_after or 0:.0f}"
        step = partial(self._grants.release, self._ref, self._owner, word, self._unanswered)
        await self._patiently(step)
        raise Delayed(detail, retry_after)

    def _event(self, event_type: EventType, reason: str | None) -> Event:
        return connection_event(event_type, self._ref, int(time.time()), "broker", reason)


def spends(lifecycle: Lifecycle) -> bool:
    """Whether asking costs the refresh token, so that it may not be asked twice by accident."""
    return lifecycle.renewal == "refresh_token" and lifecycle.rotates is not False


def read_pause(said: bytes) -> float | None:
    return float(said.split()[1]) or None


async def patiently(step: Callable[[], Awaitable[Answer]], give_up: float) -> Answer:
    """`step`, anew while Redis is away: a restart of it is no reason to turn anybody away."""
    while True:
        try:
            return await step()
        except RedisError:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.2)
