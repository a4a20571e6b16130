"""What only a real browser can show: form-action, framing, cookies across sites."""

import secrets
from collections.abc import Iterator
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from aiohttp import web
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Response, Route, expect

from tests.apple import CREDENTIALS
from tests.browser.conftest import Complaints
from tests.browser.tls_proxy import tls_proxy
from tests.cli.command import DevelopmentBroker
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT, connect
from tests.phone import challenge_of
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker, free_port, running_broker

pytestmark = pytest.mark.xdist_group("browser")  # one worker, one Chromium
VERIFIER = "v" * 43


def request_url(issuer: str, provider: str, redirect_uri: str, client_id: str = "default") -> str:
    asked = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid email",
        "state": "s-1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "provider": provider,
    }
    return f"{issuer}/authorize?{urlencode(asked)}"


def watch_locations(page: Page) -> list[str]:
    """The Location of every redirect that the page gets."""
    seen: list[str] = []

    def note(response: Response) -> None:
        if response.status in {302, 303}:
            seen.append(response.headers["location"])

    page.on("response", note)
    return seen


def to_return_page(page: Page, dev: DevelopmentBroker, client_id: str = "default") -> None:
    page.goto(request_url(dev.ready["issuer"], "google", dev.ready["redirect_uri"], client_id))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Return to")


def test_az_11_the_button_opens_a_custom_scheme(page: Page, dev: DevelopmentBroker):
    """AZ-11: the return page's button leads the browser to the app's scheme, exactly once, with a code; the page's own
    policy does not stand in the way, and nothing went there before the button."""
    seen = watch_locations(page)
    to_return_page(page, dev)
    assert not [location for location in seen if location.startswith("brokerexample:")]
    page.get_by_role("button").click()
    page.wait_for_timeout(300)
    (location,) = [location for location in seen if location.startswith("brokerexample://callback?")]
    answer = parse_qs(urlsplit(location).query)
    assert (answer["state"], answer["iss"]) == (["s-1"], [dev.ready["issuer"]])
    assert len(answer["code"]) == 1


def test_the_policy_does_bind(page: Page, dev: DevelopmentBroker, complaints: Complaints):
    """With a policy that names no scheme the same button is stopped by this browser, so the test above can fail."""
    to_return_page(page, dev)
    page.evaluate(
        """() => document.head.append(Object.assign(document.createElement("meta"), {
            httpEquiv: "Content-Security-Policy", content: "form-action 'self'"
        }))"""
    )
    page.get_by_role("button").click()
    complaints.wait_for(page, "form-action 'self'")


def test_az_12_markup_in_an_apps_name(page: Page, dev: DevelopmentBroker):
    """AZ-12: the return page names the app, whatever its name, as text, with the provider and where it returns to."""
    name = '<img src=x onerror="alert(1)">&amp;'
    client = dev.admin("POST", "/v1/clients", {"name": name}).json()
    entry = {"url": dev.ready["redirect_uri"], "client_id": client["id"]}
    assert dev.admin("POST", "/v1/redirect_urls", entry).status_code == 200
    to_return_page(page, dev, client["id"])
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Return to {name}?")
    for told in ("Google", "ada@example.com", "brokerexample://callback"):
        expect(page.get_by_role("main")).to_contain_text(told)
    assert page.locator("img").count() == 0


FRAMED = {
    "start": "/",
    "picker": request_url("", "", "brokerexample://callback").replace("&provider=", ""),
    "error": "/authorize?client_id=nobody",
    "app": "/try",
    "signed out": "/logout",
}


@pytest.mark.parametrize("name", FRAMED)
def test_az_09_no_page_can_be_framed(
    page: Page, dev: DevelopmentBroker, provider: ProviderStub, complaints: Complaints, name: str
):
    """AZ-09: in a frame of a stranger's page the browser shows none of ours, so no button can be hidden under another;
    a file that is no page is shown there, so it is the page's own headers that forbid it."""
    ours, allowed = (dev.ready["issuer"] + path for path in (FRAMED[name], "/assets/broker.css"))
    frames = '<link rel="icon" href="data:,">'
    frames += "".join(f'<iframe src="{escape(address)}"></iframe>' for address in (ours, allowed))
    provider.answers["/stranger"] = lambda: web.Response(text=frames, content_type="text/html")
    page.goto(f"{provider.issuer}/stranger")
    complaints.wait_for(page, "frame-ancestors 'none'")
    complaints.heard.clear()  # the error page is a 400 in a frame too
    shown = [frame.url for frame in page.main_frame.child_frames]
    assert shown == ["chrome-error://chromewebdata/", allowed]


def test_az_09_pages_run_no_foreign_script(page: Page, dev: DevelopmentBroker, complaints: Complaints):
    """AZ-09: script that somebody got into a page would not run: neither inline nor from elsewhere."""
    page.goto(dev.ready["issuer"] + FRAMED["picker"])
    page.evaluate(
        """() => {
            const inline = document.createElement("script");
            inline.textContent = "window.hacked = 1";
            const foreign = document.createElement("script");
            foreign.src = "http://stranger.test/x.js";
            const handler = document.createElement("img");
            handler.setAttribute("onerror", "window.hacked = 2");
            handler.src = "/nothing.png";
            document.body.append(inline, foreign, handler);
        }"""
    )
    complaints.wait_for(page, "inline")
    complaints.wait_for(page, "stranger.test/x.js")
    complaints.wait_for(page, "nothing.png")  # the picture itself may be asked for, and is not there
    assert page.evaluate("window.hacked") is None


@pytest.fixture(scope="module")
def secure_broker(
    valkey: str, provider_process: ProviderStub, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningBroker]:
    """A broker that calls itself by an https address, behind TLS."""
    port = free_port()
    with running_broker(valkey, ISSUER=f"https://broker.localhost:{port}") as running:
        connect(running, provider_process, "secure")
        apple = {"id": "apple", "client_id": "a", **CREDENTIALS}
        assert running.admin("POST", "/v1/providers", apple).status_code == 200
        client_id = running.make_client()["client_id"]
        running.environment["client_id"] = client_id
        for url in (HTTPS_REDIRECT, SCHEME_REDIRECT):
            running.allow(url, client_id)
        behind = urlsplit(running.address).port or 0
        with tls_proxy(port, behind, tmp_path_factory.mktemp("tls")):
            yield running
        running.admin("DELETE", "/v1/providers/apple")


def flow_cookies(page: Page) -> list[dict[str, object]]:
    return [dict(cookie) for cookie in page.context.cookies() if "flow-" in cookie["name"]]


def test_cb_01_host_cookie(page: Page, secure_broker: RunningBroker, provider: ProviderStub):
    """CB-01: over https the flow is bound by a `__Host-` cookie that the browser takes, keeps from script, and brings
    back; another browser with the same callback address gets an error page."""
    seen = watch_locations(page)
    url = request_url(secure_broker.issuer, "secure", SCHEME_REDIRECT, secure_broker.environment["client_id"])
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Return to")
    cookies = flow_cookies(page)
    assert cookies
    for cookie in cookies:
        assert str(cookie["name"]).startswith("__Host-flow-")
        assert (cookie["secure"], cookie["httpOnly"], cookie["path"]) == (True, True, "/")
        assert cookie["domain"] == "broker.localhost"
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button").click()
    page.wait_for_timeout(300)
    assert [location for location in seen if location.startswith(f"{SCHEME_REDIRECT}?code=")]


def test_cb_01_posted_answer_crosses_sites(page: Page, secure_broker: RunningBroker):
    """CB-01: the cookie of a flow with Apple comes along when Apple's page posts across sites, so the flow goes on."""
    seen = watch_locations(page)
    url = request_url(secure_broker.issuer, "apple", HTTPS_REDIRECT, secure_broker.environment["client_id"])
    with pytest.raises(
        PlaywrightError, match="NAME_NOT_RESOLVED"
    ):  # Apple is not here; the next line plays it
        page.goto(url)
    page.route("https://appleid.apple.com/**", refuse_like_apple)
    with page.expect_response(lambda response: "/callback/apple" in response.url):
        page.goto(seen[0])
    (location,) = [location for location in seen if location.startswith(HTTPS_REDIRECT)]
    assert parse_qs(urlsplit(location).query)["error"] == ["access_denied"]


def refuse_like_apple(route: Route) -> None:
    """Apple's page, at its own address, posting its answer to us by script."""
    asked = parse_qs(urlsplit(route.request.url).query)
    fields = {"state": asked["state"][0], "error": "user_cancelled_authorize"}
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    form = f'<form method="post" action="{asked["redirect_uri"][0]}">{inputs}</form>'
    route.fulfill(body=f"{form}<script>document.forms[0].submit()</script>", content_type="text/html")


def test_cb_01_another_browser(page: Page, secure_broker: RunningBroker, complaints: Complaints):
    """CB-01: a flow that another browser began, down to its state, is stopped with a page."""
    began = secure_broker.get(
        request_url("", "secure", HTTPS_REDIRECT, secure_broker.environment["client_id"]),
        follow_redirects=False,
    )
    state = parse_qs(urlsplit(began.headers["location"]).query)["state"][0]
    page.goto(f"{secure_broker.issuer}/callback/secure?code={secrets.token_urlsafe(8)}&state={state}")
    expect(page.get_by_role("main")).to_contain_text("another browser")
    assert all("400" in line for line in complaints.heard)
    complaints.heard.clear()
