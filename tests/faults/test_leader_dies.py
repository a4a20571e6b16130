"""Tokens are refreshed ahead by one process at a time, and by another when that one dies."""

import asyncio
import time

import pytest

from tests.faults.deployment import Deployment, Worker, ask
from tests.faults.test_races import until
from tests.faults.trap import call_of
from tests.provider_stub import ProviderStub

pytestmark = pytest.mark.anyio

PEOPLE = 25  # more than one turn takes
TAKEOVER = 13  # seconds: a term of ten, and a turn


async def leader_of(deployment: Deployment) -> tuple[Worker, Worker]:
    """Who asks for what is due, and who does not."""
    workers = [deployment.first, deployment.second]
    for worker in workers:
        worker.proxy.reset()
    await until(lambda: any(call_of("claim") in worker.proxy.sent for worker in workers), TAKEOVER)
    leading = next(worker for worker in workers if call_of("claim") in worker.proxy.sent)
    return leading, next(worker for worker in workers if worker is not leading)


async def test_another_leads(deployment: Deployment, strict: ProviderStub):
    """Nobody asks, and due tokens are renewed all the same, each once; the leader dies, and within a dozen seconds another
    goes on, at a bounded rate."""
    provider = deployment.offer(strict, rotates=True, refresh_ahead=True)
    strict.lifetime = 3600
    await asyncio.to_thread(deployment.person, strict, provider, 2)
    await until(lambda: strict.refreshed == 1, TAKEOVER + 3)
    leading, other = await leader_of(deployment)
    leading.kill()
    died, calls = time.monotonic(), list[float]()
    strict.before_refresh = lambda: calls.append(time.monotonic())
    deployment.first, deployment.second = leading, other  # the second signs people in
    for _ in range(PEOPLE):
        await asyncio.to_thread(deployment.person, strict, provider, 1)
    await until(lambda: len(calls) == PEOPLE, TAKEOVER + 3)
    assert calls[0] - died < TAKEOVER
    assert calls[20] - calls[0] > 0.8  # the second turn
    await asyncio.sleep(1.5)
    assert len(calls) == PEOPLE
    assert (
        len({asked["refresh_token"] for asked in strict.asked("/token") if "refresh_token" in asked})
        == PEOPLE + 1
    )


async def test_a_leader_ends_in_order(deployment: Deployment, strict: ProviderStub):
    """A leader that is told to stop while it refreshes ahead keeps what the provider answers, though nobody waits for it, and
    makes room for another at once."""
    provider = deployment.offer(strict, rotates=True, refresh_ahead=True)
    strict.lifetime, strict.refresh_delay = 3600, 1.5
    leading, other = await leader_of(deployment)
    person = await asyncio.to_thread(deployment.person, strict, provider, 1)
    await until(lambda: strict.refreshed == 1, 5)
    await asyncio.to_thread(leading.terminate)
    other.proxy.reset()
    assert (await ask(other, person)).health == "fresh"
    assert strict.refreshed == 1
    await until(lambda: call_of("claim") in other.proxy.sent, 3)
