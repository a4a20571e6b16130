"""Records that somebody or something has broken in Redis: real causes of 500 and 503, at each door."""

from collections.abc import Callable
from typing import Any

import httpx2
import jwt
import pytest
import redis

from tests.phone import Phone
from tests.running import RunningBroker

CANARY = "broken-record-canary"
CODE = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "x", "code_verifier": "v" * 43}
DOORS = {
    "/token": CODE,
    "/revoke": {"token": "x"},
    "/introspect": {"token": "x"},
    "/par": {"response_type": "code", "redirect_uri": "x"},
    "/challenge": {"provider": "stub", "platform": "ios"},
}


def scribble(state: "redis.Redis[bytes]", key: str) -> None:
    """No record at all: our mistake, 500."""
    state.set(key, f'{{"client_id": "{CANARY}')


def another_kind(state: "redis.Redis[bytes]", key: str) -> None:
    """A value of another type, which Redis itself refuses to read: 503."""
    state.delete(key)
    state.rpush(key, CANARY)


def fields_of_nothing(state: "redis.Redis[bytes]", key: str) -> None:
    """A hash without the fields of a session or user: our mistake, 500."""
    state.delete(key)
    state.hset(key, mapping={"current": CANARY, "identity": CANARY})


def check(answer: httpx2.Response, status: int, broker: RunningBroker, since: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["error"] == {500: "server_error", 503: "temporarily_unavailable"}[status]
    assert ("retry-after" in answer.headers) == (status == 503)
    shown = answer.text + broker.log()[since:]
    assert not [word for word in (CANARY, "Traceback", "WRONGTYPE", "JSON is") if word in shown]
    assert '"level": "error"' in broker.log()[since:]


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize(("breaking", "status"), [(scribble, 500), (another_kind, 503)])
def test_tv_05_a_broken_client_record(
    broker: RunningBroker,
    valkey: str,
    path: str,
    breaking: Callable[["redis.Redis[bytes]", str], None],
    status: int,
):
    """TV-05: at each door a client record that cannot be read is JSON with `error`, and neither the answer nor the
    log shows what stood in the record."""
    client_id = broker.make_client()["client_id"]
    with redis.Redis.from_url(valkey) as state:
        breaking(state, f"client:{{{client_id}}}")
        before = len(broker.log())
        check(broker.post(path, data={"client_id": client_id, **DOORS[path]}), status, broker, before)
        state.delete(f"client:{{{client_id}}}")
        state.zrem("clients", client_id)


def ids_of(tokens: dict[str, Any]) -> tuple[str, str]:
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    return claims["sub"], claims["sid"]


@pytest.mark.parametrize("ask", ["refresh", "userinfo", "revoke", "introspect"])
@pytest.mark.parametrize(("breaking", "status"), [(fields_of_nothing, 500), (another_kind, 503)])
def test_tv_05_a_broken_session_record(
    phone: Phone,
    broker: RunningBroker,
    valkey: str,
    ask: str,
    breaking: Callable[["redis.Redis[bytes]", str], None],
    status: int,
):
    """TV-05: nothing is granted on a session that cannot be read, and nobody is told more than that."""
    tokens = phone.sign_in()
    user_id, session_id = ids_of(tokens)
    secret_key = {"authorization": f"Bearer {broker.secret_key}"}
    asked = {
        "refresh": lambda: phone.refresh(tokens["refresh_token"]),
        "userinfo": lambda: phone.userinfo(tokens["access_token"]),
        "revoke": lambda: phone.revoke(tokens["refresh_token"]),
        "introspect": lambda: broker.post(
            "/introspect", data={"token": tokens["access_token"]}, headers=secret_key
        ),
    }
    with redis.Redis.from_url(valkey) as state:
        breaking(state, f"session:{{{user_id}}}:{session_id}")
        before = len(broker.log())
        answer = asked[ask]()
        state.delete(f"session:{{{user_id}}}:{session_id}")
    check(answer, status, broker, before)
    assert not [token for token in (tokens["refresh_token"], tokens["access_token"]) if token in broker.log()]


def test_forgotten_scripts_are_loaded_again(phone: Phone, valkey: str):
    """A Valkey that has forgotten its scripts, as after a restart, costs nobody a sign-in or a refresh."""
    with redis.Redis.from_url(valkey) as state:
        state.script_flush()
        tokens = phone.sign_in()
        state.script_flush()
        assert phone.refresh(tokens["refresh_token"]).status_code == 200
