"""Providers in the dashboard: set up, tested, switched, deleted; credentials go in and never come out."""

from collections.abc import Iterator

import pytest

from tests.broker.dashboard.conftest import Desk, text_of
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub, answer_json
from tests.running import RunningBroker

OWN = "dashboard_own"
KEPT = {"enabled": "1", "sign_in": "1"}


@pytest.fixture(autouse=True)
def _tidy(broker: RunningBroker) -> Iterator[None]:
    yield
    for each in (OWN, "github", "apple"):
        broker.admin("DELETE", f"/v1/providers/{each}")


def told(broker: RunningBroker, provider_id: str = OWN) -> dict[str, object]:
    return dict(broker.admin("GET", f"/v1/providers/{provider_id}").json())


def add(desk: Desk, provider: ProviderStub, **form: object) -> str:
    filled = {
        "kind": "oidc",
        "id": OWN,
        "name": "Own",
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        **KEPT,
    }
    return desk.done("/dashboard/providers/new-provider", {**filled, **form})


def test_one_of_the_catalogue_is_set_up(desk: Desk):
    """Credentials of a known provider switch it on; its page has the guide, the callback URL, and says only that the secret
    is set."""
    page = desk.get("/dashboard/providers/github")
    callback = f"{desk.broker.issuer}/callback/github"
    assert f'value="{callback}" readonly' in page.text
    assert "Register a new OAuth app" in text_of(page)
    assert 'href="https://github.com/settings/developers" rel="noreferrer nofollow"' in page.text
    assert "Client secret not set" in text_of(page)
    form = {
        **KEPT,
        "client_id": "gh-id",
        "client_secret": "gh-secret-canary",
        "scopes": ["read:user", "user:email"],
        "additional_scopes": ["repo"],
        "refresh_ahead": "1",
    }
    shown = desk.done("/dashboard/providers/github", form)
    assert "Client secret set" in shown
    found = told(desk.broker, "github")
    assert (found["client_id"], found["offered"], found["refresh_ahead"]) == ("gh-id", True, True)
    assert (found["scopes"], found["additional_scopes"]) == (["read:user", "user:email"], ["repo"])
    for path in ("", "/github"):
        assert "gh-secret-canary" not in desk.get(f"/dashboard/providers{path}").text


def test_a_secret_that_is_left_empty_stays(desk: Desk):
    """Saving without typing the secret keeps it; the other fields are as the form says."""
    desk.done("/dashboard/providers/github", {**KEPT, "client_id": "gh-id", "client_secret": "gh-secret"})
    desk.done("/dashboard/providers/github", {"client_id": "gh-other"})
    found = told(desk.broker, "github")
    assert found["credentials_set"] == ["client_secret"]
    assert (found["client_id"], found["enabled"], found["offered"]) == ("gh-other", False, False)
    desk.done("/dashboard/providers/github", {"enabled": "1", "client_id": "gh-other"})
    found = told(desk.broker, "github")
    assert (found["offered"], found["sign_in"]) == (True, False)


def test_what_is_wrong_is_said_at_its_field(desk: Desk):
    """A field that is missing or not of its form is named; what was typed stays, but for the secrets."""
    form = {
        **KEPT,
        "client_id": "com.example.web",
        "team_id": "nope",
        "key_id": "ABCDE12345",
        "private_key": "canary",
    }
    answer = desk.post("/dashboard/providers/apple", form)
    assert answer.status_code == 422
    assert "team_id does not look like" in text_of(answer)
    assert 'value="com.example.web"' in answer.text
    assert "canary" not in answer.text
    assert told(desk.broker, "apple")["source"] is None


def test_a_custom_provider(desk: Desk, provider: ProviderStub):
    """An OpenID Connect issuer is added by its address, changed, and deleted after a page that says what goes."""
    assert "Register its callback URL" in add(desk, provider)
    assert told(desk.broker)["kind"] == "oidc"
    shown = desk.done(
        f"/dashboard/providers/{OWN}",
        {
            **KEPT,
            "name": "Own <b>",
            "issuer": provider.issuer,
            "client_id": CLIENT_ID,
            "other_scopes": "openid email extra",
            "attributes": "username=nick\r\nname=display.name",
            "pkce": "no",
        },
    )
    assert "Own <b>" in shown
    found = told(desk.broker)
    assert (found["name"], found["pkce"], found["scopes"]) == ("Own <b>", False, ["openid", "email", "extra"])
    assert found["attributes"] == {"username": "nick", "name": "display.name"}
    assert "<b>" not in desk.get(f"/dashboard/providers/{OWN}").text.replace("<b>Cred", "").replace("<b>Own &lt;", "").split("<main")[1].split("<dl>")[0].replace("<b>Review", "")  # fmt: skip
    assert "are forgotten" in text_of(desk.get(f"/dashboard/providers/{OWN}/delete"))
    desk.done(f"/dashboard/providers/{OWN}/delete")
    assert desk.broker.admin("GET", f"/v1/providers/{OWN}").status_code == 404


def test_an_oauth2_provider(desk: Desk, provider: ProviderStub):
    """An OAuth 2 server is added by its endpoints and where its answer says who came; without, both are asked for."""
    endpoints = {
        "authorization_endpoint": f"{provider.issuer}/authorize",
        "token_endpoint": f"{provider.issuer}/token",
        "userinfo_endpoint": f"{provider.issuer}/userinfo",
    }
    refused = desk.post(
        "/dashboard/providers/new-provider",
        {"kind": "oauth2", "id": OWN, "client_id": CLIENT_ID, **endpoints},
    )
    assert refused.status_code == 422
    assert "attributes.subject is missing" in text_of(refused)
    assert "client_secret is missing" in text_of(refused)
    add(desk, provider, kind="oauth2", issuer="", attributes="subject=sub", **endpoints)
    assert told(desk.broker)["kind"] == "oauth2"


def test_a_preset(desk: Desk):
    """A second connection of a known provider takes that provider's fields."""
    page = desk.get("/dashboard/providers/new-provider?kind=preset&preset=okta").text
    assert 'name="domain"' in page
    form = {
        **KEPT,
        "kind": "preset",
        "preset": "okta",
        "id": OWN,
        "name": "Work",
        "client_id": "x",
        "client_secret": "y",
        "domain": "work.okta.com",
    }
    desk.done("/dashboard/providers/new-provider", form)
    found = told(desk.broker)
    assert (found["preset"], found["name"], found["parameters"]) == (
        "okta",
        "Work",
        {"domain": "work.okta.com"},
    )


@pytest.mark.parametrize("taken", ["google", "stub"])
def test_adding_changes_nothing_that_is_there(desk: Desk, provider: ProviderStub, taken: str):
    """An id that is taken is refused, and whose it is stays as it was."""
    before = told(desk.broker, taken)
    form = {"kind": "oidc", "id": taken, "issuer": provider.issuer, "client_id": "x", "client_secret": "y"}
    answer = desk.post("/dashboard/providers/new-provider", form)
    assert answer.status_code == 422
    assert "with this id already" in text_of(answer)
    assert told(desk.broker, taken) == before


def test_credentials_are_tested(desk: Desk, provider: ProviderStub):
    """The test says on the page what the provider said of the credentials, and the list keeps it as the last one."""
    add(desk, provider)
    assert "Test credentials" in text_of(desk.get(f"/dashboard/providers/{OWN}"))
    answer = desk.post(f"/dashboard/providers/{OWN}/test")
    assert answer.status_code == 200
    assert "Credentials accepted" in text_of(answer)
    provider.answers["/token"] = answer_json({"error": "invalid_client"}, 401)
    assert "Credentials refused" in text_of(desk.post(f"/dashboard/providers/{OWN}/test"))
    assert "Credentials refused" in text_of(desk.get("/dashboard/providers"))
    assert CLIENT_SECRET not in desk.get(f"/dashboard/providers/{OWN}").text


def test_a_secret_goes_to_no_other_host(desk: Desk, provider: ProviderStub):
    """Moving a custom provider to another host asks for its secret anew, as the API does."""
    add(desk, provider)
    form = {
        **KEPT,
        "client_id": CLIENT_ID,
        "authorization_endpoint": "https://evil.example/a",
        "token_endpoint": "https://evil.example/t",
        "userinfo_endpoint": "https://evil.example/u",
        "attributes": "subject=id",
    }
    answer = desk.post(f"/dashboard/providers/{OWN}", form)
    assert answer.status_code == 422
    assert "must be given again" in text_of(answer)
