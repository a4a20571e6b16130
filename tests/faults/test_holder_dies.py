"""The process that refreshes is killed, or stopped for longer than its lease, at each step; readers ask the other one.

Three grants at a time, one at each kind of provider. docs/reliability.md has these tables in words.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import pytest

from tests.faults.conftest import KINDS
from tests.faults.deployment import Deployment, Person, Read, Worker, ask, crowd
from tests.provider_stub import ProviderStub

pytestmark = pytest.mark.anyio

READERS = 4  # a process and grant
ROTATING = ("strict", "grace")
INTERRUPTED = "needs_reconnect refresh_interrupted"


@dataclass
class Scene:
    """The first process is about to refresh everybody's token; `ill` befalls it at a step."""

    deployment: Deployment
    people: dict[str, Person]
    ill: Callable[[Worker], None]
    befallen: threading.Event = field(default_factory=threading.Event)
    tasks: list["asyncio.Task[list[Read]]"] = field(default_factory=list)

    def befall(self) -> None:
        if not self.befallen.is_set():
            self.ill(self.deployment.first)
            self.befallen.set()

    async def play(self, step: str) -> dict[str, list[Read]]:
        """What the readers of the second process are told, by kind."""
        self.arrange(step)
        first, second = self.deployment.first, self.deployment.second
        self.tasks = [asyncio.create_task(crowd(first, each, READERS)) for each in self.people.values()]
        assert await asyncio.to_thread(self.befallen.wait, 10)
        reads = await asyncio.gather(*(crowd(second, each, READERS) for each in self.people.values()))
        return dict(zip(self.people, reads, strict=True))

    def arrange(self, step: str) -> None:
        if step.startswith("grants."):
            self.deployment.first.trap(step, len(self.people), self.befall)
            return
        everybody = threading.Barrier(len(self.people), self.befall)

        def together() -> None:
            if not self.befallen.is_set():
                everybody.wait(10)

        for person in self.people.values():
            setattr(person.stub, step, together)

    async def late(self) -> list[Read]:
        """What the first process's readers are told in the end."""
        self.deployment.first.go_on()
        return [read for told in await asyncio.gather(*self.tasks) for read in told]

    async def buried(self) -> None:
        """The readers of a killed process get no answer."""
        for task in self.tasks:
            with suppress(aiohttp.ClientError):
                await task


def set_up(
    deployment: Deployment,
    stubs: dict[str, ProviderStub],
    kinds: tuple[str, ...],
    ill: Callable[[Worker], None],
) -> Scene:
    people = {}
    for kind in kinds:
        provider = deployment.offer(stubs[kind], **KINDS[kind])
        people[kind] = deployment.person(stubs[kind], provider)
    return Scene(deployment, people, ill)


def check_readers(reads: list[Read]) -> None:
    """One answer for all of them: a token or a 4xx, in time."""
    assert len({(read.status, read.token or read.health) for read in reads}) == 1
    assert all(read.status in (200, 400) for read in reads)
    assert all(read.seconds < 30 for read in reads)


async def check_alive(deployment: Deployment, person: Person) -> None:
    """The refresh token that we hold is the one branch the provider keeps."""
    current = person.family.current
    read = await ask(deployment.second, person, "?force_refresh=true")
    assert read.health == "fresh"
    assert person.stub.asked("/token")[-1]["refresh_token"] == current
    assert person.family.alive


STEPS: dict[str, tuple[tuple[str, ...], dict[str, str], dict[str, int]]] = {
    # step: kinds it exists for, health of each at the second process, calls the provider had until then
    "grants.lease": (("strict", "grace", "none"), {}, {"strict": 1, "grace": 1, "none": 1}),
    "grants.send": (ROTATING, {"strict": INTERRUPTED}, {"strict": 0, "grace": 1}),
    "before_refresh": (
        ("strict", "grace", "none"),
        {"strict": INTERRUPTED},
        {"strict": 1, "grace": 2, "none": 2},
    ),
    "after_refresh": (
        ("strict", "grace", "none"),
        {"strict": INTERRUPTED},
        {"strict": 1, "grace": 2, "none": 2},
    ),
    "grants.renew": (("strict", "grace", "none"), {}, {"strict": 1, "grace": 1, "none": 1}),
}


@pytest.mark.parametrize("step", STEPS)
async def test_the_holder_is_killed(deployment: Deployment, stubs: dict[str, ProviderStub], step: str):
    """TV-09: what was never sent is done by the next, what may be repeated is repeated, and a strict provider's lost answer
    is a connection that needs its person, told to everybody as that. A kept refresh token is tried when one insists."""
    kinds, healths, calls = STEPS[step]
    scene = set_up(deployment, stubs, kinds, Worker.kill)
    for kind, reads in (await scene.play(step)).items():
        check_readers(reads)
        assert reads[0].health == healths.get(kind, "fresh"), kind
        assert stubs[kind].refreshed == calls[kind], kind
    await scene.buried()
    for kind, person in scene.people.items():
        if kind == "strict" and step in {"before_refresh", "after_refresh"}:
            insisted = await ask(deployment.second, person, "?force_refresh=true")
            assert insisted.health == "needs_reconnect invalid_grant"
            assert not person.family.alive
        else:
            await check_alive(deployment, person)


@pytest.mark.parametrize("step", STEPS)
async def test_the_holder_is_stopped(deployment: Deployment, stubs: dict[str, ProviderStub], step: str):
    """TV-09: a process that wakes up long after its lease overwrites nothing newer, starts no second branch, and heals
    what was given up in its absence if it has the answer."""
    kinds, healths, calls = STEPS[step]
    scene = set_up(deployment, stubs, kinds, Worker.stop)
    for kind, reads in (await scene.play(step)).items():
        check_readers(reads)
        assert reads[0].health == healths.get(kind, "fresh"), kind
        assert stubs[kind].refreshed == calls[kind], kind
    # Who wakes up before it asked may find itself followed; then it does not ask, and what was kept is tried on demand. A
    # reader whose first look into Redis was under way when the process was stopped is told 503: that look took too long.
    expected = {"fresh", INTERRUPTED} if step == "grants.send" else {"fresh"}
    late = await scene.late()
    assert {read.status for read in late} <= {200, 400, 503}
    assert {read.health for read in late if read.status != 503} <= expected
    for person in scene.people.values():
        told = {(await ask(worker, person)).token for worker in (deployment.first, deployment.second)}
        assert len(told) == 1
        await check_alive(deployment, person)
