"""Redis is restarted, loses what it had not synced, or stays away, while a token is being refreshed."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from tests.faults.conftest import KINDS
from tests.faults.deployment import Deployment, Person, Read, ask, crowd
from tests.provider_stub import ProviderStub

pytestmark = pytest.mark.anyio

AWAY = 0.5  # seconds


@pytest.fixture
def person(deployment: Deployment, strict: ProviderStub) -> Person:
    """Somebody whose token at a strict provider is over."""
    return deployment.person(strict, deployment.offer(strict, **KINDS["strict"]))


async def read_through(deployment: Deployment, person: Person, fallen: threading.Event) -> list[Read]:
    """Readers of both processes while Redis goes away, and comes back after a while."""
    crowds = [
        asyncio.create_task(crowd(worker, person, 5)) for worker in (deployment.first, deployment.second)
    ]
    assert await asyncio.to_thread(fallen.wait, 10)
    await asyncio.sleep(AWAY)
    await asyncio.to_thread(deployment.valkey.start)
    return [read for each in crowds for read in await each]


async def check_alive(deployment: Deployment, person: Person, reads: list[Read]) -> None:
    """Who was answered got one token, by one call of the provider, and the next refresh works."""
    assert {read.status for read in reads} <= {200, 400, 503}
    assert all(read.seconds < 20 for read in reads)
    tokens = {read.token for read in reads if read.token}
    assert len(tokens) == 1
    assert (await ask(deployment.second, person)).token in tokens
    assert person.stub.refreshed == 1
    current = person.family.current
    again = await ask(deployment.first, person, "?force_refresh=true")
    assert again.health == "fresh"
    assert person.stub.asked("/token")[-1]["refresh_token"] == current


def when(step: str, deployment: Deployment, person: Person, fall: Callable[[], object]) -> threading.Event:
    """Redis falls once at a step, whichever process is there; what it just answered is lost. The event says it did."""
    fallen = threading.Event()

    def spring() -> bool:
        if not fallen.is_set():
            fall()
            fallen.set()
        return True

    if step.startswith("grants."):
        for worker in (deployment.first, deployment.second):
            worker.trap(step, 1, spring)
    else:
        setattr(person.stub, step, spring)
    return fallen


@pytest.mark.parametrize("step", ["grants.lease", "grants.send", "after_refresh", "grants.renew"])
async def test_redis_crashes(deployment: Deployment, person: Person, step: str):
    """A Redis that is killed at any step, and starts again on its append-only file, costs nothing but time: the provider is
    asked once, the new pair is kept."""
    fallen = when(step, deployment, person, deployment.valkey.crash)
    await check_alive(deployment, person, await read_through(deployment, person, fallen))


async def test_redis_is_upgraded(deployment: Deployment, person: Person):
    """The same of a Redis that ends in order, after the provider answered and before we wrote."""
    fallen = when("after_refresh", deployment, person, deployment.valkey.shut_down)
    await check_alive(deployment, person, await read_through(deployment, person, fallen))


async def test_the_power_fails_before_the_disk_has_it(deployment: Deployment, person: Person):
    """A new pair that Redis took and lost again, because it was not on the disk, is written anew: nobody was told before."""
    synced: list[int] = []
    person.stub.after_refresh = lambda: synced.append(deployment.valkey.written())
    fallen = when("grants.renew", deployment, person, lambda: deployment.valkey.lose_power(synced[0]))
    await check_alive(deployment, person, await read_through(deployment, person, fallen))


async def test_redis_stays_away(deployment: Deployment, person: Person):
    """Without Redis every reader is told so, within half a minute; the processes live on, and the answer of the provider is
    held until Redis is back, however late that is."""
    fallen = when("after_refresh", deployment, person, deployment.valkey.crash)
    reader = asyncio.create_task(ask(deployment.first, person))
    assert await asyncio.to_thread(fallen.wait, 10)
    newcomer = await ask(deployment.second, person)
    assert newcomer.status == 503
    waited = await reader
    assert (waited.status, waited.seconds < 35) == (503, True)
    await asyncio.to_thread(deployment.valkey.start)
    await asyncio.sleep(1)
    served = await ask(deployment.first, person)
    await check_alive(deployment, person, [served])
