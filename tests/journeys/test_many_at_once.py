"""A hundred requests at once, on two processes that share one Valkey: what may happen once happens once."""

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.conftest import HTTPS_REDIRECT, connect
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker, running_broker
from tests.valkey import running_valkey

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def pair(provider_process: ProviderStub) -> Iterator[tuple[RunningBroker, RunningBroker]]:
    """Two processes of one broker: one Valkey, one issuer, two addresses."""
    with running_valkey() as url, running_broker(url) as one, running_broker(url, ISSUER=one.issuer) as other:
        connect(one, provider_process)
        one.allow(HTTPS_REDIRECT)
        yield one, other


@pytest.fixture
def phone(pair: tuple[RunningBroker, RunningBroker], provider: ProviderStub) -> Iterator[Phone]:
    with httpx2.Client(timeout=20, follow_redirects=False) as browser:
        yield Phone(pair[0], "default", HTTPS_REDIRECT, browser=browser)


async def at_once(
    pair: tuple[RunningBroker, RunningBroker], path: str, form: dict[str, str], times: int = 100
) -> list[httpx2.Response]:
    """Post the same form `times` times, half to each process, all leaving together."""
    limits = httpx2.Limits(max_connections=times)
    async with httpx2.AsyncClient(timeout=60, limits=limits) as http:
        posts = (http.post(pair[n % 2].address + path, data=form) for n in range(times))
        return list(await asyncio.gather(*posts))


async def test_tk_02_one_exchange(pair: tuple[RunningBroker, RunningBroker], phone: Phone):
    """TK-02: of a hundred exchanges of one code one succeeds, and the others are invalid_grant."""
    form = {
        "grant_type": "authorization_code",
        "client_id": phone.client_id,
        "code": phone.land()["code"],
        "redirect_uri": phone.redirect_uri,
        "code_verifier": phone.verifier,
    }
    answers = await at_once(pair, "/token", form)
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 99
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}


async def test_rt_03_one_branch(pair: tuple[RunningBroker, RunningBroker], phone: Phone):
    """RT-03: a hundred refreshes of one token give one and the same successor, and that one works."""
    token = phone.sign_in()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": phone.client_id, "refresh_token": token}
    answers = await at_once(pair, "/token", form)
    successors = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}
    assert len(successors) == 1
    assert all(answer.status_code == 200 for answer in answers)
    assert phone.refresh(successors.pop()).status_code == 200


async def test_one_return(pair: tuple[RunningBroker, RunningBroker], phone: Phone):
    """Fifty presses of one return page's button, at two processes, make one code, which is exchanged once."""
    one, _ = pair
    phone.redirect_uri = "com.example.app:/many"
    one.allow(phone.redirect_uri)
    page = phone.follow(phone.authorize()).response
    secret = page.text.split('name="flow" value="')[1].split('"')[0]
    cookies = dict(phone.browser.cookies)
    async with httpx2.AsyncClient(
        timeout=60, cookies=cookies, limits=httpx2.Limits(max_connections=50)
    ) as http:
        posts = (http.post(f"{pair[n % 2].address}/continue", data={"flow": secret}) for n in range(50))
        answers = await asyncio.gather(*posts)
    codes = {parse_qs(urlsplit(answer.headers["location"]).query)["code"][0] for answer in answers}
    assert len(codes) == 1
    code = codes.pop()
    assert [phone.exchange(code).status_code for _ in range(2)] == [200, 400]


async def test_rt_08_a_lost_answer_and_a_dead_process(provider: ProviderStub):
    """RT-08: when a process is killed before it could answer, the repeat at another gives the one usable token."""
    with running_valkey() as url, running_broker(url) as one, running_broker(url, ISSUER=one.issuer) as other:
        connect(one, provider)
        one.allow(HTTPS_REDIRECT)
        with httpx2.Client(timeout=20, follow_redirects=False) as browser:
            phone = Phone(one, "default", HTTPS_REDIRECT, browser=browser)
            token = phone.sign_in()["refresh_token"]
            lost = phone.refresh(token).json()["refresh_token"]
            one.process.kill()
            one.process.wait()
            phone.broker = other
            again = phone.refresh(token).json()["refresh_token"]
            assert again == lost
            assert phone.refresh(again).status_code == 200
