"""GET /callback/{provider}: only the browser, the provider and the answer that belong together get through."""

import json
import re
from collections.abc import Iterator

import httpx2
import pytest
import redis

from tests.broker.providers.outcome import assert_refused, assert_shown, kept, query_of
from tests.conftest import connect
from tests.phone import Landing, Phone
from tests.provider_stub import ProviderStub


def at_callback(phone: Phone, **changes: str) -> str:
    """The callback's address as the provider gives it to the browser, which has not gone there yet."""
    upstream = phone.browser.get(phone.authorize(**changes).headers["location"])
    assert upstream.status_code == 302
    return str(upstream.headers["location"])


def cookie_pair(answer: httpx2.Response) -> tuple[str, str]:
    name, _, rest = answer.headers["set-cookie"].partition("=")
    return name, rest.partition(";")[0]


def show(url: str, cookie: str | None = None) -> Landing:
    """A browser without a jar goes to the callback with this Cookie header."""
    headers = {"cookie": cookie} if cookie is not None else {}
    answer = httpx2.get(url, headers=headers, follow_redirects=False, timeout=20)
    return Landing(answer, answer.headers.get("location"))


@pytest.fixture
def second(phone: Phone, provider: ProviderStub) -> Iterator[str]:
    """The same provider, connected a second time under another id."""
    connect(phone.broker, provider, "second")
    yield "second"
    phone.broker.admin("DELETE", "/v1/providers/second")


@pytest.fixture
def announcing(phone: Phone, provider: ProviderStub) -> Iterator[str]:
    """The same provider, connected while it says that its answers carry `iss` (RFC 9207)."""
    provider.discovery = {"authorization_response_iss_parameter_supported": True}
    connect(phone.broker, provider, "announcing")
    yield "announcing"
    phone.broker.admin("DELETE", "/v1/providers/announcing")


def test_cb_01_copied_to_another_browser(phone: Phone, provider: ProviderStub):
    """CB-01: The provider's address, copied into another browser, ends there with a page and without an exchange."""
    upstream = phone.authorize().headers["location"]
    with httpx2.Client(timeout=20, follow_redirects=False) as thief:
        stolen = Phone(phone.broker, phone.client_id, phone.redirect_uri, browser=thief)
        assert_shown(stolen.follow(thief.get(upstream)), phone.redirect_uri)
    assert not provider.asked("/token")


# Own is the flow's cookie, other that of a second flow that is under way, old that of one that has ended.
COOKIES = {
    "none": None,
    "empty": "",
    "another flow's": "{other}={other_value}",
    "another flow's value": "{own}={other_value}",
    "an old one": "{old}={old_value}",
    "an old one's value": "{own}={old_value}",
    "no value": "{own}=",
    "name alone": "{own}",
    "longer value": "{own}={own_value}x",
    "quoted": '{own}="{own_value}"',
    "name with more behind": "{own}0={own_value}",
    "two, the right one first": "{own}={own_value}; {own}={other_value}",
    "two, the right one last": "{own}={other_value}; {own}={own_value}",
    "two equal ones": "{own}={own_value}; {own}={own_value}",
    "two, unspaced": "{own}={own_value};{own}=x",
}


@pytest.mark.parametrize("cookies", COOKIES)
def test_cb_01_wrong_cookie(phone: Phone, provider: ProviderStub, cookies: str):
    """CB-01: Any cookie but this flow's own, once, is refused before the provider is asked."""
    ended = phone.authorize()
    phone.follow(ended)
    other, begun = phone.authorize(), phone.authorize()
    url = str(phone.browser.get(begun.headers["location"]).headers["location"])
    provider.requests.clear()
    answers = {"own": begun, "other": other, "old": ended}
    pairs = {name: cookie_pair(answer) for name, answer in answers.items()}
    known = {name: pair[0] for name, pair in pairs.items()} | {f"{n}_value": p[1] for n, p in pairs.items()}
    template = COOKIES[cookies]
    header = template.format(**known) if template is not None else None
    assert_shown(show(url, header), phone.redirect_uri, query_of(url)["state"], query_of(url)["code"])
    assert not provider.asked("/token")


def test_cb_01_right_cookie_among_others(phone: Phone):
    """CB-01: The flow's own cookie is found among a person's other ones."""
    begun = phone.authorize()
    url = str(phone.browser.get(begun.headers["location"]).headers["location"])
    landing = show(url, f"a=1; {'='.join(cookie_pair(begun))}; flow-0000=x")
    assert landing["state"] == phone.state


def test_cb_01_two_flows_in_one_browser(phone: Phone):
    """CB-01: Two flows under way in one browser both end, each with its own state."""
    first, second = at_callback(phone, state="first"), at_callback(phone, state="second")
    assert phone.follow(phone.browser.get(second))["state"] == "second"
    assert phone.follow(phone.browser.get(first))["state"] == "first"


def test_cb_01_single_use(phone: Phone, provider: ProviderStub):
    """CB-01: A state that was used is worth nothing, even in its own browser."""
    begun = phone.authorize()
    url = str(phone.browser.get(begun.headers["location"]).headers["location"])
    own = "=".join(cookie_pair(begun))
    assert show(url, own)["code"]
    assert_shown(show(url, own))
    assert len(provider.asked("/token")) == 1


def test_cb_01_ten_minutes(phone: Phone, provider: ProviderStub):
    """CB-01: A flow is kept for ten minutes and not in clear; its cookie lives as long; without the record it is over."""
    begun = phone.authorize()
    state = query_of(begun.headers["location"])["state"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", state)
    name = begun.headers["set-cookie"].split("=")[0]
    with redis.Redis.from_url(phone.broker.redis_url) as memory:
        (key,) = list(memory.scan_iter(f"pending:*{name.removeprefix('flow-')}*", count=1000))
        assert 590 < memory.ttl(key) <= 600
        assert not [secret for secret in (state, phone.state) if secret.encode() in memory.get(key) + key]
        memory.delete(key)
    assert re.search(r"; Max-Age=600(;|$)", begun.headers["set-cookie"])
    assert_shown(phone.follow(begun))
    assert not provider.asked("/token")


def test_cb_03_state_of_another_provider(phone: Phone, provider: ProviderStub, second: str):
    """CB-03: A state made for one provider does not open the other's callback, in either direction."""
    for mine, others in (("stub", second), (second, "stub")):
        url = at_callback(phone, provider=mine)
        crossed = url.replace(f"/callback/{mine}?", f"/callback/{others}?")
        assert crossed != url
        assert_shown(phone.follow(phone.browser.get(crossed)))
    assert not provider.asked("/token")


@pytest.mark.parametrize("named", ["nobody", "Stub", "stub%00", "stub%2F..%2Fsecond", "s" * 64])
def test_cb_03_unknown_provider(phone: Phone, provider: ProviderStub, named: str):
    """CB-03: The callback of a provider that is not configured refuses whatever it is sent."""
    url = at_callback(phone).replace("/callback/stub?", f"/callback/{named}?")
    landing = phone.follow(phone.browser.get(url))
    assert landing.location is None
    assert landing.response.status_code in {400, 404}
    assert not provider.asked("/token")


ISSUERS = {
    "missing": None,
    "empty": "",
    "another": "https://accounts.example.com",
    "a slash more": "{issuer}/",
    "more behind": "{issuer}.example.com",
}


@pytest.mark.parametrize("named", ISSUERS)
def test_cb_04_wrong_iss(phone: Phone, provider: ProviderStub, announcing: str, named: str):
    """CB-04: An answer without or with another issuer's `iss` ends the flow, where the provider announces it."""
    template = ISSUERS[named]
    more = {} if template is None else {"iss": template.format(issuer=provider.issuer)}
    provider.callback = lambda back: {"code": back["code"], "state": back["state"], **more}
    assert_refused(phone.land(provider=announcing), phone)
    assert not provider.asked("/token")


def test_cb_04_right_iss(phone: Phone, provider: ProviderStub, announcing: str):
    """CB-04: With the right `iss` the sign-in goes on."""
    provider.subject = "cb-04"
    assert phone.land(provider=announcing)["code"]


def test_cb_04_error_of_another(phone: Phone, provider: ProviderStub, announcing: str):
    """CB-04: An error that is not signed with the provider's `iss` is not passed on as the person's refusal."""
    provider.callback = lambda back: {"error": "access_denied", "state": back["state"]}
    assert phone.land(provider=announcing).parameters["error"] == "server_error"


def test_cb_04_unannounced_but_wrong(phone: Phone, provider: ProviderStub):
    """CB-04: A provider that announces no `iss` need not send it, but another's name is refused all the same."""
    provider.callback = lambda back: {**back, "iss": "https://accounts.example.com"}
    assert_refused(phone.land(), phone)
    assert not provider.asked("/token")


CANARY = "canary-of-the-provider"
ERRORS = {
    "refused by the person": ({"error": "access_denied"}, "access_denied"),
    "busy": ({"error": "temporarily_unavailable"}, "temporarily_unavailable"),
    "markup": ({"error": f"<script>{CANARY}</script>"}, "server_error"),
    "line breaks": ({"error": f"a\r\nset-cookie: {CANARY}=1"}, "server_error"),
    "ten kilobytes": ({"error": CANARY * 400}, "server_error"),
    "unknown": ({"error": CANARY}, "server_error"),
    "ours": ({"error": "invalid_client"}, "server_error"),
    "empty": ({"error": ""}, "server_error"),
    "with a code": ({"error": "server_error", "code": CANARY}, "server_error"),
}


@pytest.mark.parametrize("said", ERRORS)
def test_cb_06_provider_errors(phone: Phone, provider: ProviderStub, said: str):
    """CB-06: What the provider says went wrong becomes one of our words; none of its own reaches the app or a page."""
    told, expected = ERRORS[said]
    more = {"error_description": f"{CANARY} <b>", "error_uri": f"https://{CANARY}.example.com/"}
    provider.callback = lambda back: {"state": back["state"], **more, **told}
    landing = phone.land()
    assert set(landing.parameters) == {"error", "error_description", "state", "iss"}
    assert (landing["error"], landing["state"]) == (expected, phone.state)
    assert CANARY not in landing.response.text + json.dumps(dict(landing.response.headers))
    assert not provider.asked("/token")


def test_cb_06_error_without_a_flow(phone: Phone):
    """CB-06: An error for a flow that does not exist shows a page with nothing of the error on it."""
    query = f"state=unknown&error=%3Cscript%3E{CANARY}&error_description={CANARY}"
    assert_shown(show(f"{phone.broker.address}/callback/stub?{query}"), CANARY, "<script>")


@pytest.mark.parametrize("name", ["code", "state", "iss", "error"])
@pytest.mark.parametrize("place", ["before", "behind", "in brackets", "in capitals"])
def test_cb_10_repeated_parameter(phone: Phone, provider: ProviderStub, name: str, place: str):
    """CB-10: A parameter that comes twice, in whatever order or spelling, is refused before the provider is asked."""
    address, _, query = at_callback(phone).partition("?")
    twice = {"iss": f"iss={provider.issuer}&", "error": "error=access_denied&"}.get(name, "") + query
    spelled = {"in brackets": f"{name}[]", "in capitals": name.upper()}.get(place, name)
    extra = f"{spelled}=other"
    before = kept(phone.broker)
    joined = f"{extra}&{twice}" if place == "before" else f"{twice}&{extra}"
    assert_shown(phone.follow(phone.browser.get(f"{address}?{joined}")))
    assert not provider.asked("/token")
    assert kept(phone.broker) <= before  # what others left may expire meanwhile


@pytest.mark.parametrize("query", ["", "code=x", "state=", "state=%ff&code=x", "state=" + "s" * 513])
def test_cb_10_no_usable_state(phone: Phone, provider: ProviderStub, query: str):
    """CB-10: A callback whose state is missing, empty, no text or too long is a page, whatever else it carries."""
    assert_shown(show(f"{phone.broker.address}/callback/stub?{query}"))
    assert not provider.asked("/token")
