"""A hundred backends a process ask two processes for one expired token, at a provider that takes a refresh token once."""

import asyncio
import threading
import time

import pytest

from tests.faults.conftest import KINDS
from tests.faults.deployment import Deployment, ask, crowd
from tests.provider_stub import ProviderStub

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("delay", [0.0, 0.05, 2.0])
async def test_two_hundred_readers_are_one_call(deployment: Deployment, strict: ProviderStub, delay: float):
    """TV-08: whatever the provider's pace, it is asked once; all two hundred get the same token, and the grant lives on."""
    provider = deployment.offer(strict, **KINDS["strict"])
    person = deployment.person(strict, provider)
    strict.refresh_delay = delay
    crowds = await asyncio.gather(
        *(crowd(worker, person, 100) for worker in (deployment.first, deployment.second))
    )
    reads = [read for each in crowds for read in each]
    assert [read.status for read in reads] == [200] * 200
    assert len({read.token for read in reads}) == 1
    assert strict.refreshed == 1
    strict.refresh_delay = 0
    again = await ask(deployment.first, person, "?force_refresh=true")
    assert again.health == "fresh"
    assert again.token not in {None, reads[0].token}


async def test_a_reader_of_a_token_that_is_not_on_the_disk_yet(deployment: Deployment, strict: ProviderStub):
    """Who reads while a new token is written but not synced waits for that, and begins no second refresh."""
    provider = deployment.offer(strict, **KINDS["strict"])
    person = deployment.person(strict, provider)
    reached = threading.Event()

    def hold() -> None:
        reached.set()
        time.sleep(0.5)

    deployment.first.trap("grants.renew", 1, hold)
    first = asyncio.create_task(ask(deployment.first, person))
    assert await asyncio.to_thread(reached.wait, 10)
    second = await crowd(deployment.second, person, 5)
    assert {read.token for read in second} == {(await first).token}
    assert strict.refreshed == 1
