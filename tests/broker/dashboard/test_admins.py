"""Getting in with a provider: only a verified address of the list, and only by a provider that nobody could have made up."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest

from tests.broker.dashboard.conftest import Desk, text_of
from tests.catalogue_at_stub import PROGRAM
from tests.conftest import connect
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker, running_broker
from tests.valkey import running_valkey

GOOGLE = {"iss": "https://accounts.google.com", "aud": "google-web"}
ADA = {"email": "Ada@Example.com", "email_verified": True}


@pytest.fixture(scope="module")
def guarded(provider_process: ProviderStub) -> Iterator[RunningBroker]:
    """Google of the environment, played by the stub; Ada and Grace may use the dashboard."""
    settings = {
        "GOOGLE_CLIENT_ID": "google-web",
        "GOOGLE_CLIENT_SECRET": "secret",
        "DASHBOARD_EMAILS": "ada@example.com, grace@example.com",
    }
    program = [*PROGRAM, provider_process.issuer]
    with running_valkey() as url, running_broker(url, program=program, **settings) as running:
        yield running


@pytest.fixture
def person(guarded: RunningBroker, rsa_provider: ProviderStub) -> Iterator[Desk]:
    """A browser whose person is Ada at Google."""
    rsa_provider.claims = lambda claims: {**claims, **GOOGLE, **ADA}
    desk = Desk(guarded)
    yield desk
    desk.browser.close()


def come(desk: Desk, provider: str = "google") -> httpx2.Response:
    """The whole trip to the provider and back, up to a page of ours."""
    answer = desk.post("/dashboard/sign-in/provider", {"provider": provider})
    while answer.is_redirect:
        answer = desk.browser.get(urljoin(str(answer.request.url), answer.headers["location"]))
    return answer


def test_a_listed_address_lets_in(person: Desk):
    """A person whose verified address is on the list may do everything, under that address in the audit log; by a page, so
    that a browser which came from elsewhere shows its Strict cookie."""
    assert "Continue with Google" in text_of(person.get("/dashboard"))
    back = come(person)
    assert back.status_code == 200
    assert 'http-equiv="refresh" content="0;url=/dashboard"' in back.text
    assert "Signed in as ada@example.com" in text_of(person.get("/dashboard/keys"))
    form = {
        "name": "Ada's",
        "type": "public",
        "token_profile": "rfc9068",
        "scopes": ["openid"],
        "webview_policy": "warn",
    }
    assert person.post("/dashboard/clients/new", form).status_code == 303
    events = person.broker.admin("GET", "/v1/events").json()
    told = {each["type"]: each["actor"] for each in events}
    assert told["dashboard.signed_in"] == told["client.created"] == "admin:ada@example.com"


def test_nobody_becomes_a_user_by_it(person: Desk):
    """Who signs in to the dashboard is no user of the apps, and no token of theirs is kept."""
    come(person)
    assert person.broker.admin("GET", "/v1/users/count").json()["total_count"] == 0


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "eve@example.com"},
        {"email": "ada@example.com.evil.example"},
        {"email": "ada@example.com", "email_verified": False},
        {"email": "ada@example.com", "email_verified": None},
        {"email": "ada@example.com", "email_verified": "false"},
        {"email": "\u0430da@example.com"},
        {"email": None},
        {"email": "ada@example.com "},
    ],
    ids=["unlisted", "longer", "unverified", "unsaid", "a-word", "look-alike", "none", "blank"],
)
def test_nobody_else_is_let_in(person: Desk, rsa_provider: ProviderStub, claims: dict[str, Any]):
    """An address that is not on the list, or that the provider does not call verified, lets nobody in."""
    rsa_provider.claims = lambda given: {**given, **GOOGLE, **ADA, **claims}
    refused = come(person)
    assert refused.status_code >= 400
    assert "dashboard=" not in refused.headers.get("set-cookie", "")
    assert 'name="secret_key"' in person.get("/dashboard/keys").text


def test_another_browser_gets_nothing(person: Desk, guarded: RunningBroker):
    """A sign-in that was begun in another browser ends in none: nobody can be signed in as an admin of somebody's choice."""
    answer = person.post("/dashboard/sign-in/provider", {"provider": "google"})
    back = person.browser.get(answer.headers["location"]).headers["location"]
    other = Desk(guarded)
    refused = other.browser.get(back)
    assert refused.status_code == 400
    assert 'name="secret_key"' in other.get("/dashboard/keys").text
    other.browser.close()


def test_a_provider_of_ones_own_lets_nobody_in(person: Desk, provider_process: ProviderStub):
    """Whoever may configure providers could add one that calls itself anything: it is not offered, refused when it is asked
    for, and refused when it becomes one while a sign-in is under way."""
    made = connect(person.broker, provider_process, "mine")
    assert made.status_code == 200
    assert "Continue with stub" not in text_of(person.get("/dashboard")).lower()
    assert person.post("/dashboard/sign-in/provider", {"provider": "mine"}).status_code == 422
    tenant = {"id": "okta", "client_id": "google-web", "client_secret": "x", "domain": "evil.example.com"}
    assert person.broker.admin("POST", "/v1/providers", tenant).status_code == 200
    assert "Continue with Okta" not in text_of(person.get("/dashboard"))
    assert person.post("/dashboard/sign-in/provider", {"provider": "okta"}).status_code == 422
    for each in ("mine", "okta"):
        person.broker.admin("DELETE", f"/v1/providers/{each}")


def test_without_a_list_only_keys(desk: Desk):
    """Where no addresses are listed no provider is offered, and none is taken."""
    signed_out = Desk(desk.broker)
    assert "Continue with" not in text_of(signed_out.get("/dashboard"))
    assert signed_out.post("/dashboard/sign-in/provider", {"provider": "stub"}).status_code == 422
    signed_out.browser.close()


def test_a_cancelled_sign_in(person: Desk, rsa_provider: ProviderStub):
    """A person who cancels at the provider sees a page of ours, and is not in."""
    rsa_provider.callback = lambda given: {"state": given["state"], "error": "access_denied"}
    refused = come(person)
    assert refused.status_code == 403
    assert "cancelled" in text_of(refused)


def test_who_leaves_the_list_is_out(person: Desk, guarded: RunningBroker):
    """The list is asked at each request: a broker that was started with another one lets a person of the old one out."""
    come(person)
    settings = {name.removeprefix("BROKER_"): value for name, value in guarded.environment.items()}
    with running_broker(**{**lowered(settings), "DASHBOARD_EMAILS": "grace@example.com"}) as other:
        elsewhere = Desk(other)
        elsewhere.browser.cookies.set("dashboard", person.browser.cookies["dashboard"], domain="127.0.0.1")
        assert 'name="secret_key"' in elsewhere.get("/dashboard/keys").text
        elsewhere.browser.close()
    assert "Signed in as ada@example.com" in text_of(person.get("/dashboard/keys"))


def lowered(settings: dict[str, str]) -> dict[str, str]:
    """As `running_broker` takes them; the issuer is its own."""
    kept = {"GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"}
    return {name: value for name, value in settings.items() if name in kept} | {
        "redis_url": settings["REDIS_URL"]
    }
