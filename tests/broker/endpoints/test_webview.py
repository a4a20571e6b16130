"""A flow that is begun inside another app: people are shown the way to their browser, and nothing is lost on it."""

import html
import re
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.running import LOCAL, RunningBroker

INSTAGRAM = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/22F76 Instagram 380.0.0.28.84"
)
POLICIES = ("warn", "block", "allow")


@pytest.fixture
def inside(phone: Phone) -> Phone:
    """The phone, with the page shown by Instagram."""
    phone.browser.headers["user-agent"] = INSTAGRAM
    return phone


@pytest.fixture
def client_of(broker: RunningBroker, inside: Phone):
    """Make the phone's app one with this policy."""

    def make(policy: str, **body: object) -> None:
        inside.client_id = broker.make_client(webview_policy=policy, **body)["client_id"]
        broker.allow(HTTPS_REDIRECT, inside.client_id)

    return make


def links(page: httpx2.Response) -> dict[str, str]:
    found = re.findall(r'<a [^>]*href="([^"]*)"[^>]*>([^<]*)</a>', page.text)
    return {html.unescape(text): html.unescape(url) for url, text in found}


def test_warned(inside: Phone):
    """People are told that a page inside an app can be watched, shown the way out, and may stay all the same."""
    page = inside.authorize()
    assert page.status_code == 200
    assert "Instagram shows this page inside itself" in page.text
    shown = links(page)
    out = shown["Open in the browser"]
    assert out.startswith("x-safari-http://127.0.0.1:")
    assert dict(parse_qsl(urlsplit(out).query)) == inside.request()
    stays = inside.browser.get(shown["Continue here all the same"])
    assert stays.status_code == 303
    assert inside.exchange(inside.follow(stays)["code"]).status_code == 200


def test_nothing_is_kept(inside: Phone):
    """The page gives no cookie and begins no flow: there is nothing to finish yet."""
    page = inside.authorize()
    assert "set-cookie" not in page.headers
    assert page.headers["cache-control"] == "no-store"


def test_a_pushed_request_is_not_used_up(inside: Phone):
    """A pushed request, good once, is still good in the browser to which the page leads."""
    request_uri = inside.call("/par", dict(inside.request())).json()["request_uri"]
    asked = f"{inside.broker.address}/authorize?client_id={inside.client_id}&request_uri={request_uri}"
    assert "Open in the browser" in links(inside.browser.get(asked))
    with httpx2.Client(follow_redirects=False, **LOCAL) as safari:
        elsewhere = Phone(
            inside.broker, inside.client_id, inside.redirect_uri, browser=safari, verifier=inside.verifier
        )
        assert elsewhere.exchange(elsewhere.follow(safari.get(asked))["code"]).status_code == 200
    assert inside.browser.get(asked + "&webview=continue").status_code == 400


@pytest.mark.parametrize("policy", POLICIES)
def test_policy_of_the_client(client_of, inside: Phone, policy: str):
    """An app's makers may forbid embedded pages, or allow them, for an app that shows them itself."""
    client_of(policy)
    page = inside.authorize()
    assert page.status_code == (303 if policy == "allow" else 200)
    assert ("Continue here all the same" in links(page)) is (policy == "warn")
    assert inside.authorize(webview="continue").status_code == (200 if policy == "block" else 303)


def test_a_provider_that_refuses(client_of, inside: Phone, broker: RunningBroker):
    """Where the provider would refuse, nobody is sent to its refusal."""
    broker.admin("POST", "/v1/providers", {"id": "google", "client_id": "x", "client_secret": "y"})
    try:
        client_of("warn")
        page = inside.authorize(provider="google", webview="continue")
        assert page.status_code == 200
        assert "Google does not let people sign in there" in page.text
        assert "Continue here all the same" not in links(page)
        client_of("allow")
        assert inside.authorize(provider="google").status_code == 303
    finally:
        broker.admin("DELETE", "/v1/providers/google")


def test_developers_are_told(client_of, inside: Phone):
    """Whoever develops the app reads there what to use instead; others do not."""
    client_of("warn", development=True)
    assert "RFC 8252" in inside.authorize().text
    client_of("warn")
    assert "RFC 8252" not in inside.authorize().text


def test_a_bad_request_is_refused_first(inside: Phone):
    """A wrong client or redirect URL is an error here as everywhere."""
    assert inside.authorize(redirect_uri="https://evil.example.net/").status_code == 400
    assert inside.authorize(client_id="nobody").status_code == 400


def test_the_policy_is_one_of_three(broker: RunningBroker):
    """Another word for it is refused by name."""
    answer = broker.admin("POST", "/v1/clients", {"name": "x", "webview_policy": "sometimes"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["meta"]["param_name"] == "webview_policy"


def test_last_used_first(phone: Phone, broker: RunningBroker):
    """The provider by which this browser signed in last stands first in the picker, and says so."""
    before = phone.authorize(provider=None)
    assert "Last used" not in before.text
    phone.land()
    choices = re.findall(r'<a class="button".*?</a>', phone.authorize(provider=None).text, re.DOTALL)
    assert "Last used" in choices[0]
    assert "provider=stub" in choices[0]
    assert not any("Last used" in each for each in choices[1:])
