"""Which web pages may read an answer: those of a client's own origins, at the doors made for programs (AZ-10)."""

import httpx2
import pytest

from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

ORIGIN = "https://web.example.com"
STRANGERS = [
    *(
        "https://evil.example.net",
        "null",
        "*",
        "https://web.example.com.evil.example.net",
        "http://web.example.com",
    ),
    *(
        "https://web.example.com:8443",
        "HTTPS://web.example.com",
        "https://web.example.com/",
        "https://webXexample.com",
    ),
    *("https://sub.web.example.com", "https://web.example.com https://evil.example.net"),
]
SHARED = ("/token", "/revoke", "/par", "/userinfo", "/introspect", "/challenge")


@pytest.fixture(scope="module")
def web_client(broker: RunningBroker) -> str:
    client_id = str(broker.make_client(web_origins=[ORIGIN])["client_id"])
    broker.allow(HTTPS_REDIRECT, client_id)
    return client_id


@pytest.fixture
def web_phone(phone: Phone, web_client: str) -> Phone:
    phone.client_id = web_client
    return phone


def shared_with(answer: httpx2.Response) -> str | None:
    """The origin that may read the answer; credentials are never shared."""
    assert "access-control-allow-credentials" not in answer.headers
    return answer.headers.get("access-control-allow-origin")


def preflight(broker: RunningBroker, path: str, origin: str, method: str = "POST") -> httpx2.Response:
    headers = {"origin": origin, "access-control-request-method": method}
    headers["access-control-request-headers"] = "authorization, content-type"
    return httpx2.request("OPTIONS", broker.address + path, headers=headers, **LOCAL)


BROWSED = ["/authorize", "/callback/stub", "/continue", "/logout"]


@pytest.mark.parametrize("origin", [ORIGIN, *STRANGERS])
@pytest.mark.parametrize("path", BROWSED)
def test_az_10_none_where_browsers_go(broker: RunningBroker, web_client: str, path: str, origin: str):
    """AZ-10: the doors that browsers visit share nothing with any page's script, whatever its origin."""
    refused = preflight(broker, path, origin, "GET")
    assert not [name for name in refused.headers if name.startswith("access-control")]
    assert shared_with(broker.get(path, headers={"origin": origin}, follow_redirects=False)) is None


def test_az_10_none_on_a_flow(web_phone: Phone):
    """AZ-10: nor do the redirects of a flow that works."""
    web_phone.browser.headers["origin"] = ORIGIN
    answer = web_phone.authorize()
    assert answer.status_code == 303
    assert shared_with(answer) is None
    landing = web_phone.follow(answer)
    assert landing["code"]
    assert shared_with(landing.response) is None


@pytest.mark.parametrize("path", SHARED)
def test_az_10_preflight(broker: RunningBroker, web_client: str, path: str):
    """AZ-10: a page of a client's origin may call the doors for programs, by the methods and headers they need."""
    answer = preflight(broker, path, ORIGIN)
    assert answer.status_code == 204
    assert answer.content == b""
    assert shared_with(answer) == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"].lower() == "authorization, content-type"
    assert answer.headers["vary"].lower() == "origin"


@pytest.mark.parametrize("origin", STRANGERS)
@pytest.mark.parametrize("path", SHARED)
def test_az_10_preflight_of_strangers(broker: RunningBroker, web_client: str, path: str, origin: str):
    """AZ-10: a page of an origin that no client has may call nothing."""
    assert not [name for name in preflight(broker, path, origin).headers if name.startswith("access-control")]


def calls(phone: Phone, tokens: dict[str, str], origin: str) -> dict[str, httpx2.Response]:
    """An answer of each door for programs, asked by this client from a page of this origin."""
    own, headers = {"client_id": phone.client_id}, {"origin": origin}
    refresh = {**own, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    bearer = headers | {"authorization": f"Bearer {tokens['access_token']}"}
    return {
        "par": phone.broker.post("/par", data=phone.request(), headers=headers),
        "challenge": phone.broker.post(
            "/challenge", data=own | {"provider": "stub", "platform": "web"}, headers=headers
        ),
        "refusal": phone.broker.post("/token", data=refresh | {"refresh_token": "x"}, headers=headers),
        "userinfo": phone.broker.get("/userinfo", headers=bearer),
        "refresh": phone.broker.post("/token", data=refresh, headers=headers),
        "revoke": phone.broker.post(
            "/revoke", data={**own, "token": tokens["access_token"]}, headers=headers
        ),
    }


def test_az_10_shared_with_the_clients_origin(web_phone: Phone):
    """AZ-10: answers to a client, refusals too, may be read from its own origin and by its name alone."""
    answers = calls(web_phone, web_phone.sign_in(), ORIGIN)
    assert {answer.status_code for answer in answers.values()} == {200, 201, 400}
    for answer in answers.values():
        assert shared_with(answer) == ORIGIN
        assert answer.headers["vary"].lower() == "origin"


def test_az_10_not_with_strangers(web_phone: Phone):
    """AZ-10: the same answers may not be read from another origin."""
    answers = calls(web_phone, web_phone.sign_in(), "https://evil.example.net")
    assert [shared_with(answer) for answer in answers.values()] == [None] * len(answers)


def test_az_10_an_origin_is_one_clients(phone: Phone, web_client: str):
    """AZ-10: an origin that one client has may not read what another client is answered."""
    answers = calls(phone, phone.sign_in(), ORIGIN)
    assert [shared_with(answer) for answer in answers.values()] == [None] * len(answers)


def test_az_10_not_without_a_client(broker: RunningBroker, web_client: str):
    """AZ-10: where no client is known, nobody may read the answer."""
    for path in SHARED:
        form = {"client_id": "nobody", "token": "x", "grant_type": "refresh_token", "refresh_token": "x"}
        assert shared_with(broker.post(path, data=form, headers={"origin": ORIGIN})) is None


def test_az_10_an_origin_that_was_taken_away(broker: RunningBroker, provider: ProviderStub):
    """AZ-10: an origin that an admin takes away is a stranger at once."""
    origin = "https://gone.example.com"
    client_id = broker.make_client(web_origins=[origin])["client_id"]
    form = {"client_id": client_id, "grant_type": "refresh_token", "refresh_token": "x"}
    assert shared_with(preflight(broker, "/token", origin)) == origin
    assert shared_with(broker.post("/token", data=form, headers={"origin": origin})) == origin
    assert broker.admin("PATCH", f"/v1/clients/{client_id}", {"web_origins": []}).status_code == 200
    assert shared_with(preflight(broker, "/token", origin)) is None
    assert shared_with(broker.post("/token", data=form, headers={"origin": origin})) is None


def test_az_10_public_documents(broker: RunningBroker):
    """AZ-10: metadata and keys, which hold no secret, may be read from anywhere."""
    for path in ("openid-configuration", "oauth-authorization-server", "jwks.json"):
        assert shared_with(broker.get(f"/.well-known/{path}", headers={"origin": ORIGIN})) == "*"
