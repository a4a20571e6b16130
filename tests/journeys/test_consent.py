"""A provider that gives a refresh token only at the first consent: asked for consent again when we hold none, and only
then."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from redis import Redis

from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.running import LOCAL, RunningBroker, running_broker
from tests.valkey import running_valkey


@pytest.fixture(scope="module")
def simulating() -> Iterator[RunningBroker]:
    """A broker whose Google is simulated and behaves like Google."""
    with running_valkey() as url, running_broker(url, SIMULATED_PROVIDERS="1") as broker:
        broker.allow(HTTPS_REDIRECT)
        yield broker


def sign_in(broker: RunningBroker) -> tuple[str, list[str]]:
    """The user's id, and the `prompt` of each visit to Google on the way."""
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        phone = Phone(broker, "default", HTTPS_REDIRECT, browser=browser)
        answer, prompts = phone.authorize(provider="google", prompt="select_account"), []
        while not answer.headers["location"].startswith(HTTPS_REDIRECT):
            place = answer.headers["location"]
            if "/simulator/" in place:
                prompts += parse_qs(urlsplit(place).query).get("prompt", [""])
                answer = browser.post(place, data={"persona": "ada", "outcome": "approve"})
            else:
                answer = browser.get(place)
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        tokens = phone.exchange(code).json()
    return jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"], prompts


def test_consent_is_asked_when_no_refresh_token_is_held(simulating: RunningBroker):
    """Whoever comes again is not asked for consent; only when custody has lost its refresh token they are, once, and it
    holds one from then on."""
    redis = Redis.from_url(simulating.redis_url)
    user_id, first = sign_in(simulating)
    again, second = sign_in(simulating)
    assert (again, first, second) == (user_id, ["select_account"], ["select_account"])
    key = f"grant:{{{user_id}}}:google"
    redis.delete(key)
    again, third = sign_in(simulating)
    assert (again, third) == (user_id, ["select_account", "consent select_account"])
    assert any(field.endswith(b":refresh") for field in redis.hkeys(key))
    assert sign_in(simulating) == (user_id, ["select_account"])
    answer = simulating.admin("GET", f"/v1/users/{user_id}/oauth_access_tokens/google?force_refresh=true")
    assert answer.json()[0]["health"] == "fresh"
