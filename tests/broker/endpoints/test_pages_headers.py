"""What every answer to a browser carries, and what a page says and loads."""

import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.broker.endpoints.html_page import attributes, elements
from tests.broker.endpoints.raw import request, send_raw
from tests.conftest import HTTPS_REDIRECT, LOOPBACK_REDIRECT, SCHEME_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

YEAR = 31_536_000


def get(path: str, **headers: str) -> Callable[[Phone], httpx2.Response]:
    return lambda phone: phone.browser.get(phone.broker.address + path, headers=headers)


def post(path: str) -> Callable[[Phone], httpx2.Response]:
    return lambda phone: phone.browser.post(phone.broker.address + path, data={"flow": "x", "state": "x"})


def callback(phone: Phone) -> httpx2.Response:
    """Where the callback leads: the page that asks for a press, or the redirect into the app."""
    return phone.follow(phone.authorize()).response


def press(phone: Phone) -> httpx2.Response:
    return phone.press(callback(phone)).response


PAGES: dict[str, tuple[int, Callable[[Phone], httpx2.Response]]] = {
    "picker": (200, lambda phone: phone.authorize(provider=None)),
    "return page": (200, callback),
    "signed out": (200, get("/logout")),
    "refused redirect URL": (400, lambda phone: phone.authorize(redirect_uri="https://evil.example.net/")),
    "unknown client": (400, lambda phone: phone.authorize(client_id="nobody")),
    "nothing asked": (400, get("/authorize")),
    "odd path of authorize": (404, get("/authorize/x/y")),
    "posted authorize": (405, post("/authorize")),
    "unknown state": (400, get("/callback/stub?state=x&code=x")),
    "unknown provider": (400, get("/callback/nobody?state=x")),
    "odd path of callback": (404, get("/callback/stub/x")),
    "posted callback": (405, post("/callback/stub")),
    "unknown flow": (400, post("/continue")),
    "fetched continue": (400, get("/continue?flow=x")),
    "changed continue": (405, lambda phone: phone.browser.put(f"{phone.broker.address}/continue")),
}
OTHERS: dict[str, tuple[int, Callable[[Phone], httpx2.Response]]] = {
    "to the provider": (303, lambda phone: phone.authorize()),
    "error to the app": (303, lambda phone: phone.authorize(scope="admin")),
    "code to the app": (303, press),
    "refusal as JSON": (400, get("/authorize", accept="application/json")),
    "head of authorize": (405, lambda phone: phone.browser.head(f"{phone.broker.address}/authorize")),
}


def cases(table: dict[str, tuple[int, Callable[[Phone], httpx2.Response]]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("status", "fetch"), table.values(), ids=table)


@cases(PAGES | OTHERS)
def test_az_08_not_kept_and_not_told(scheme_phone: Phone, status: int, fetch):
    """AZ-08: no answer to a browser is cached, and no page tells another where the person came from."""
    answer = fetch(scheme_phone)
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def directives(answer: httpx2.Response) -> dict[str, list[str]]:
    found = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    return {name: sources for name, *sources in found}


@cases(PAGES)
def test_az_09_pages_stand_alone(scheme_phone: Phone, status: int, fetch):
    """AZ-09: a page cannot be framed, runs no script, and loads nothing but the broker's own."""
    page = fetch(scheme_phone)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    policy = directives(page)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    loaded = {source for name in ("style-src", "img-src", "font-src") for source in policy.get(name, [])}
    assert loaded <= {"'self'", "data:"}
    assert not {"script-src", "connect-src", "frame-src", "object-src"} & set(policy)
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert_loads_own(page.text)


def assert_loads_own(page: str) -> None:
    """Stylesheets and images are named by path alone or are empty, and there is nothing that runs."""
    assert not {"script", "iframe", "object", "embed", "base", "style"} & {tag for tag, _ in elements(page)}
    loaded = [dict(attrs).get("href") or "" for tag, attrs in elements(page) if tag == "link"]
    loaded += attributes(page, "src")
    assert loaded
    assert all(re.match(r"/(?!/)|data:,$", url) for url in loaded)
    names = {name for _, attrs in elements(page) for name, _ in attrs}
    assert not [name for name in names if name.startswith("on") or name == "style"]


def test_az_09_forms_lead_home(scheme_phone: Phone, phone: Phone):
    """AZ-09: a page's forms lead to the broker, and the return page's on to the app's own scheme and no other."""
    assert directives(callback(scheme_phone))["form-action"] == ["'self'", "com.example.app:"]
    assert directives(phone.authorize(provider=None))["form-action"] == ["'self'"]
    assert directives(phone.authorize(client_id="nobody"))["form-action"] == ["'self'"]
    phone.redirect_uri = "http://127.0.0.1:49152/cb"
    assert directives(callback(phone))["form-action"] == ["'self'", "http://127.0.0.1:49152"]


@pytest.fixture
def named_phone(broker: RunningBroker, provider: ProviderStub) -> Iterator[Phone]:
    """A phone whose app has a name that could be markup, and all three kinds of address."""
    client_id = broker.make_client(name='Field <b>&"Notes"')["client_id"]
    for url in (HTTPS_REDIRECT, SCHEME_REDIRECT, LOOPBACK_REDIRECT):
        broker.allow(url, client_id)
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        yield Phone(broker, client_id, SCHEME_REDIRECT, browser=browser)


def words(page: httpx2.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page.text.partition("<main")[2])).split())


@pytest.mark.parametrize(
    ("redirect_uri", "shown"),
    [(SCHEME_REDIRECT, "com.example.app:"), ("http://127.0.0.1:49152/cb", "http://127.0.0.1:49152")],
)
def test_az_12_the_return_page_says_what_happens(named_phone: Phone, redirect_uri: str, shown: str):
    """AZ-12: the return page names the app, the provider, the account, what the app learns, and where it leads."""
    named_phone.redirect_uri = redirect_uri
    text = words(callback(named_phone))
    for said in ('Field <b>&"Notes"', "stub", "ada@example.com", "who you are", "e-mail address", shown):
        assert said in text


def test_az_12_only_what_is_asked_for(named_phone: Phone):
    """AZ-12: the return page does not speak of an e-mail address that the app did not ask for."""
    text = words(named_phone.follow(named_phone.authorize(scope="openid")).response)
    assert "who you are" in text
    assert "e-mail address" not in text


@pytest.mark.parametrize(
    ("redirect_uri", "shown"),
    [
        (HTTPS_REDIRECT, "app.example.com"),
        (SCHEME_REDIRECT, "com.example.app:"),
        ("http://127.0.0.1:49152/cb", "http://127.0.0.1:49152"),
    ],
)
def test_az_12_the_picker_says_who_asks(named_phone: Phone, redirect_uri: str, shown: str):
    """AZ-12: the picker names the app, the providers and where it leads, and its choices lead to the broker alone."""
    page = named_phone.authorize(provider=None, redirect_uri=redirect_uri)
    for said in ('Field <b>&"Notes"', "Continue with stub", shown):
        assert said in words(page)
    choices = [url for url in attributes(page.text, "href") if "provider=" in url]
    assert all(url.startswith(f"{named_phone.broker.issuer}/authorize?") for url in choices)
    (chosen,) = (url for url in choices if url.endswith("provider=stub"))
    assert urlsplit(named_phone.browser.get(chosen).headers["location"]).path == "/authorize"


ANYWHERE = [
    *("GET /authorize", "GET /logout", "GET /callback/google", "POST /continue", "GET /nowhere", "GET /"),
    *("GET /.well-known/openid-configuration", "GET /.well-known/jwks.json", "GET /health/live"),
    *("POST /token", "GET /token", "POST /par", "OPTIONS /token", "GET /userinfo", "GET /v1/clients"),
    *("GET /v1/nowhere", "GET /assets/broker.css", "GET /assets/nothing", "DELETE /token", "GET /token/x"),
]


@pytest.mark.parametrize("line", ANYWHERE)
def test_ad_04_https_only(broker: RunningBroker, production: RunningBroker, line: str):
    """AD-04: every answer under an https issuer says for a year or more that plain http is over; over loopback none does."""
    method, target = line.split()
    sent = request(method, target, "Host: x", "Origin: https://web.example.com")
    age = re.fullmatch(
        r"max-age=(\d+); includeSubDomains",
        send_raw(production.address, sent).header("strict-transport-security") or "",
    )
    assert age
    assert int(age[1]) >= YEAR
    assert send_raw(broker.address, sent).header("strict-transport-security") is None
    assert send_raw(broker.address, sent).header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize("path", ["/token", "/par", "/revoke", "/introspect", "/continue", "/userinfo"])
def test_ad_04_a_post_is_never_sent_on(production: RunningBroker, path: str):
    """AD-04: a posted secret that came over plain http, by a proxy's word, is not led on to anywhere."""
    headers = {"x-forwarded-proto": "http", "forwarded": "proto=http", "x-forwarded-ssl": "off"}
    answer = production.post(path, data={"token": "x"}, headers=headers, follow_redirects=False)
    assert answer.status_code in {200, 400, 401}
    assert "location" not in answer.headers


def test_ad_04_cookies_of_an_https_issuer(production: RunningBroker):
    """AD-04: under an https issuer the flow's cookie is a `__Host-` one: Secure, HttpOnly, and no sibling's to set."""
    phone = Phone(production, "default", HTTPS_REDIRECT, provider="google")
    with phone.browser:
        (cookie,) = phone.authorize().headers.get_list("set-cookie")
    name, *properties = cookie.split("; ")
    assert re.fullmatch(r"__Host-flow-[0-9a-f]{16}=[A-Za-z0-9_-]{43}", name)
    assert {"Path=/", "HttpOnly", "Secure", "SameSite=Lax"} <= set(properties)
    assert not [part for part in properties if part.lower().startswith("domain")]
