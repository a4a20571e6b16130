"""What somebody who watches the log gets to know: each suspicious act is one event, in JSON, without a secret."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx2
import jwt
import pytest
import redis

from tests.conftest import SCHEME_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub, answer_json
from tests.running import LOCAL, RunningBroker


def events(broker: RunningBroker, since: int) -> list[dict[str, Any]]:
    """The log from there on, each line a JSON object."""
    return [json.loads(line) for line in broker.log()[since:].splitlines() if line.startswith("{")]


def stranger() -> httpx2.Client:
    """Another browser, without the first one's cookies."""
    return httpx2.Client(follow_redirects=False, **LOCAL)


def refused_redirect(phone: Phone, valkey: str) -> list[str]:
    phone.authorize(redirect_uri="https://evil.example/\r\n{}\x1b[31m")
    return []


def wrong_verifier(phone: Phone, valkey: str) -> list[str]:
    code = phone.land()["code"]
    phone.exchange(code, code_verifier="w" * 43)
    return [code, "w" * 43]


def replayed_code(phone: Phone, valkey: str) -> list[str]:
    code = phone.land()["code"]
    tokens = phone.exchange(code).json()
    phone.exchange(code)
    return [code, phone.verifier, tokens["access_token"], tokens["refresh_token"]]


def reused_refresh_token(phone: Phone, valkey: str) -> list[str]:
    tokens = [phone.sign_in()["refresh_token"]]
    for _ in range(2):
        tokens.append(phone.refresh(tokens[-1]).json()["refresh_token"])
    phone.refresh(tokens[0])
    return tokens


def stolen_flow(phone: Phone, valkey: str) -> list[str]:
    """The way back from the provider, walked in another browser."""
    at_provider = phone.browser.get(phone.authorize().headers["location"])
    back = at_provider.headers["location"]
    with stranger() as browser:
        assert browser.get(back).status_code == 400
    return re.findall(r"(?:state|code)=([^&]+)", back)


def stolen_return(phone: Phone, valkey: str) -> list[str]:
    """The button of the return page, pressed in another browser."""
    phone.redirect_uri = SCHEME_REDIRECT
    page = phone.follow(phone.authorize()).response
    (flow,) = re.findall(r'name="flow" value="([^"]+)"', page.text)
    with stranger() as browser:
        assert browser.post(f"{phone.broker.address}/continue", data={"flow": flow}).status_code == 400
    return [flow]


def altered_flow(phone: Phone, valkey: str) -> list[str]:
    """A sealed flow, changed in Redis while the person was at the provider."""
    start = phone.authorize()
    with redis.Redis.from_url(valkey) as state:
        (key,) = [key for key in state.scan_iter("pending:*") if state.ttl(key) > 597]
        sealed = state.get(key) or b""
        state.set(key, sealed[:-1] + bytes([sealed[-1] ^ 1]), keepttl=True)
    landing = phone.follow(start)
    assert (landing.location, landing.response.status_code) == (None, 400)
    return [phone.state]


def read_tokens(phone: Phone, user_id: str, query: str = "") -> None:
    answer = phone.broker.admin("GET", f"/v1/users/{user_id}/oauth_access_tokens/stub{query}")
    assert answer.status_code == 400, answer.text


def signed_in(phone: Phone) -> str:
    """The user's id."""
    tokens = phone.sign_in()
    return str(jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"])


def altered_grant(phone: Phone, valkey: str) -> list[str]:
    """A sealed provider token, changed in Redis; it is asked for again and again."""
    user_id = signed_in(phone)
    key = f"grant:{{{user_id}}}:stub"
    with redis.Redis.from_url(valkey) as state:
        whole = state.hgetall(key)
        (account,) = (name[:-8] for name in whole if name.endswith(b":version"))
        state.hset(key, account, whole[account][:-1])
        for _ in range(3):
            read_tokens(phone, user_id)
        state.hset(key, account, whole[account])
    return ["at-canary", "rt-canary"]


@pytest.mark.parametrize(
    ("provoke", "event", "level"),
    [
        (refused_redirect, "redirect_uri_refused", "warning"),
        (wrong_verifier, "code_misused", "warning"),
        (replayed_code, "code_replayed", "warning"),
        (reused_refresh_token, "refresh_token_reused", "warning"),
        (stolen_flow, "browser_mismatch", "warning"),
        (stolen_return, "browser_mismatch", "warning"),
        (altered_flow, "record_broken", "warning"),
        (altered_grant, "seal_broken", "error"),
    ],
)
def test_ad_05_each_suspicious_act_is_an_event(
    phone: Phone,
    valkey: str,
    broker: RunningBroker,
    provoke: Callable[[Phone, str], list[str]],
    event: str,
    level: str,
):
    """AD-05: each act is exactly one event with a time, a level and a subject, and holds none of the secrets used."""
    with redis.Redis.from_url(valkey) as state:
        for key in state.scan_iter("pending:*"):
            state.delete(key)
    before = len(broker.log())
    secrets = provoke(phone, valkey)
    told = [each for each in events(broker, before) if each["event"] == event]
    assert len(told) == 1
    assert told[0]["level"] == level
    assert told[0]["timestamp"]
    assert {"client_id", "provider", "session", "drawer"} & set(told[0])
    assert not [secret for secret in secrets if secret in broker.log()[before:]]


def test_ad_05_a_dead_grant_is_told_once(phone: Phone, broker: RunningBroker, provider: ProviderStub):
    """AD-05: a grant that its provider calls dead is one line, whoever asks how often, and repeats none of its words."""
    user_id, before = signed_in(phone), len(broker.log())
    dead = {"error": "invalid_grant", "error_description": "rt-canary-told"}
    provider.answers["/token"] = answer_json(dead, 400)
    for query in ("?force_refresh=true", "", "?force_refresh=true"):
        read_tokens(phone, user_id, query)
    told = [each for each in events(broker, before) if each["event"] == "connection_needs_reconnect"]
    assert [(each["level"], each["user"], each["reason"]) for each in told] == [
        ("warning", user_id, "invalid_grant")
    ]
    assert "canary" not in broker.log()[before:]
    provider.answers.clear()
    phone.sign_in()


def test_ad_05_a_debt_to_a_provider_is_told(phone: Phone, broker: RunningBroker, provider: ProviderStub):
    """AD-05: tokens that a provider did not take back are a line that says where and why, and not which."""
    user_id, before = signed_in(phone), len(broker.log())
    provider.answers["/revoke"] = answer_json({"error": "rt-canary-told"}, 500)
    assert broker.admin("DELETE", f"/v1/users/{user_id}").status_code == 200
    (told,) = [each for each in events(broker, before) if each["event"] == "revocation_postponed"]
    assert (told["level"], told["provider"], told["why"]) == ("warning", "stub", "status 500 unknown")
    assert "canary" not in broker.log()[before:]


def test_ad_05_no_line_of_the_log_is_anybodys_text(phone: Phone, broker: RunningBroker):
    """AD-05: whatever control characters a request holds, every new line of the log is one JSON object in ASCII."""
    before = len(broker.log())
    evil = 'x"\n{"event":"forged"}\r\n\x1b[2J\u2028\x00'
    phone.authorize(redirect_uri=evil, client_id="default")
    phone.authorize(client_id=evil)
    phone.authorize(prompt=evil, scope=evil)
    phone.exchange(evil)
    phone.refresh(evil)
    new = broker.log()[before:]
    assert new.isascii()
    assert "\x1b" not in new
    assert all(json.loads(line)["event"] != "forged" for line in new.splitlines())


def test_ad_05_an_admins_change_is_an_event(broker: RunningBroker):
    """AD-05: a client that is made is told with its id, and without its secret."""
    before = len(broker.log())
    made = broker.make_client(type="confidential")
    told = [each for each in events(broker, before) if each["event"] == "admin_change"]
    assert [(each["what"], each["id"]) for each in told] == [("client.created", made["client_id"])]
    assert made["client_secret"] not in broker.log()
