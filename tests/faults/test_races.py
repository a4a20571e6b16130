"""What a person or an admin does while their token is being refreshed."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import KINDS
from tests.faults.deployment import Deployment, Person, Read, ask
from tests.provider_stub import ProviderStub

pytestmark = pytest.mark.anyio


@pytest.fixture
def person(deployment: Deployment, strict: ProviderStub) -> Person:
    return deployment.person(strict, deployment.offer(strict, **KINDS["strict"]))


async def in_the_middle(
    deployment: Deployment, person: Person, act: Callable[[], object], step: str = "after_refresh"
) -> Read:
    """What a reader is told whose refresh was under way while `act` was done."""
    reached, done = threading.Event(), threading.Event()

    def wait() -> None:
        if not reached.is_set():
            reached.set()
            done.wait(10)

    setattr(person.stub, step, wait)
    reader = asyncio.create_task(ask(deployment.first, person))
    assert await asyncio.to_thread(reached.wait, 10)
    await asyncio.to_thread(act)
    done.set()
    return await reader


def erase_user(deployment: Deployment, person: Person) -> None:
    assert deployment.second.broker.admin("DELETE", f"/v1/users/{person.user_id}").status_code == 200


def give_back(deployment: Deployment, person: Person) -> None:
    accounts = f"/v1/users/{person.user_id}/external_accounts"
    (account,) = deployment.second.broker.admin("GET", accounts).json()
    answer = deployment.second.broker.admin("DELETE", f"{accounts}/{account['id']}/tokens")
    assert answer.status_code == 200


async def until(met: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("act", [erase_user, give_back])
async def test_tokens_that_come_too_late_are_given_back(
    deployment: Deployment, person: Person, act: Callable[[Deployment, Person], None]
):
    """A pair that the provider gives after the grant was given back is kept from everybody and revoked, too."""
    read = await in_the_middle(deployment, person, lambda: act(deployment, person))
    assert read.status in {400, 404, 422}
    late = person.family.current
    await until(lambda: late in [asked["token"] for asked in person.stub.asked("/revoke")], 15)
    assert (await ask(deployment.first, person)).token is None


@pytest.mark.parametrize("step", ["before_refresh", "after_refresh"])
async def test_a_sign_in_wins(deployment: Deployment, person: Person, step: str):
    """Whoever signs in while an older token is refreshed gets the tokens of the sign-in, whatever the refresh brings: a new
    pair, or a refusal because the sign-in ended the older grant."""
    older = person.family

    def sign_in() -> None:
        older.alive = False
        deployment.returning(person.stub, person.provider, person.subject, 3600)

    during = await in_the_middle(deployment, person, sign_in, step)
    after = await ask(deployment.second, person)
    assert (during.health, after.health) == ("fresh", "fresh")
    assert during.token == after.token
    assert person.stub.refreshed == 1
    assert (await ask(deployment.first, person, "?force_refresh=true")).health == "fresh"
    assert older.alive is False


async def test_a_process_ends_in_order(deployment: Deployment, person: Person):
    """TV-09: a process that is told to stop in the middle of a refresh answers who waits, keeps the token, and is gone."""
    person.stub.refresh_delay = 1.5
    reader = asyncio.create_task(ask(deployment.first, person))
    await until(lambda: person.stub.refreshed == 1, 10)
    await asyncio.to_thread(deployment.first.terminate)
    read = await reader
    assert (read.status, read.health) == (200, "fresh")
    assert (await ask(deployment.second, person)).token == read.token
    assert person.stub.refreshed == 1
