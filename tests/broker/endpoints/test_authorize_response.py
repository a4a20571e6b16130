"""How the answer of /authorize gets to the app: what it carries, and when it may go without a person."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx2
import pytest

from tests.apple import CREDENTIALS
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub, answer_json
from tests.running import LOCAL, RunningBroker

ANYONES = {  # addresses that any app on the device may claim
    "com.example.app:/oauth": "com.example.app:/oauth",
    "plainapp://": "plainapp://",
    "http://127.0.0.1/cb": "http://127.0.0.1:49152/cb",
    "http://[::1]/cb": "http://[::1]:49152/cb",
    "http://localhost/cb": "http://localhost:49152/cb",
    "exp://127.0.0.1:8081/--/cb": "exp://127.0.0.1:8081/--/cb",
}
REFUSED_AT_AUTHORIZE = {
    "unsupported_response_type": {"response_type": "token"},
    "invalid_scope": {"scope": "admin"},
    "interaction_required": {"prompt": "none"},
    "request_not_supported": {"request": "e30.e30."},
    "registration_not_supported": {"registration": "{}"},
}
INVALID_REQUESTS = [
    {"response_mode": "fragment"},
    {"code_challenge": None},
    {"code_challenge_method": "plain"},
    {"provider": "nobody"},
    {"prompt": "dance"},
]
TABLE = [*REFUSED_AT_AUTHORIZE.items(), *(("invalid_request", changes) for changes in INVALID_REQUESTS)]


@pytest.fixture(params=[HTTPS_REDIRECT, SCHEME_REDIRECT])
def any_phone(
    request: pytest.FixtureRequest, broker: RunningBroker, provider: ProviderStub
) -> Iterator[Phone]:
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        yield Phone(broker, "default", request.param, browser=browser)


def issuer_of(broker: RunningBroker) -> str:
    return str(broker.get("/.well-known/oauth-authorization-server").json()["issuer"])


def test_az_06_success(any_phone: Phone):
    """AZ-06: a code comes with our issuer, as the metadata has it, the app's state, and nothing else."""
    landing = any_phone.land()
    assert set(landing.parameters) == {"code", "state", "iss"}
    assert landing["iss"] == issuer_of(any_phone.broker)
    assert landing["state"] == any_phone.state


@pytest.mark.parametrize(("error", "changes"), TABLE, ids=[str(changes) for _, changes in TABLE])
def test_az_06_refused_at_once(any_phone: Phone, error: str, changes: dict[str, str | None]):
    """AZ-06: an error of the request comes with issuer and state."""
    landing = any_phone.follow(any_phone.authorize(**changes))
    assert landing["error"] == error
    assert (landing["iss"], landing["state"]) == (any_phone.broker.issuer, any_phone.state)
    assert "code" not in landing.parameters


def cancelled(provider: ProviderStub) -> None:
    provider.callback = lambda back: {"error": "access_denied", "state": back["state"]}


def broken_token(provider: ProviderStub) -> None:
    provider.make_id_token = lambda _: "not.a.token"


def down(provider: ProviderStub) -> None:
    provider.answers["/token"] = answer_json({}, status=503)


@pytest.mark.parametrize(
    ("misbehave", "error"),
    [(cancelled, "access_denied"), (broken_token, "server_error"), (down, "temporarily_unavailable")],
)
def test_az_06_failed_at_the_provider(any_phone: Phone, provider: ProviderStub, misbehave, error: str):
    """AZ-06: an error that began at the provider comes with issuer and state as well."""
    misbehave(provider)
    landing = any_phone.follow(any_phone.authorize())
    assert landing["error"] == error
    assert (landing["iss"], landing["state"]) == (any_phone.broker.issuer, any_phone.state)
    assert "code" not in landing.parameters


@pytest.mark.parametrize("changes", [{}, {"scope": "admin"}])
def test_az_06_no_state_for_none(phone: Phone, changes: dict[str, str]):
    """AZ-06: who sent no state gets none, and still the issuer."""
    landing = phone.land(state=None, **changes)
    assert "state" not in landing.parameters
    assert landing["iss"] == phone.broker.issuer


def hops(phone: Phone, response: httpx2.Response) -> list[tuple[str, int]]:
    """Every redirect that the broker itself answers with, from here until the app or a page."""
    found = []
    while response.is_redirect:
        request, location = response.request, response.headers["location"]
        if str(request.url).startswith(phone.broker.address):
            found.append((request.method, response.status_code))
        if location.startswith(phone.redirect_uri):
            return found
        response = phone.browser.get(urljoin(str(request.url), location))
    return found


@pytest.mark.parametrize("changes", [{}, {"scope": "admin"}])
def test_az_07_gets(phone: Phone, changes: dict[str, str]):
    """AZ-07: the broker's redirects are 302 or 303, so that no browser repeats a posted body elsewhere."""
    statuses = [status for _, status in hops(phone, phone.authorize(**changes))]
    assert statuses
    assert set(statuses) <= {302, 303}


def test_az_07_the_button(scheme_phone: Phone):
    """AZ-07: the posted return page ends in 303."""
    page = scheme_phone.follow(scheme_phone.authorize()).response
    assert scheme_phone.press(page).response.status_code == 303


def test_az_07_a_posted_callback(phone: Phone, broker: RunningBroker):
    """AZ-07: a callback that the provider has posted ends in 303."""
    apple = {"id": "apple", "client_id": "com.example.service", **CREDENTIALS}
    assert broker.admin("POST", "/v1/providers", apple).status_code == 200
    sent = httpx2.URL(phone.authorize(provider="apple").headers["location"])
    answer = phone.browser.post(
        f"{broker.address}/callback/apple",
        data={"state": sent.params["state"], "error": "user_cancelled_authorize"},
    )
    assert answer.status_code == 303
    assert "error=access_denied" in answer.headers["location"]
    broker.admin("DELETE", "/v1/providers/apple")


@pytest.fixture(scope="module")
def anyones_client(broker: RunningBroker) -> str:
    client_id = str(broker.make_client(name="Field Notes")["client_id"])
    for url in ANYONES:
        broker.allow(url, client_id, dev=url.startswith("exp:"))
    return client_id


@pytest.mark.parametrize("redirect_uri", ANYONES.values())
def test_az_11_redirects_alone_bring_no_code(
    broker: RunningBroker, provider: ProviderStub, anyones_client: str, redirect_uri: str
):
    """AZ-11: at a provider that approves at once, redirects alone end on our page, and only a press makes the code."""
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        phone = Phone(broker, anyones_client, redirect_uri, browser=browser)
        landing = phone.follow(phone.authorize())
        assert landing.location is None
        assert landing.response.status_code == 200
        assert not re.search(r"ac_[0-9a-f]{24}_", landing.response.text)
        assert not {"location", "refresh"} & set(landing.response.headers)
        assert "<script" not in landing.response.text
        assert phone.exchange(phone.press(landing.response)["code"]).status_code == 200


def flow_of(page: httpx2.Response) -> str:
    flow = re.search(r'name="flow" value="([^"]+)"', page.text)
    assert flow
    return flow[1]


def test_az_11_another_browser_cannot_press(scheme_phone: Phone):
    """AZ-11: page and button are for the browser that signed in, and for no other."""
    flow = flow_of(scheme_phone.follow(scheme_phone.authorize()).response)
    for answer in (
        scheme_phone.broker.post("/continue", data={"flow": flow}),
        scheme_phone.broker.get(f"/continue?flow={flow}"),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers


def test_az_11_a_press_makes_one_code(scheme_phone: Phone):
    """AZ-11: however often the button is pressed, in one tab or two, there is one code, and it is good once."""
    page = scheme_phone.follow(scheme_phone.authorize()).response
    code = scheme_phone.press(page)["code"]
    assert scheme_phone.press(page)["code"] == code
    assert scheme_phone.press(scheme_phone.browser.get(str(page.request.url)))["code"] == code
    assert scheme_phone.exchange(code).status_code == 200
    assert scheme_phone.press(page).location is None


def test_a_reload_offers_the_same_return(scheme_phone: Phone):
    """The page may be reloaded before and after the press; once the app has its session it says so and has no button."""
    page = scheme_phone.follow(scheme_phone.authorize()).response
    assert "code=" not in str(page.request.url)
    assert flow_of(scheme_phone.browser.get(str(page.request.url))) == flow_of(page)
    code = scheme_phone.press(page)["code"]
    assert flow_of(scheme_phone.browser.get(str(page.request.url))) == flow_of(page)
    scheme_phone.exchange(code)
    after = scheme_phone.browser.get(str(page.request.url))
    assert after.status_code == 200
    assert "<form" not in after.text


def test_the_address_of_the_page_gives_no_code(scheme_phone: Phone):
    """Who knows the page's address and not the browser's cookie cannot tell the code that it will make."""
    page = scheme_phone.follow(scheme_phone.authorize()).response
    code = scheme_phone.press(page)["code"]
    assert flow_of(page) not in code
    other = scheme_phone.follow(scheme_phone.authorize()).response
    assert scheme_phone.press(other)["code"] != code


def test_a_removed_entry_ends_the_offer(scheme_phone: Phone, broker: RunningBroker):
    """RU-07: an address that was taken off the list is not offered again, though it was a moment ago."""
    client = broker.make_client(name="Short-lived")["client_id"]
    entry = broker.allow("com.example.short:/cb", client)
    scheme_phone.client_id, scheme_phone.redirect_uri = client, "com.example.short:/cb"
    page = scheme_phone.follow(scheme_phone.authorize()).response
    assert scheme_phone.press(page)["code"]
    broker.admin("DELETE", f"/v1/redirect_urls/{entry['id']}")
    assert scheme_phone.press(page).location is None
    assert scheme_phone.browser.get(str(page.request.url)).status_code == 400


def test_androids_own_form(scheme_phone: Phone):
    """A phone with Android is offered its own form of the address, too, to the same scheme and with the same code."""
    scheme_phone.browser.headers["user-agent"] = (
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/142.0 Mobile Safari/537.36"
    )
    page = scheme_phone.follow(scheme_phone.authorize()).response
    plain = scheme_phone.press(page)["code"]
    answer = scheme_phone.browser.post(
        f"{scheme_phone.broker.address}/continue", data={"flow": flow_of(page), "via": "intent"}
    )
    sent = answer.headers["location"]
    assert sent.startswith("intent:/oauth?code=")
    assert sent.endswith("#Intent;scheme=com.example.app;end")
    assert f"code={plain}&" in sent
    assert "intent:" in page.headers["content-security-policy"]


@pytest.mark.parametrize("prompt", ["none", "none login", "login none"])
def test_az_11_prompt_none(any_phone: Phone, provider: ProviderStub, prompt: str):
    """AZ-11: a silent sign-in is refused with interaction_required, for an https link too."""
    landing = any_phone.follow(any_phone.authorize(prompt=prompt))
    assert landing["error"] == "interaction_required"
    assert provider.asked("/authorize") == []
