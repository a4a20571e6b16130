"""The steps of flows as they stand in Redis."""

import time
from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec
from redis import Redis

from broker.core.flows import Flow, Kind, Reason, Step, flows_of
from tests.running import RunningBroker


def flows(redis_url: str) -> list[Flow]:
    """All that is kept, the newest first."""
    with Redis.from_url(redis_url) as redis:
        raw = [fields[b"step"] for _, fields in redis.xrange("flows")]
    return flows_of(msgspec.json.decode(each, type=Step) for each in raw)


def newest(broker: RunningBroker, kind: Kind, last: str) -> Flow:
    """The newest flow of a kind, with all that was noted until now, which must end with the step `last`."""
    mark = written_until_now(broker)
    flow = next(each for each in flows(broker.redis_url) if each.kind is kind and each.id != mark)
    assert flow.last.name == last, names(flow)
    return flow


def written_until_now(broker: RunningBroker) -> str:
    """Wait for a flow of our own, which is written after all that the process noted before it. Its id."""
    now = time.time_ns() // 1_000_000
    asked = {"client_id": "default", "redirect_uri": "https://mark.example/", "provider": "stub"}
    assert broker.get(f"/authorize?{urlencode(asked)}").status_code == 400
    for _ in range(200):
        for flow in flows(broker.redis_url):
            if flow.last.reason is Reason.REDIRECT_URI_REFUSED and flow.began_at >= now:
                return flow.id
        time.sleep(0.05)
    raise AssertionError("the steps were not written")


def names(flow: Flow) -> Sequence[str]:
    return [str(step.name) for step in flow.steps]
