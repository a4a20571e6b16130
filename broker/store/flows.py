"""The steps of sign-ins, for whoever looks into why one did not arrive. Not the audit log: what is noted waits in this process
and goes out twice a second in one pipeline, so noting costs a request nothing, and a crash loses the last half second.

Anybody can begin flows, so the stream is bounded, and so is what one process writes: beyond that, steps are left out and
counted, and no sign-in waits for them.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError

from broker.core.flows import Flow, Kind, Reason, Step, StepName, began_at, flows_of
from broker.core.tallies import Tally
from broker.store.commands import Commands
from broker.store.tallies import Tallies

log = structlog.get_logger()
STREAM = "flows"
KEPT = 20_000  # steps, or a few more: four thousand sign-ins
EVERY = 0.5  # seconds
MOST_WAITING = 1_000  # steps that one process writes at a time
AT_ONCE = 500  # entries a round trip
LONGEST = 45 * 60_000  # milliseconds from a flow's first step to its last: four waits for a person
SKEW = 60_000  # milliseconds by which Redis's clock and ours may differ

COUNTED = {
    StepName.STARTED: Tally.STARTED,
    StepName.RECONNECTED: Tally.RECONNECTED,
    StepName.DIED: Tally.FAILED,
}


class Flows:
    """`note` a step, `died` for the last one; `flush` writes; `recent` and `find` read."""

    def __init__(self, redis: Commands, tallies: Tallies, kept: int = KEPT) -> None:
        self._redis = redis
        self._tallies = tallies
        self._kept = kept
        self._waiting: list[Step] = []
        self._left_out = 0
        self._decoder = msgspec.json.Decoder(Step)

    def note(self, flow_id: str, name: StepName, **about: Any) -> None:
        """In memory. `about` is as `Step` has it. A flow without an id was begun by an older version, and goes unseen."""
        step = Step(flow=flow_id, name=name, at=time.time_ns() // 1_000_000, **about)
        self._count(step)
        if not flow_id:
            return
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(step)
        else:
            self._left_out += 1

    def died(self, flow_id: str, reason: Reason, **about: Any) -> None:
        self.note(flow_id, StepName.DIED, reason=reason, **about)

    @property
    def waiting(self) -> tuple[Step, ...]:
        return tuple(self._waiting)

    def _count(self, step: Step) -> None:
        tally = COUNTED.get(step.name)
        if step.name is StepName.EXCHANGED:
            tally = Tally.CONNECTED if step.kind is Kind.CONNECT else Tally.SIGNED_IN
        if tally:
            self._tallies.count(tally, step.provider, step.reason or "")

    async def flush(self) -> None:
        """Write what waits. What Redis does not take is lost: it may have taken it, and twice would be worse."""
        steps, self._waiting = self._waiting, []
        left_out, self._left_out = self._left_out, 0
        if left_out:
            log.warning("flow_steps_left_out", number=left_out)
        if not steps and not self._tallies.waiting:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for step in steps:
            fields = {"step": msgspec.json.encode(step)}
            pipeline.xadd(STREAM, fields, maxlen=self._kept, approximate=True)
        self._tallies.write_into(pipeline, int(time.time()))
        with suppress(RedisError):  # the requests say loudly enough that Redis is away
            await pipeline.execute(raise_on_error=False)

    async def run(self) -> None:
        """Until it is cancelled; whoever cancels it flushes once more."""
        while True:
            await asyncio.sleep(EVERY)
            await self.flush()

    async def recent(self, wanted: Callable[[Flow], bool], limit: int, most_steps: int = 4_000) -> list[Flow]:
        """The newest flows that are wanted. No more than `most_steps` are looked through, so that a filter that nothing fits
        does not read the whole stream every two seconds."""
        steps: list[Step] = []
        end, found = "+", list[Flow]()
        while len(steps) < most_steps:
            raw = await self._redis.xrevrange(STREAM, end, "-", count=AT_ONCE)
            steps = [*reversed(self._decode(raw)), *steps]
            found = [flow for flow in flows_of(steps) if wanted(flow)]
            # One more than asked: the oldest of a part may have steps beyond it.
            if len(raw) < AT_ONCE or len(found) > limit:
                break
            end = f"({raw[-1][0].decode()}"
        return found[:limit]

    async def find(self, flow_id: str) -> Flow | None:
        """All of one flow that is kept. It is looked for from when its id says that it began."""
        began = began_at(flow_id)
        if began is None:
            return None
        steps: list[Step] = []
        start, end = str(began - SKEW), str(began + LONGEST + SKEW)
        while True:
            raw = await self._redis.xrange(STREAM, start, end, count=AT_ONCE)
            steps += [step for step in self._decode(raw) if step.flow == flow_id]
            if len(raw) < AT_ONCE:
                break
            start = f"({raw[-1][0].decode()}"
        return next(iter(flows_of(steps)), None)

    def _decode(self, raw: list[tuple[bytes, dict[bytes, bytes]]]) -> list[Step]:
        """What does not read as a step, by another version's hand, is left out."""
        steps = []
        for _, fields in raw:
            with suppress(msgspec.DecodeError, KeyError):
                steps.append(self._decoder.decode(fields[b"step"]))
        return steps
