"""POST /callback/{provider}: taken where the provider posts, and believed no further than it is signed."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.broker.providers.outcome import assert_shown
from tests.phone import Landing, Phone
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker, running_broker
from tests.valkey import running_valkey

REDIRECT = "https://app.example.com/cb"


@pytest.fixture(scope="module")
def simulating() -> Iterator[RunningBroker]:
    """A broker with the simulated catalogue, of which Apple posts."""
    with running_valkey() as url, running_broker(url, SIMULATED_PROVIDERS="1") as running:
        running.allow(REDIRECT)
        yield running


@pytest.fixture
def apple(simulating: RunningBroker) -> Iterator[Phone]:
    with httpx2.Client(timeout=20, follow_redirects=False) as browser:
        yield Phone(simulating, "default", REDIRECT, provider="apple", browser=browser)


def posted_by_apple(phone: Phone, persona: str) -> tuple[str, dict[str, str]]:
    """The callback's address and the form that Apple's page would post there for somebody."""
    upstream = phone.authorize().headers["location"]
    page = phone.browser.post(upstream, data={"persona": persona, "outcome": "approve"}).text
    form = re.search(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", page, re.DOTALL)
    assert form, page
    fields = dict(re.findall(r"<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"", form[2]))
    return html.unescape(form[1]), {name: html.unescape(value) for name, value in fields.items()}


def signed_in(phone: Phone, address: str, form: dict[str, str]) -> dict[str, Any]:
    """Post the form and take it to the end; what our userinfo says of the person."""
    landing = phone.follow(phone.browser.post(address, data=form))
    tokens = phone.exchange(landing["code"]).json()
    return dict(phone.userinfo(tokens["access_token"]).json())


def test_cb_09_posted_sign_in(apple: Phone):
    """CB-09: Apple's posted callback ends in a 303 to the app, and the name beside the code is known then."""
    address, form = posted_by_apple(apple, "grace")
    assert address == f"{apple.broker.issuer}/callback/apple"
    assert json.loads(form["user"])["email"] == "grace@example.com"
    who = signed_in(apple, address, form)
    assert (who["name"], who["email"], who["email_verified"]) == ("Grace Hopper", "grace@example.com", True)


def test_the_name_is_told_once(apple: Phone):
    """A name that Apple told at the first sign-in is still known after the second, at which it tells none."""
    first = signed_in(apple, *posted_by_apple(apple, "Jo@example.org"))
    address, form = posted_by_apple(apple, "Jo@example.org")
    assert "user" not in form
    second = signed_in(apple, address, form)
    assert {**second, "updated_at": 0} == {**first, "updated_at": 0}
    assert second["name"] == "Jo"


FORGED = {"email": "victim@example.com", "email_verified": True, "sub": "1", "name": {"firstName": "Mallory"}}


@pytest.mark.parametrize("persona", ["hidden", "unverified"])
def test_cb_09_forged_user(apple: Phone, persona: str):
    """CB-09: A forged `user` field sets no e-mail and verifies none; the signed token alone does."""
    address, form = posted_by_apple(apple, persona)
    who = signed_in(apple, address, {**form, "user": json.dumps(FORGED)})
    assert who.get("email") == {"hidden": None, "unverified": "una@example.com"}[persona]
    assert not who.get("email_verified")
    assert "victim" not in json.dumps(who)


MORE = {"id_token": "x.y.z", "email": "victim@example.com", "email_verified": "true", "sub": "1", "name": "M"}


def test_cb_09_other_posted_fields(apple: Phone):
    """CB-09: An ID token or claims posted beside the code are not looked at."""
    address, form = posted_by_apple(apple, "hidden")
    who = signed_in(apple, address, {**form, **MORE})
    assert "email" not in who
    assert "M" not in who.values()


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_cb_09_post_to_a_provider_that_redirects(phone: Phone, provider: ProviderStub, accept: str):
    """CB-09: A provider that answers by redirect is not heard by POST: 405, to a person a page, to a program JSON."""
    begun = phone.authorize()
    location = phone.browser.get(begun.headers["location"]).headers["location"]
    address, _, query = location.partition("?")
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": accept}
    answer = phone.browser.post(address, content=query, headers=headers)
    assert answer.status_code == 405
    assert answer.headers["content-type"].startswith(accept)
    assert "method_not_allowed" in answer.text
    assert query not in answer.text
    assert not provider.asked("/token")


def test_cb_09_redirect_of_a_provider_that_posts(apple: Phone):
    """CB-09: A provider that posts is not heard by GET, where the code would stand in logs and histories."""
    address, form = posted_by_apple(apple, "ada")
    answer = apple.browser.get(f"{address}?{urlencode(form)}")
    assert answer.status_code == 405
    assert "location" not in answer.headers


BODIES = {
    "JSON": ("application/json", 415),
    "multipart": ("multipart/form-data; boundary=x", 415),
    "text": ("text/plain", 415),
    "nothing": ("", 415),
}


@pytest.mark.parametrize("body", BODIES)
def test_cb_09_other_bodies(apple: Phone, body: str):
    """CB-09: A posted callback is a form and nothing else."""
    media_type, status = BODIES[body]
    address, form = posted_by_apple(apple, "ada")
    answer = apple.browser.post(address, content=json.dumps(form), headers={"content-type": media_type})
    assert answer.status_code == status
    assert apple.follow(apple.browser.post(address, data=form))["code"]


@pytest.mark.parametrize("name", ["code", "state", "user"])
@pytest.mark.parametrize("place", ["query", "before", "behind"])
def test_cb_10_repeated_in_a_form(apple: Phone, name: str, place: str):
    """CB-10: A parameter twice in the form, or once there and once in the URL, is refused in either order."""
    address, form = posted_by_apple(apple, "markup")
    body, extra = urlencode({"user": "{}", **form}), f"{name}=other"
    joined = {"query": body, "before": f"{extra}&{body}", "behind": f"{body}&{extra}"}[place]
    headers = {"content-type": "application/x-www-form-urlencoded"}
    url = f"{address}?{extra}" if place == "query" else address
    assert_shown(
        Landing(apple.browser.post(url, content=joined, headers=headers)), form["code"], form["state"]
    )


def test_cb_01_posted_from_another_browser(apple: Phone):
    """CB-01: Apple's form, posted by another browser, is refused."""
    address, form = posted_by_apple(apple, "ada")
    assert_shown(Landing(httpx2.post(address, data=form, timeout=20)), form["code"])
