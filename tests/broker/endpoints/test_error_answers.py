"""Every failure of an OAuth door is JSON with `error`; expo-auth-session looks at nothing else."""

import json
import signal
import time
from collections.abc import Iterator

import httpx2
import psutil
import pytest
from litestar import Litestar, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.testing import TestClient

from broker.app import EXCEPTION_HANDLERS
from broker.settings import Settings
from tests.running import RunningBroker, keys, running_broker
from tests.valkey import running_valkey

DOORS = ["/token", "/revoke", "/introspect", "/par"]


def check(answer: httpx2.Response, status: int) -> None:
    """JSON with a word and a plain sentence, cached by nobody, with nothing of ours inside."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert isinstance(body["error"], str)
    assert body["error_description"].isascii()
    assert "%" not in body["error_description"]
    assert not any(word in answer.text for word in ("Traceback", "litestar", "redis", 'File "', "msgspec"))


@pytest.mark.parametrize("path", DOORS)
def test_the_natural_ones(broker: RunningBroker, path: str):
    """400, 405, 413 and 415 of each door are JSON with `error`."""
    check(broker.post(path, data={"x": "y"}), 400)
    check(broker.get(path), 405)
    check(broker.post(path, json={}), 415)
    form = {"content-type": "application/x-www-form-urlencoded"}
    check(broker.post(path, content=b"x=" + b"y" * 17_000, headers=form), 413)


def test_unauthenticated_and_unknown(broker: RunningBroker):
    """401 and 404 are JSON with `error`."""
    check(broker.get("/userinfo"), 401)
    check(
        broker.post(
            "/token", data={"client_id": "nobody", "grant_type": "refresh_token", "refresh_token": "x"}
        ),
        401,
    )
    check(broker.get("/nothing/here"), 404)


def test_a_chunked_giant(broker: RunningBroker):
    """A body without a length that is too large is 413 as well."""

    def pieces() -> Iterator[bytes]:
        yield b"x="
        for _ in range(40):
            yield b"y" * 1000

    form = {"content-type": "application/x-www-form-urlencoded"}
    check(broker.post("/token", content=pieces(), headers=form), 413)


@pytest.fixture(scope="module")
def raising() -> Iterator[TestClient[Litestar]]:
    """The broker's own exception handlers before a route that raises what it is told."""

    @get("/raise/{status:int}")
    async def raise_it(status: FromPath[int]) -> None:
        if status == 500:
            raise RuntimeError("secret-canary")
        raise HTTPException(
            status_code=status, detail="secret-canary", headers={"Retry-After": "7", "X-Inner": "1"}
        )

    environment = {"BROKER_ISSUER": "https://auth.example.com", "BROKER_REDIS_URL": "redis://x", **keys()}
    state = State({"settings": Settings.from_env(environment, {})})
    app = Litestar([raise_it], exception_handlers=EXCEPTION_HANDLERS, state=state, logging_config=None)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 500, 503])
def test_whatever_is_raised(raising: TestClient[Litestar], status: int):
    """Whatever status is raised inside, it leaves as JSON with `error`, without the exception's own words."""
    answer = raising.get(f"/raise/{status}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert isinstance(json.loads(answer.text)["error"], str)
    assert "canary" not in answer.text
    assert "x-inner" not in answer.headers


def test_retry_after_is_passed_on(raising: TestClient[Litestar]):
    """A 429 keeps its Retry-After."""
    assert raising.get("/raise/429").headers["retry-after"] == "7"


def test_tv_05_an_unexpected_error_is_logged_without_its_words(
    raising: TestClient[Litestar], capsys: pytest.CaptureFixture[str]
):
    """TV-05: an unexpected error is logged with its kind and places, and without its message."""
    raising.get("/raise/500")
    written = capsys.readouterr()
    assert "RuntimeError" in written.out + written.err
    assert "secret-canary" not in written.out + written.err


def test_redis_stopped(stopped: RunningBroker):
    """While Redis hangs, each door answers 503 with Retry-After, and grants nothing."""
    form = {"client_id": "default", "grant_type": "refresh_token", "refresh_token": "rt_x"}
    started = time.monotonic()
    answer = stopped.post("/token", data=form)
    check(answer, 503)
    assert answer.headers["retry-after"]
    assert time.monotonic() - started < 10
    assert stopped.get("/health/live").status_code == 200
    assert stopped.get("/health/ready").status_code == 503


@pytest.fixture
def stopped() -> Iterator[RunningBroker]:
    """A broker whose Valkey has stopped answering."""
    with running_valkey() as url, running_broker(url) as broker:
        folder = url.removeprefix("unix://")
        server = next(
            each for each in psutil.Process().children() if any(folder in part for part in each.cmdline())
        )
        server.send_signal(signal.SIGSTOP)
        try:
            yield broker
        finally:
            server.send_signal(signal.SIGCONT)
