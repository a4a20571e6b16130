"""Pushed authorization requests (RFC 9126). That the redirect URL is checked as at /authorize is test_redirect_corpus's."""

import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from redis import Redis

from tests.broker.endpoints.html_page import attributes
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

PREFIX = "urn:ietf:params:oauth:request_uri:"


def push(phone: Phone, **changes: str | None) -> str:
    """Push the phone's request; the request_uri."""
    answer = phone.call("/par", phone.request(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["request_uri"])


def arrive(phone: Phone, request_uri: str, **more: str) -> httpx2.Response:
    """GET /authorize with the request_uri."""
    query = urlencode({"client_id": phone.client_id, "request_uri": request_uri, **more})
    return phone.browser.get(f"{phone.broker.address}/authorize?{query}")


def assert_shown(answer: httpx2.Response) -> None:
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.fixture
def secret_phone(broker: RunningBroker, provider: ProviderStub) -> Iterator[Phone]:
    """A phone whose app's server keeps a client secret."""
    client = broker.make_client(type="confidential")
    broker.allow(HTTPS_REDIRECT, client["client_id"])
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        secret = client["client_secret"]
        yield Phone(broker, client["client_id"], HTTPS_REDIRECT, client_secret=secret, browser=browser)


def test_pr_01_the_whole_trip(phone: Phone):
    """PR-01o: what was pushed is what is signed in for: same state, same challenge, same address."""
    answer = phone.call("/par", phone.request())
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert 0 < answer.json()["expires_in"] <= 90
    landing = phone.follow(arrive(phone, answer.json()["request_uri"]))
    assert landing["state"] == phone.state
    assert phone.exchange(landing["code"]).status_code == 200


def test_pr_01_unguessable(phone: Phone):
    """PR-01o: a request_uri has 128 random bits or more: 43 base64url characters, never the same."""
    drawn = [push(phone).removeprefix(PREFIX) for _ in range(10)]
    assert len(set(drawn)) == 10
    assert {len(each) for each in drawn} == {43}
    assert len({each[:6] for each in drawn}) == 10


def test_pr_01_once(phone: Phone):
    """PR-01o: a request_uri serves once, and shows no form or redirect after."""
    request_uri = push(phone)
    assert arrive(phone, request_uri).status_code == 303
    assert_shown(arrive(phone, request_uri))


def test_pr_01_its_own_client(phone: Phone, secret_phone: Phone):
    """PR-01o: a request_uri is of no use to another client, nor to nobody."""
    assert_shown(arrive(secret_phone, push(phone)))
    query = urlencode({"request_uri": push(phone)})
    assert_shown(phone.browser.get(f"{phone.broker.address}/authorize?{query}"))


def test_pr_01_not_for_long(phone: Phone):
    """PR-01o: a request_uri that was not used in its time is forgotten."""
    with Redis.from_url(phone.broker.redis_url) as redis:
        before = set(redis.keys("pushed:*"))
        request_uri = push(phone)
        (key,) = set(redis.keys("pushed:*")) - before
        assert 0 < redis.ttl(key) <= 90
        redis.pexpire(key, 1)
        time.sleep(0.01)
    assert_shown(arrive(phone, request_uri))


@pytest.mark.parametrize("secret", [None, "", "wrong", "cs_"])
def test_pr_01_a_secret_client_proves_itself(secret_phone: Phone, secret: str | None):
    """PR-01o: a client with a secret must show it to push, and nothing of it is asked for in the browser."""
    refused = secret_phone.call("/par", {**secret_phone.request(), "client_secret": secret})
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    landing = secret_phone.follow(arrive(secret_phone, push(secret_phone)))
    assert secret_phone.exchange(landing["code"]).status_code == 200


def test_pr_01_by_basic(secret_phone: Phone):
    """PR-01o: the secret may come in the Authorization header, and then not in the body too."""
    basic = httpx2.BasicAuth(secret_phone.client_id, str(secret_phone.client_secret))
    form = secret_phone.request(client_id=None)
    assert secret_phone.broker.post("/par", data=form, auth=basic).status_code == 201
    both = form | {"client_secret": str(secret_phone.client_secret)}
    refused = secret_phone.broker.post("/par", data=both, auth=basic)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


def test_pr_01_a_secret_is_not_kept(secret_phone: Phone):
    """PR-01o: the picker, which repeats the pushed request, does not repeat the secret."""
    page = arrive(secret_phone, push(secret_phone, provider=None))
    assert page.status_code == 200
    assert secret_phone.state in page.text
    assert str(secret_phone.client_secret) not in page.text


CHECKED = {
    "unsupported_response_type": {"response_type": "token"},
    "invalid_scope": {"scope": "openid admin"},
    "interaction_required": {"prompt": "none"},
    "request_not_supported": {"request": "e30.e30."},
    "registration_not_supported": {"registration": "{}"},
}
INVALID = [
    {"response_type": None},
    {"response_mode": "fragment"},
    {"redirect_uri": None},
    {"redirect_uri": "https://evil.example.net/"},
    {"code_challenge": None},
    {"code_challenge": "short"},
    {"code_challenge_method": None},
    {"code_challenge_method": "plain"},
    {"state": "x" * 513},
    {"provider": "nobody"},
    {"prompt": "dance"},
    {"request_uri": f"{PREFIX}x"},
]
TABLE = [*CHECKED.items(), *(("invalid_request", changes) for changes in INVALID)]


@pytest.mark.parametrize(("error", "changes"), TABLE, ids=[str(changes)[:60] for _, changes in TABLE])
def test_pr_02_checked_as_at_authorize(phone: Phone, error: str, changes: dict[str, str | None]):
    """PR-02o: what /authorize would refuse is refused when it is pushed, as JSON and with the same error."""
    answer = phone.call("/par", phone.request(**changes))
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert set(answer.json()) <= {"error", "error_description", "details"}


def test_pr_02_provider_scopes(phone: Phone):
    """PR-02o: a provider's scopes that no admin has opened are refused when they are pushed."""
    answer = phone.call("/par", phone.request(provider_scopes="calendar"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    "name", ["redirect_uri", "state", "code_challenge", "scope", "provider", "response_type"]
)
def test_pr_02_repeated(phone: Phone, name: str):
    """PR-02o: a repeated parameter of a pushed request is an error."""
    body = f"{urlencode(phone.request())}&{name}=x"
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = phone.broker.post("/par", content=body, headers=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "more",
    [
        {"redirect_uri": "https://evil.example.net/"},
        {"redirect_uri": "com.example.app:/oauth"},
        {"state": "other"},
        {"scope": "openid"},
        {"code_challenge": "A" * 43},
        {"response_type": "token"},
        {"provider": "google"},
        {"provider": ""},
        {"code_challenge_method": "plain"},
    ],
    ids=str,
)
def test_pr_02_contradictions(phone: Phone, provider: ProviderStub, more: dict[str, str]):
    """PR-02o: a parameter in the browser's request that says otherwise than the pushed one is refused on a page."""
    assert_shown(arrive(phone, push(phone), **more))
    assert provider.asked("/authorize") == []


def test_pr_02_repeating_the_same_is_no_contradiction(phone: Phone):
    """PR-02o: a client may send the same parameters again in the browser, as RFC 6749 alone would have it."""
    more = {name: value for name, value in phone.request().items() if name != "client_id"}
    assert arrive(phone, push(phone), **more).status_code == 303


def test_pr_02_nothing_is_added_in_the_browser(phone: Phone, provider: ProviderStub):
    """PR-02o: what was not pushed does not count when the browser brings it."""
    request_uri = push(phone, state=None, prompt=None, scope="openid")
    landing = phone.follow(arrive(phone, request_uri, prompt="login", nonce="n", foo="1", state="planted"))
    assert set(landing.parameters) == {"code", "iss"}
    assert "prompt" not in provider.asked("/authorize")[0]


def test_pr_02_the_provider_may_be_chosen_later(phone: Phone):
    """PR-02o: a request pushed without a provider leads to the picker, whose choices carry all of it."""
    page = arrive(phone, push(phone, provider=None))
    assert page.status_code == 200
    (chosen,) = (url for url in attributes(page.text, "href") if url.endswith("provider=stub"))
    carried = {name: value for name, (value,) in parse_qs(urlsplit(chosen).query).items()}
    assert carried == phone.request()
    assert phone.follow(phone.browser.get(chosen))["state"] == phone.state
    chosen_at_once = arrive(phone, push(phone, provider=None), provider="stub")
    assert phone.follow(chosen_at_once)["code"]


def test_pr_02_an_entry_removed_meanwhile(broker: RunningBroker, phone: Phone):
    """PR-02o: a pushed address that is taken off the list before the browser comes is refused."""
    entry = broker.allow("https://app.example.com/pushed")
    request_uri = push(phone, redirect_uri="https://app.example.com/pushed")
    assert broker.admin("DELETE", f"/v1/redirect_urls/{entry['id']}").status_code == 200
    assert_shown(arrive(phone, request_uri))
