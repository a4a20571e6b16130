"""Where a flow ends: at the address it was begun with, while that is on the list, extended as text and by nothing else."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import httpx2
import pytest

from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

EVIL = "https://evil.example.net/steal"
SECOND = "https://second.example.com/cb"


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    with httpx2.Client(follow_redirects=False, **LOCAL) as client:
        yield client


def own_phone(broker: RunningBroker, browser: httpx2.Client, *entries: str) -> Phone:
    """A phone whose app has a client of its own with these entries; it returns to the first."""
    client_id = broker.make_client()["client_id"]
    for url in entries:
        broker.allow(url, client_id)
    return Phone(broker, client_id, entries[0], browser=browser)


def assert_shown(answer: httpx2.Response) -> None:
    """An error on a page: no redirect, no code."""
    assert answer.status_code == 400
    assert not {"location", "refresh"} & set(answer.headers)
    assert not re.search(r"ac_[0-9a-f]{24}_", answer.text)


def way_back(phone: Phone, response: httpx2.Response) -> str:
    """The address at which the provider sends the browser back to the broker."""
    return phone.browser.get(response.headers["location"]).headers["location"]


@pytest.mark.parametrize("redirect_uri", [None, ""])
def test_ru_04_redirect_uri_is_required(
    broker: RunningBroker, browser: httpx2.Client, redirect_uri: str | None
):
    """RU-04: redirect_uri must be sent, even by a client that has a single entry."""
    phone = own_phone(broker, browser, HTTPS_REDIRECT)
    assert phone.authorize().status_code == 303
    assert_shown(phone.authorize(redirect_uri=redirect_uri))


def test_ru_05_entries_are_the_clients_own(broker: RunningBroker, browser: httpx2.Client):
    """RU-05: an entry of one client is of no use to another."""
    one, other = own_phone(broker, browser, HTTPS_REDIRECT), own_phone(broker, browser, SECOND)
    for phone, own, foreign in ((one, HTTPS_REDIRECT, SECOND), (other, SECOND, HTTPS_REDIRECT)):
        assert phone.authorize(redirect_uri=own).status_code == 303
        assert_shown(phone.authorize(redirect_uri=foreign))


@pytest.mark.parametrize(
    "client_id", ["nobody", "", "a:b", "{default}", "default}", "x" * 65, "d\u00e9fault", "*"]
)
def test_ru_05_a_client_must_be_known(phone: Phone, client_id: str):
    """RU-05: whoever is not a client has no entries, whatever the id is made of."""
    assert_shown(phone.authorize(client_id=client_id))


NAMES = (
    *("redirect_uri", "return_to", "returnTo", "RelayState", "callbackURL", "callback", "next", "url"),
    *("redirect", "redirect_to", "post_logout_redirect_uri", "target_link_uri"),
)
SMUGGLED = dict.fromkeys(NAMES, EVIL)


def test_ru_06_callback_parameters_change_nothing(phone: Phone):
    """RU-06: no parameter of the callback can move the flow's end."""
    callback = way_back(phone, phone.authorize())
    landing = phone.follow(phone.browser.get(f"{callback}&{urlencode(SMUGGLED)}"))
    assert str(landing.location).startswith(f"{HTTPS_REDIRECT}?code=")
    assert "evil" not in str(landing.location)
    assert phone.exchange(landing["code"]).status_code == 200


def test_ru_06_return_page_parameters_change_nothing(scheme_phone: Phone):
    """RU-06: no field of the return page's form can move the flow's end."""
    page = scheme_phone.follow(scheme_phone.authorize()).response
    flow = re.search(r'name="flow" value="([^"]+)"', page.text)
    assert flow
    url = f"{scheme_phone.broker.address}/continue"
    landing = scheme_phone.follow(scheme_phone.browser.post(url, data={"flow": flow[1], **SMUGGLED}))
    assert str(landing.location).startswith(f"{scheme_phone.redirect_uri}?code=")
    assert "evil" not in str(landing.location)


def test_ru_06_cookies_change_nothing(phone: Phone):
    """RU-06: cookies that name another end are not looked at, and an altered cookie of ours ends the flow on a page."""
    callback = way_back(phone, phone.authorize())
    for name in SMUGGLED:
        phone.browser.cookies.set(name, EVIL)
    assert str(phone.follow(phone.browser.get(callback)).location).startswith(f"{HTTPS_REDIRECT}?code=")
    callback = way_back(phone, phone.authorize())
    ours = [cookie for cookie in phone.browser.cookies.jar if "flow-" in cookie.name]
    assert ours
    for cookie in ours:
        cookie.value = quote(EVIL, safe="")
    assert_shown(phone.browser.get(callback))


def test_ru_06_two_flows_in_one_browser(
    broker: RunningBroker, provider: ProviderStub, browser: httpx2.Client
):
    """RU-06: a second flow in the same browser, to another app, does not take over the first one's end."""
    first, second = own_phone(broker, browser, HTTPS_REDIRECT), own_phone(broker, browser, SECOND)
    first_back, second_back = way_back(first, first.authorize()), way_back(second, second.authorize())
    assert str(first.follow(browser.get(first_back)).location).startswith(f"{HTTPS_REDIRECT}?code=")
    assert str(second.follow(browser.get(second_back)).location).startswith(f"{SECOND}?code=")


@pytest.mark.parametrize("cancelled", [False, True])
def test_ru_07_entry_removed_at_the_provider(
    broker: RunningBroker, provider: ProviderStub, browser: httpx2.Client, cancelled: bool
):
    """RU-07: an entry that goes while a flow is at the provider stops it, whether the provider says yes or no."""
    phone = own_phone(broker, browser, SECOND)
    (entry,) = broker.admin("GET", f"/v1/redirect_urls?client_id={phone.client_id}").json()
    if cancelled:
        provider.callback = lambda back: {"error": "access_denied", "state": back["state"]}
    callback = way_back(phone, phone.authorize())
    assert broker.admin("DELETE", f"/v1/redirect_urls/{entry['id']}").status_code == 200
    assert_shown(browser.get(callback))


def test_ru_07_entry_removed_at_the_return_page(
    broker: RunningBroker, provider: ProviderStub, browser: httpx2.Client
):
    """RU-07: an entry that goes while the return page waits for a press stops the flow."""
    phone = own_phone(broker, browser, "com.example.second:/cb")
    (entry,) = broker.admin("GET", f"/v1/redirect_urls?client_id={phone.client_id}").json()
    page = phone.follow(phone.authorize()).response
    assert broker.admin("DELETE", f"/v1/redirect_urls/{entry['id']}").status_code == 200
    assert_shown(phone.press(page).response)


@pytest.mark.parametrize(
    ("begun_with", "exchanged_with"),
    [
        ("http://127.0.0.1:49152/cb", "http://127.0.0.1:49153/cb"),
        ("http://127.0.0.1:49152/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80/cb"),
        (HTTPS_REDIRECT, SECOND),
        (HTTPS_REDIRECT, f"{HTTPS_REDIRECT}?"),
        (HTTPS_REDIRECT, HTTPS_REDIRECT.upper()),
        (HTTPS_REDIRECT, f" {HTTPS_REDIRECT}"),
    ],
)
def test_ru_08_the_exchange_names_the_same_address(
    broker: RunningBroker,
    provider: ProviderStub,
    browser: httpx2.Client,
    begun_with: str,
    exchanged_with: str,
):
    """RU-08: the token endpoint wants the very address of the authorization request, port included."""
    phone = own_phone(broker, browser, HTTPS_REDIRECT, SECOND, "http://127.0.0.1/cb")
    phone.redirect_uri = begun_with
    assert phone.exchange(phone.land()["code"]).status_code == 200
    refused = phone.exchange(phone.land()["code"], redirect_uri=exchanged_with)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("redirect_uri", [None, ""])
def test_ru_08_the_exchange_names_it_at_all(phone: Phone, redirect_uri: str | None):
    """RU-08: an exchange without redirect_uri is refused."""
    refused = phone.exchange(phone.land()["code"], redirect_uri=redirect_uri)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "entry",
    [
        "https://text.example.com/",
        "https://text.example.com/cb?a=1",
        "https://text.example.com/cb?a=1&b=%20+&c",
        "https://text.example.com/cb?A=%C3%A9&a==",
        "https://text.example.com/a;b=c/",
        "textapp://",
        "textapp:///x",
        "textapp:/x",
        "textapp://Host.Case",
        "textapp://?a=1",
        "com.example.text:/?a=1",
        "http://[::1]/cb?a=1",
    ],
)
def test_ru_09_extended_as_text(
    broker: RunningBroker, provider: ProviderStub, browser: httpx2.Client, entry: str
):
    """RU-09: the Location is the address byte for byte, then code, state and issuer once each; an error likewise."""
    phone = own_phone(broker, browser, entry)
    start = re.escape(entry + ("&" if "?" in entry else "?"))
    end = re.escape(f"&state={phone.state}&iss={quote(broker.issuer, safe='')}")
    assert re.fullmatch(f"{start}code=ac_[0-9a-f]{{24}}_[A-Za-z0-9_-]{{43}}{end}", str(phone.land().location))
    refused = phone.follow(phone.authorize(scope="admin")).location
    assert re.fullmatch(f"{start}error=invalid_scope&error_description=[^&]+{end}", str(refused))


@pytest.mark.parametrize(
    "entry", ["exp://127.0.0.1:8081/--/cb", "exp://*.exp.direct/cb", "exps://127.0.0.1:*"]
)
def test_ru_10_development_entries(
    broker: RunningBroker, production: RunningBroker, browser: httpx2.Client, entry: str
):
    """RU-10: a development entry admits its address only where development mode is on."""
    phone = own_phone(broker, browser, HTTPS_REDIRECT)
    broker.allow(entry, phone.client_id, dev=True)
    candidate = entry.replace("://*", "://abc").replace(":*", ":8081")
    assert phone.authorize(redirect_uri=candidate).status_code == 303
    outside = Phone(production, phone.client_id, HTTPS_REDIRECT, provider="google", browser=browser)
    assert outside.authorize().status_code == 303
    refused = outside.authorize(redirect_uri=candidate)
    assert_shown(refused)
    assert "Nearest entry" not in refused.text


def test_ru_10_the_mode_is_shown(broker: RunningBroker, production: RunningBroker):
    """RU-10: the health answer tells whether development mode is on."""
    assert broker.get("/health/ready").json()["development"] is True
    assert production.get("/health/ready").json()["development"] is False
    assert "DEVELOPMENT MODE" in broker.log()
    assert "DEVELOPMENT MODE" not in production.log()
