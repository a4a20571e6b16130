"""Getting in: a key is exchanged for a session and judged anew at each request; nothing else lets anybody in."""

import time

from tests.broker.dashboard.conftest import Desk, make_key, text_of
from tests.running import RunningBroker


def test_nobody_sees_the_sign_in_page(visitor: Desk):
    """Without a session `/dashboard` asks for a key, and every other page leads there."""
    shown = visitor.get("/dashboard")
    assert shown.status_code == 200
    assert 'name="secret_key"' in shown.text
    away = visitor.browser.get(visitor.url("/dashboard/clients"))
    assert (away.status_code, away.headers["location"]) == (303, "/dashboard?to=/dashboard/clients")


def test_a_key_lets_in(visitor: Desk):
    """A secret key lets in, by a cookie that scripts and other sites do not get, and leads back to where one wanted."""
    answer = visitor.post(
        "/dashboard/sign-in", {"secret_key": visitor.broker.secret_key, "to": "/dashboard/keys"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/keys")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert visitor.broker.secret_key not in cookie


def test_a_wrong_key(visitor: Desk):
    """A wrong key gets the same words whatever it is like, a second later."""
    began, answers = time.monotonic(), set()
    for key in ("sk_" + "x" * 43, "nonsense"):
        answer = visitor.post("/dashboard/sign-in", {"secret_key": key})
        assert answer.status_code == 403
        answers.add(answer.text)
        assert "set-cookie" not in answer.headers
        assert key not in answer.text
    assert len(answers) == 1
    assert time.monotonic() - began > 1.9


def test_a_revoked_key_is_out(broker: RunningBroker, visitor: Desk):
    """A key that is revoked ends its dashboard sessions at the next request."""
    key = make_key(broker, "clients:read")
    visitor.sign_in(key["secret"])
    assert "of a test" in text_of(visitor.get("/dashboard/nowhere-yet"))
    broker.admin("DELETE", f"/v1/secret_keys/{key['id']}")
    assert 'name="secret_key"' in visitor.get("/dashboard").text
