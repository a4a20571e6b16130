"""The steps of flows as they stand in Redis."""

import time
from collections.abc import Sequence

import msgspec
from redis import Redis

from broker.core.flows import Flow, Kind, Step, flows_of
from tests.running import RunningBroker


def flows(redis_url: str) -> list[Flow]:
    """All that is kept, the newest first."""
    with Redis.from_url(redis_url) as redis:
        raw = [fields[b"step"] for _, fields in redis.xrange("flows")]
    return flows_of(msgspec.json.decode(each, type=Step) for each in raw)


def newest(broker: RunningBroker, kind: Kind, last: str) -> Flow:
    """The newest flow of a kind, once its last step is written."""
    for _ in range(60):
        found = [flow for flow in flows(broker.redis_url) if flow.kind is kind]
        if found and found[0].last.name == last:
            return found[0]
        time.sleep(0.05)
    raise AssertionError([names(flow) for flow in found])


def names(flow: Flow) -> Sequence[str]:
    return [str(step.name) for step in flow.steps]
