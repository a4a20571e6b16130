"""What an app may ask at /authorize, and what of it reaches the provider (RFC 6749 section 4.1.1)."""

import socket
from collections.abc import Iterator

import httpx2
import pytest

from tests.conftest import HTTPS_REDIRECT, connect
from tests.phone import Landing, Phone
from tests.provider_stub import CLIENT_ID, ProviderStub
from tests.running import LOCAL, RunningBroker

WIDEST_STATE = 512


def answer_to_app(phone: Phone, **changes: str | None) -> Landing:
    """The error that the app gets for a request with these changes."""
    landing = phone.follow(phone.authorize(**changes))
    assert landing.response.status_code == 303
    assert "#" not in str(landing.location)
    assert set(landing.parameters) == {"error", "error_description", "state", "iss"}
    return landing


@pytest.mark.parametrize(
    "response_type",
    [
        *("token", "id_token", "code token", "code id_token", "id_token token", "code id_token token"),
        *("none", "", "CODE", "code ", "code code"),
    ],
)
def test_az_01_only_code(phone: Phone, provider: ProviderStub, response_type: str):
    """AZ-01: every response_type but `code` is unsupported, and nothing but the error is in the answer."""
    assert answer_to_app(phone, response_type=response_type)["error"] == "unsupported_response_type"
    assert provider.asked("/authorize") == []


def test_az_01_response_type_is_required(phone: Phone):
    """AZ-01: without a response_type none is assumed."""
    assert answer_to_app(phone, response_type=None)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "response_mode", ["fragment", "form_post", "web_message", "jwt", "query.jwt", "QUERY", ""]
)
def test_az_02_only_query(phone: Phone, response_mode: str):
    """AZ-02: every response_mode but `query` is refused, in the query."""
    assert answer_to_app(phone, response_mode=response_mode)["error"] == "invalid_request"


def test_az_02_query_may_be_named(phone: Phone):
    """AZ-02: the one mode that there is may be asked for by its name."""
    assert phone.land(response_mode="query")["code"]


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """A listener that nobody should ever connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def url_of(trap: socket.socket) -> str:
    return f"http://127.0.0.1:{trap.getsockname()[1]}/request.jwt"


def assert_nobody_came(trap: socket.socket) -> None:
    with pytest.raises(BlockingIOError):
        trap.accept()


@pytest.mark.parametrize(
    ("name", "error"),
    [("request", "request_not_supported"), ("registration", "registration_not_supported")],
)
def test_az_03_no_request_objects(phone: Phone, trap: socket.socket, name: str, error: str):
    """AZ-03: a request object and a registration inside the request are refused, and nothing is fetched."""
    assert answer_to_app(phone, **{name: url_of(trap)})["error"] == error
    pushed = phone.call("/par", {**phone.request(), name: url_of(trap)})
    assert (pushed.status_code, pushed.json()["error"]) == (400, error)
    assert_nobody_came(trap)


@pytest.mark.parametrize("prefix", ["", "urn:ietf:params:oauth:request_uri:"])
def test_az_03_no_foreign_request_uri(phone: Phone, trap: socket.socket, prefix: str):
    """AZ-03: a request_uri that did not come from /par is refused on a page, and nothing is fetched."""
    answer = phone.authorize(request_uri=prefix + url_of(trap))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    pushed = phone.call("/par", {**phone.request(), "request_uri": prefix + url_of(trap)})
    assert (pushed.status_code, pushed.json()["error"]) == (400, "invalid_request")
    assert_nobody_came(trap)


UNKNOWN = {
    "foo": "1",
    "login_hint": "eve@example.com",
    "hd": "example.com",
    "domain_hint": "example.com",
    "acr_values": "urn:none",
    "max_age": "0",
    "claims": '{"userinfo":{"email":null}}',
    "ui_locales": "xx",
    "display": "popup",
    "resource": "https://api.example.com",
    "audience": "https://api.example.com",
    "access_type": "online",
    "include_granted_scopes": "true",
    "id_token_hint": "e30.e30.e30",
    "approval_prompt": "auto",
}


def test_az_04_unknown_parameters(phone: Phone, provider: ProviderStub):
    """AZ-04: what we do not know is ignored and reaches no provider, which is told our own values alone."""
    asked = phone.request(nonce="the app's nonce", **UNKNOWN)
    assert phone.sign_in(nonce="the app's nonce", **UNKNOWN)["access_token"]
    (told,) = provider.asked("/authorize")
    ours = {"state", "nonce", "code_challenge"}
    assert {name: value for name, value in told.items() if name not in ours} == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": f"{phone.broker.issuer}/callback/stub",
        "scope": "openid email profile",
        "code_challenge_method": "S256",
    }
    assert ours <= set(told)
    assert not {told[name] for name in ours} & {asked[name] for name in ours}


@pytest.mark.parametrize("prompt", ["login", "consent", "select_account", "login consent"])
def test_az_04_known_prompts(phone: Phone, provider: ProviderStub, prompt: str):
    """AZ-04: a prompt is passed on by fixed words."""
    phone.land(prompt=prompt)
    assert set(provider.asked("/authorize")[0]["prompt"].split()) == set(prompt.split())


@pytest.mark.parametrize("prompt", ["", "create", "LOGIN", "login evil", "login&scope=admin"])
def test_az_04_unknown_prompts(phone: Phone, provider: ProviderStub, prompt: str):
    """AZ-04: a prompt of other words is refused."""
    assert answer_to_app(phone, prompt=prompt)["error"] == "invalid_request"
    assert provider.asked("/authorize") == []


STATES = [
    "\"'`<>",
    "<script>alert(1)</script>",
    "%41 %2541 %zz %",
    "a b+c&code=d&iss=e#f?g",
    '{"a": [1]}\\',
    "\r\nSet-Cookie: a=b\r\n\r\n",
    "\x00\x7f",
    "\N{FOX FACE} \N{LATIN SMALL LETTER E WITH ACUTE} e\N{COMBINING ACUTE ACCENT}",
    "x" * WIDEST_STATE,
    "\N{FOX FACE}" * (WIDEST_STATE // 4),
    "",
]


@pytest.mark.parametrize("state", STATES, ids=range(len(STATES)))
def test_az_05_state_as_sent(phone: Phone, state: str):
    """AZ-05: a state of up to 512 bytes comes back as it was sent, with the code and with an error."""
    landing = phone.land(state=state)
    assert landing["state"] == state
    assert "Set-Cookie" not in landing.response.headers.get("set-cookie", "")
    assert phone.exchange(landing["code"]).status_code == 200
    assert phone.follow(phone.authorize(state=state, scope="admin"))["state"] == state


@pytest.mark.parametrize("state", ['%zz<b>"&', "\N{FOX FACE}"])
def test_az_05_state_over_the_return_page(scheme_phone: Phone, state: str):
    """AZ-05: the return page does not change the state either."""
    assert scheme_phone.land(state=state)["state"] == state


@pytest.mark.parametrize("state", ["x" * (WIDEST_STATE + 1), "\N{FOX FACE}" * (WIDEST_STATE // 4) + "x"])
def test_az_05_too_long(phone: Phone, state: str):
    """AZ-05: a longer state is an invalid request, answered on a page that does not repeat it."""
    answer = phone.authorize(state=state)
    assert answer.status_code == 400
    assert "invalid_request" in answer.text
    assert state not in answer.text
    assert "location" not in answer.headers


@pytest.mark.parametrize("chosen", ["user_0123456789abcdef01234567", "default2", "my-app"])
def test_az_13_a_client_id_is_not_chosen(broker: RunningBroker, chosen: str):
    """AZ-13: nobody chooses a client id."""
    answer = broker.admin("POST", "/v1/clients", {"name": "Chosen", "client_id": chosen})
    assert answer.status_code == 422
    assert broker.admin("GET", f"/v1/clients/{chosen}").status_code == 404


def test_az_13_a_client_id_is_random(broker: RunningBroker):
    """AZ-13: a client id is 96 random bits behind a word of its own, so it looks like no user's id."""
    ids = {broker.make_client()["client_id"] for _ in range(5)}
    assert len(ids) == 5
    for client_id in ids:
        prefix, _, drawn = client_id.partition("_")
        assert prefix == "app"
        assert len(bytes.fromhex(drawn)) == 12


@pytest.fixture
def narrow_phone(broker: RunningBroker, provider: ProviderStub) -> Iterator[Phone]:
    """A phone whose app may ask for `openid` and `profile` alone."""
    client_id = broker.make_client(scopes=["openid", "profile"])["client_id"]
    broker.allow(HTTPS_REDIRECT, client_id)
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        yield Phone(broker, client_id, HTTPS_REDIRECT, browser=browser)


@pytest.mark.parametrize(
    "scope",
    [
        "openid email",
        "email",
        "offline_access",
        "openid admin",
        "OPENID",
        "openid,profile",
        "openid profile *",
        " ",
    ],
)
def test_az_14_no_scope_beyond_the_clients(narrow_phone: Phone, provider: ProviderStub, scope: str):
    """AZ-14: a request with one scope too many is refused whole, and not granted in part."""
    assert answer_to_app(narrow_phone, scope=scope)["error"] == "invalid_scope"
    assert provider.asked("/authorize") == []


@pytest.mark.parametrize("scope", ["openid", "profile", "openid profile"])
def test_az_14_granted_as_asked(narrow_phone: Phone, scope: str):
    """AZ-14: what is granted is what was asked for, no more."""
    assert narrow_phone.sign_in(scope=scope)["scope"] == scope


def test_az_14_provider_scopes(phone: Phone, broker: RunningBroker, provider: ProviderStub):
    """AZ-14: of a provider's scopes an app gets those that an admin has opened, and no others."""
    connect(broker, provider, "stub_scoped", additional_scopes=["calendar"])
    refused = answer_to_app(phone, provider="stub_scoped", provider_scopes="calendar mail")
    assert refused["error"] == "invalid_scope"
    phone.land(provider="stub_scoped", provider_scopes="calendar")
    assert provider.asked("/authorize")[0]["scope"] == "openid email profile calendar"
    assert answer_to_app(phone, provider_scopes="calendar")["error"] == "invalid_scope"
    broker.admin("DELETE", "/v1/providers/stub_scoped")
