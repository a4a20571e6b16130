"""A refresh by the broker's own client: when its answer counts, and until when the new token lives."""

import asyncio
from dataclasses import replace

import pytest

from broker.core.identity import ProviderTokens
from broker.providers.errors import GrantRefused, Unavailable
from broker.providers.lifecycle import Lifecycle
from broker.providers.token_answer import Answer
from broker.providers.upstream import in_time
from tests.broker.providers.conftest import AtStub
from tests.provider_stub import answer_json

pytestmark = pytest.mark.anyio

HELD = ProviderTokens(access_token="a1", refresh_token="r1", scope=("x",))


async def refresh(at_stub: AtStub, lifecycle: Lifecycle = Lifecycle()) -> ProviderTokens:  # noqa: B008 - a value
    at_stub.provider = replace(at_stub.provider, lifecycle=lifecycle)
    return await at_stub.upstream.refresh(at_stub.connection(), HELD, at_stub.now)


@pytest.mark.parametrize(
    ("expires_in", "lifetime", "lives"),
    [(60, None, 60), (None, None, None), (None, 5_184_000, 5_184_000), (60, 9, 60)],
)
async def test_how_long_a_token_lives(
    at_stub: AtStub, expires_in: int | None, lifetime: int | None, lives: int | None
):
    """`expires_in` counts; without it the provider's documented lifetime does; without both it has no end."""
    said = {"access_token": "a2"} | ({"expires_in": expires_in} if expires_in else {})
    at_stub.stub.answers["/token"] = answer_json(said)
    tokens = await refresh(at_stub, Lifecycle(access_lifetime=lifetime))
    assert tokens.expires_at == (None if lives is None else at_stub.now + lives)


async def test_an_answer_that_cannot_be_read_was_heard(at_stub: AtStub):
    """An answer that is too large for us passes, and may have spent the refresh token."""
    at_stub.stub.answers["/token"] = answer_json({"access_token": "a" * 300_000})
    with pytest.raises(Unavailable) as passing:
        await refresh(at_stub)
    assert passing.value.heard


async def test_nothing_to_renew_with(at_stub: AtStub):
    """Without a refresh token the provider is not asked."""
    with pytest.raises(GrantRefused):
        await at_stub.upstream.refresh(at_stub.connection(), ProviderTokens(access_token="a1"), at_stub.now)
    assert at_stub.stub.asked("/token") == []


async def test_the_second_look():
    """An answer that is there when the time is over is taken, as after a process was stopped; one that is not is lost."""

    async def late(seconds: float) -> Answer:
        await asyncio.sleep(seconds)
        return Answer(200, {}, b"")

    assert (await in_time(late(0.15), 0.1)).status == 200
    with pytest.raises(Unavailable) as lost:
        await in_time(late(5), 0.05)
    assert lost.value.heard
