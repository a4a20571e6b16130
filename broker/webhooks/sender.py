"""Send what waits for the endpoints of webhooks: at least once, again after a while, given up in the end."""

import asyncio
import random
import time
from typing import NamedTuple

import msgspec
import structlog

from broker.core.errors import OAuthError
from broker.core.webhooks import DELAYS, Delivery, Endpoint, next_attempt, signed_headers
from broker.providers.token_answer import retry_after
from broker.providers.upstream import Upstream
from broker.store import Store

AT_ONCE = 8  # deliveries to one endpoint; there are at most twenty endpoints
PATIENCE = 1.0  # seconds that a chore waits for its lanes; a slow one goes on by itself

log = structlog.get_logger()


class Outcome(NamedTuple):
    """What came of one attempt. `status` None: no answer, or the URL is one that we do not call."""

    status: int | None
    words: str
    retry_after: int | None = None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == 410


async def send(upstream: Upstream, endpoint: Endpoint, delivery: Delivery, now: int) -> Outcome:
    """One attempt, in the shared session's bounds of time and size. No redirect is followed: it counts as a failure."""
    headers = signed_headers(endpoint, delivery.event_id, delivery.body, now)
    try:
        answer = await upstream.post_json(endpoint.url, headers, delivery.body)
    except OAuthError as error:
        return Outcome(None, error.detail or error.description)
    wanted = retry_after(answer)
    return Outcome(answer.status, f"status {answer.status}", None if wanted is None else round(wanted))


class Sender:
    """`deliver_webhooks` is a chore of the leader. Each endpoint has a lane of its own, a task that sends until nothing
    is due there, so that one which hangs holds up nobody else. A lane that outlives its leader does no harm: deliveries
    are claimed."""

    def __init__(self, store: Store, upstream: Upstream, delays: tuple[int, ...] = DELAYS) -> None:
        self._store = store
        self._upstream = upstream
        self._delays = delays
        self._lanes: dict[str, asyncio.Task[None]] = {}

    async def deliver_webhooks(self, now: int) -> None:
        endpoints = await self._store.webhooks.list()
        for endpoint in endpoints:
            lane = self._lanes.get(endpoint.id)
            if endpoint.enabled and (lane is None or lane.done()):
                self._lanes[endpoint.id] = asyncio.create_task(self._drive(endpoint.id, now))
        if self._lanes:
            done, _ = await asyncio.wait(self._lanes.values(), timeout=PATIENCE)
            self._forget(done)

    async def close(self) -> None:
        """What was under way is claimed, and goes out again when its lease is over."""
        for lane in self._lanes.values():
            lane.cancel()
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    def _forget(self, done: set[asyncio.Task[None]]) -> None:
        self._lanes = {key: lane for key, lane in self._lanes.items() if lane not in done}
        for lane in done:
            error = lane.exception() if not lane.cancelled() else None
            if error:
                log.warning("webhook_lane_failed", kind=type(error).__name__)

    async def _drive(self, endpoint_id: str, now: int) -> None:
        """The endpoint is read anew for each load: it may have been disabled, deleted, or given a new secret."""
        while True:
            endpoint = await self._store.webhooks.find(endpoint_id)
            if endpoint is None or not endpoint.enabled:
                return
            load = await self._store.deliveries.claim(endpoint_id, now, AT_ONCE)
            if not load:
                return
            await asyncio.gather(*(self._attempt(endpoint, delivery) for delivery in load))
            now = max(now, int(time.time()))

    async def _attempt(self, endpoint: Endpoint, delivery: Delivery) -> None:
        outcome = await send(self._upstream, endpoint, delivery, int(time.time()))
        if outcome.good:
            await self._store.deliveries.done(endpoint.id, delivery)
            return
        now, attempts = int(time.time()), delivery.attempts + 1
        tried = msgspec.structs.replace(delivery, attempts=attempts, last_outcome=outcome.words)
        chance = random.random()  # noqa: S311 - it spreads load and keeps nothing secret
        at = next_attempt(attempts, now, chance=chance, retry_after=outcome.retry_after, delays=self._delays)
        if at is None or outcome.gone:
            log.warning("webhook_given_up", endpoint=endpoint.id, event_id=delivery.event_id)
            await self._store.deliveries.bury(endpoint.id, tried, now)
        else:
            await self._store.deliveries.retry(endpoint.id, tried, at)
        if outcome.gone:
            await self._disable(endpoint.id, now)

    async def _disable(self, endpoint_id: str, now: int) -> None:
        """It answered 410: its owner wants no more of it. An admin may enable it again."""
        endpoint = await self._store.webhooks.find(endpoint_id)
        if endpoint and endpoint.enabled:
            log.warning("webhook_disabled", endpoint=endpoint_id, reason="gone")
            await self._store.webhooks.update(
                msgspec.structs.replace(endpoint, disabled_reason="gone", updated_at=now)
            )
