"""Getting in: a key is exchanged for a session and judged anew at each request; nothing else lets anybody in."""

import re
import time

import pytest

from tests.broker.dashboard.conftest import Desk, make_key, text_of
from tests.running import RunningBroker


def test_nobody_sees_the_sign_in_page(visitor: Desk):
    """Without a session `/dashboard` asks for a key, and every other page leads there and back."""
    shown = visitor.get("/dashboard")
    assert shown.status_code == 200
    assert 'name="secret_key"' in shown.text
    away = visitor.browser.get(visitor.url("/dashboard/clients"))
    assert (away.status_code, away.headers["location"]) == (303, "/dashboard?to=/dashboard/clients")
    assert 'name="to" value="/dashboard/clients"' in visitor.get("/dashboard/clients").text


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
    assert "Keys" in text_of(visitor.get("/dashboard/keys"))


@pytest.mark.parametrize(
    "to",
    [
        *(
            "https://evil.example/",
            "//evil.example",
            "/dashboard/../logout",
            "/authorize",
            "/dashboard\\evil",
        ),
        *("/dashboard/x\r\nx: y", "javascript:alert(1)", "/dashboardevil", ""),
    ],
)
def test_signing_in_leads_nowhere_else(visitor: Desk, to: str):
    """After signing in one is in the dashboard, whatever the form named."""
    answer = visitor.post("/dashboard/sign-in", {"secret_key": visitor.broker.secret_key, "to": to})
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    assert visitor.get("/dashboard?to=https://evil.example/").text.find('value="https://evil') == -1


def test_a_wrong_key(visitor: Desk):
    """A wrong key gets the same words whatever it is like, a second later; the audit log hears of it, without the key."""
    began, answers = time.monotonic(), set()
    for key in ("sk_" + "x" * 43, "nonsense", "", "sk_"):
        answer = visitor.post("/dashboard/sign-in", {"secret_key": key})
        assert answer.status_code == 403
        answers.add(answer.text)
        assert "set-cookie" not in answer.headers
        assert len(key) < 10 or key not in answer.text
    assert len(answers) == 1
    assert time.monotonic() - began > 3.9
    events = visitor.broker.admin("GET", "/v1/events?type=dashboard.sign_in_refused").json()
    assert events[0]["actor"] == "nobody"
    assert "xxxxx" not in str(events)


def test_a_session_is_not_the_key(broker: RunningBroker, desk: Desk):
    """Neither the key nor the cookie's value stands in Redis or in the log."""
    cookie = desk.browser.cookies["dashboard"]
    assert cookie
    for secret in (cookie, broker.secret_key):
        assert secret not in broker.log()


def test_a_planted_cookie_is_never_signed_in(visitor: Desk, stranger: Desk):
    """A cookie that somebody chose beforehand is not the one that is signed in (session fixation)."""
    visitor.browser.cookies.set("dashboard", "chosen-by-somebody-else", domain="127.0.0.1")
    answer = visitor.post("/dashboard/sign-in", {"secret_key": visitor.broker.secret_key})
    given = re.search(r"dashboard=([^;]+)", answer.headers["set-cookie"])
    assert given
    assert given[1] != "chosen-by-somebody-else"
    stranger.browser.cookies.set("dashboard", "chosen-by-somebody-else", domain="127.0.0.1")
    assert 'name="secret_key"' in stranger.get("/dashboard/keys").text


def test_signing_in_again_ends_what_was(desk: Desk, stranger: Desk):
    """A browser has one session: the one before is over when it signs in anew."""
    before = desk.browser.cookies["dashboard"]
    desk.sign_in()
    stranger.browser.cookies.set("dashboard", before, domain="127.0.0.1")
    assert 'name="secret_key"' in stranger.get("/dashboard/keys").text


def test_signing_out(desk: Desk, stranger: Desk):
    """Signing out ends the session itself, not only the browser's cookie."""
    kept = desk.browser.cookies["dashboard"]
    answer = desk.post("/dashboard/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    stranger.browser.cookies.set("dashboard", kept, domain="127.0.0.1")
    assert 'name="secret_key"' in stranger.get("/dashboard/keys").text


def test_a_revoked_key_is_out(broker: RunningBroker, visitor: Desk):
    """A key that is revoked ends its dashboard sessions at the next request."""
    key = make_key(broker, "clients:read")
    visitor.sign_in(key["secret"], "/dashboard/clients")
    assert "Signed in as of a test" in text_of(visitor.get("/dashboard/clients"))
    broker.admin("DELETE", f"/v1/secret_keys/{key['id']}")
    assert 'name="secret_key"' in visitor.get("/dashboard/clients").text


def test_an_expired_key_is_out(broker: RunningBroker, visitor: Desk):
    """A session lasts no longer than the key that made it."""
    key = make_key(broker, "clients:read", expires_in_seconds=2)
    visitor.sign_in(key["secret"], "/dashboard/clients")
    time.sleep(2.1)
    assert 'name="secret_key"' in visitor.get("/dashboard/clients").text


def test_a_narrowed_key_is_narrowed_here(broker: RunningBroker, visitor: Desk):
    """What a key may do is looked up at each request, not remembered."""
    key = make_key(broker, "clients:read", "clients:write")
    visitor.sign_in(key["secret"], "/dashboard/clients")
    assert visitor.get("/dashboard/clients/new").status_code == 200
    broker.admin("PATCH", f"/v1/secret_keys/{key['id']}", {"scopes": ["clients:read"]})
    assert visitor.get("/dashboard/clients/new").status_code == 403
    broker.admin("DELETE", f"/v1/secret_keys/{key['id']}")


def test_a_link_from_another_site(stranger: Desk):
    """Who follows a link to the dashboard from another site is sent there once more by us, since the browser kept the
    cookie to itself; the query goes along, and nothing else that was written there."""
    shown = stranger.get("/dashboard/clients?page=2", **{"sec-fetch-site": "cross-site"})
    assert shown.status_code == 200
    assert 'content="0;url=/dashboard/clients?page=2"' in shown.text
    odd = stranger.get(
        '/dashboard/clients?page=2";url=https://evil.example', **{"sec-fetch-site": "cross-site"}
    )
    assert "evil" not in odd.text


def test_htmx_is_told_by_a_header(visitor: Desk):
    """A part of a page that is asked for without a session leads the whole page to the sign-in page."""
    answer = visitor.browser.get(visitor.url("/dashboard/clients"), headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/dashboard")
