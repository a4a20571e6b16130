"""Equal callbacks at once, on two processes that share one memory and one name."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import httpx2
import pytest
import redis

from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker, running_broker


@pytest.fixture(scope="module")
def twin(broker: RunningBroker, valkey: str) -> Iterator[RunningBroker]:
    """A second process of the same broker, behind the same public address."""
    with running_broker(valkey, ISSUER=broker.issuer) as running:
        yield running


async def all_at_once(urls: list[str], cookie: str) -> list[httpx2.Response]:
    """Open a connection for each URL first, then send all of them together."""
    limits = httpx2.Limits(max_connections=len(urls), max_keepalive_connections=len(urls))
    async with httpx2.AsyncClient(timeout=20, follow_redirects=False, limits=limits) as browser:
        live = [url.partition("/callback/")[0] + "/health/live" for url in urls]
        await asyncio.gather(*(browser.get(url) for url in live))
        return await asyncio.gather(*(browser.get(url, headers={"cookie": cookie}) for url in urls))


@pytest.mark.anyio
@pytest.mark.parametrize("turn", range(3))
async def test_cb_02_a_hundred_equal_callbacks(
    phone: Phone, twin: RunningBroker, provider: ProviderStub, turn: int
):
    """CB-02: Of a hundred equal callbacks on two processes one reaches the provider and gives a code; the rest are refused."""
    provider.subject, provider.delay = f"racer{turn}", 0.05
    begun = phone.authorize()
    cookie = begun.headers["set-cookie"].partition(";")[0]
    url = str(phone.browser.get(begun.headers["location"]).headers["location"])
    other = url.replace(phone.broker.address, twin.address, 1)
    assert other != url
    answers = await all_at_once([url, other] * 50, cookie)
    assert Counter(answer.status_code for answer in answers) == {303: 1, 400: 99}
    assert len(provider.asked("/token")) == 1
    (location,) = [answer.headers["location"] for answer in answers if answer.is_redirect]
    assert location.startswith(f"{phone.redirect_uri}?code=")


@pytest.mark.anyio
async def test_oc_07_two_first_sign_ins_at_once(phone: Phone, twin: RunningBroker, provider: ProviderStub):
    """OC-07: Ten first sign-ins of one person at once, on two processes, make one user."""
    provider.subject, provider.delay = "newcomer", 0.05
    begun = [phone.authorize() for _ in range(10)]
    cookie = "; ".join(answer.headers["set-cookie"].partition(";")[0] for answer in begun)
    urls = [str(phone.browser.get(answer.headers["location"]).headers["location"]) for answer in begun]
    urls[::2] = [url.replace(phone.broker.address, twin.address, 1) for url in urls[::2]]
    with redis.Redis.from_url(phone.broker.redis_url) as memory:
        before = set(memory.scan_iter("user:*", count=1000))
        answers = await all_at_once(urls, cookie)
        assert len(set(memory.scan_iter("user:*", count=1000)) - before) == 1
    codes = [httpx2.URL(answer.headers["location"]).params["code"] for answer in answers]
    tokens = [phone.exchange(code).json()["access_token"] for code in codes]
    assert len({phone.userinfo(token).json()["sub"] for token in tokens}) == 1
