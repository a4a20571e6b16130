"""A process dies, or its Valkey falls silent, between what was written and the answer to the app."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest
import redis

from broker.core.opaque import fingerprint
from tests.phone import Phone
from tests.redis_proxy import RedisProxy, running_proxy
from tests.running import RunningBroker, running_broker


@pytest.fixture
def victim(valkey: str, broker: RunningBroker) -> Iterator[tuple[RedisProxy, RunningBroker]]:
    """A second process of the same broker; what it writes arrives, what it should hear can be kept back."""
    with running_proxy(valkey) as (proxy, url), running_broker(url, ISSUER=broker.issuer) as running:
        yield proxy, running


def die_in_the_middle(proxy: RedisProxy, running: RunningBroker, form: dict[str, str | None]) -> None:
    """POST /token; kill -9 as soon as Valkey has carried the script out, before the broker can hear of it."""

    def ask() -> None:
        with suppress(httpx2.TransportError):
            running.post("/token", data={name: value for name, value in form.items() if value is not None})
            pytest.fail("the broker answered")

    proxy.losing_answer_to = b"EVALSHA"
    asking = threading.Thread(target=ask)
    asking.start()
    assert proxy.lost.wait(10)
    running.process.kill()
    asking.join(10)


def current_of(valkey: str, refresh_token: str) -> str:
    """The fingerprint of the one token that is good for the session now."""
    _, user, session, _ = refresh_token.split("_", 3)
    with redis.Redis.from_url(valkey) as state:
        return (state.hget(f"session:{{user_{user}}}:sess_{user}{session}", "current") or b"").decode()


def test_rt_08_killed_between_store_and_answer(
    phone: Phone, valkey: str, victim: tuple[RedisProxy, RunningBroker]
):
    """RT-08: the successor that the dead process stored and never told is what the repeat gives; it is the only
    usable token, and it works."""
    token = phone.sign_in()["refresh_token"]
    before = current_of(valkey, token)
    form = {"grant_type": "refresh_token", "client_id": phone.client_id, "refresh_token": token}
    warm(phone, victim[1])
    die_in_the_middle(*victim, form)
    stored = current_of(valkey, token)
    assert stored != before
    first, second = (phone.refresh(token).json()["refresh_token"] for _ in range(2))
    assert first == second
    assert fingerprint(first) == stored
    assert phone.refresh(first).status_code == 200
    assert phone.refresh(token).json()["error"] == "invalid_grant"


def test_tk_02_killed_between_spending_and_answer(
    phone: Phone, valkey: str, victim: tuple[RedisProxy, RunningBroker]
):
    """TK-02: a code whose exchange was lost with its process stays spent; what it began is ended by the repeat."""
    warm(phone, victim[1])
    code = phone.land()["code"]
    grant = {"grant_type": "authorization_code", "client_id": phone.client_id, "code": code}
    die_in_the_middle(*victim, {**grant, "redirect_uri": phone.redirect_uri, "code_verifier": phone.verifier})
    assert status_of_session_begun_by(valkey, code) == "active"
    assert phone.exchange(code).json()["error"] == "invalid_grant"
    assert status_of_session_begun_by(valkey, code) == "revoked"
    assert phone.sign_in()["token_type"] == "Bearer"


def status_of_session_begun_by(valkey: str, code: str) -> str:
    with redis.Redis.from_url(valkey) as state:
        grant = json.loads(state.get(f"code:{{user_{code[3:27]}}}:{fingerprint(code)}") or b"{}")
        return (state.hget(f"session:{{{grant['user_id']}}}:{grant['session_id']}", "status") or b"").decode()


def warm(phone: Phone, running: RunningBroker) -> None:
    """One exchange and refresh there, so that no script is loaded later than it is looked for."""
    usual, phone.broker = phone.broker, running
    try:
        phone.refresh(phone.sign_in()["refresh_token"])
    finally:
        phone.broker = usual
