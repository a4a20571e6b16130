"""`/v1/providers`: the catalogue and custom issuers; credentials go in and never come out."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from tests.broker.backend_api.conftest import Api
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub, answer_json
from tests.running import RunningBroker

DISCOVERY = "/.well-known/openid-configuration"
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\n{'hush' * 40}\n-----END PRIVATE KEY-----"


@pytest.fixture(autouse=True)
def _tidy(api: Api) -> Iterator[None]:
    """Every connection of these tests goes, but the shared one."""
    yield
    for provider in ("google", "apple", "github", "acme"):
        api.call("DELETE", f"/v1/providers/{provider}")


def acme(provider: ProviderStub, **changes: object) -> dict[str, object]:
    """The stub as a custom provider `acme`."""
    body = {"id": "acme", "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


def test_the_catalogue_is_listed(api: Api):
    """Every provider of the catalogue is there before anybody configured it, off, with its callback URL."""
    listed = {each["id"]: each for each in api.good("GET", "/v1/providers")}
    assert {"google", "apple", "github", "microsoft", "stub"} <= set(listed)
    google = listed["google"]
    assert google["object"] == "provider"
    assert (google["offered"], google["enabled"], google["client_id"]) == (False, False, None)
    assert google["callback_url"].endswith("/callback/google")
    assert google == api.good("GET", "/v1/providers/google")


def test_catalogue_provider_is_configured(api: Api):
    """An id of the catalogue needs its credentials only, and is offered at once."""
    made = api.good("POST", "/v1/providers", {"id": "github", "client_id": "x", "client_secret": "hush-hush"})
    assert (made["offered"], made["enabled"], made["sign_in"]) == (True, True, True)
    assert made["credentials_set"] == ["client_secret"]
    assert made["created_at"] == made["updated_at"] > 1_600_000_000_000
    assert api.good("GET", "/v1/providers/github") == made


def test_custom_provider_signs_people_in(
    api: Api, provider: ProviderStub, broker: RunningBroker, phone: Phone
):
    """An unknown id with an issuer is discovered, and people can sign in with it at once, by its own callback."""
    provider.subject = "acme-only"
    made = api.good("POST", "/v1/providers", acme(provider, name="Acme", scopes=["openid", "email"]))
    assert (made["name"], made["issuer"], made["offered"]) == ("Acme", provider.issuer, True)
    own = Phone(broker, "default", HTTPS_REDIRECT, provider="acme", browser=phone.browser)
    assert own.sign_in()["token_type"] == "Bearer"
    asked = provider.asked("/authorize")[-1]
    assert asked["redirect_uri"] == made["callback_url"]
    assert asked["scope"] == "openid email"


def test_secrets_never_come_back(api: Api, provider: ProviderStub, broker: RunningBroker):
    """No answer and no log line holds a secret; only its name is shown, and what is no secret with its value."""
    apple = {"id": "apple", "client_id": "a", "team_id": "TEAM123456", "key_id": "KEY7654321"}
    answers = [
        api.call("POST", "/v1/providers", acme(provider)),
        api.call("POST", "/v1/providers", {**apple, "private_key": PRIVATE_KEY}),
        api.call("POST", "/v1/providers", {**apple, "private_key": "hush-hush" * 600}),
        api.call("PATCH", "/v1/providers/acme", {"client_secret": "hush-hush-3"}),
        api.call("GET", "/v1/providers"),
        api.call("GET", "/v1/providers/apple"),
        api.call("DELETE", "/v1/providers/apple"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 422, 200, 200, 200, 200]
    assert answers[1].json()["credentials_set"] == ["private_key"]
    assert answers[1].json()["parameters"] == {"team_id": "TEAM123456", "key_id": "KEY7654321"}
    said = "".join(answer.text for answer in answers) + broker.log()
    assert "hush" not in said.lower()
    assert CLIENT_SECRET not in said


WRONG = [
    ({"id": None}, "form_param_missing", "id"),
    ({"id": "Acme"}, "form_param_format_invalid", "id"),
    ({"id": "../x"}, "form_param_format_invalid", "id"),
    ({"id": "a" * 33}, "form_param_format_invalid", "id"),
    ({"id": 7}, "form_param_format_invalid", "id"),
    ({"client_id": None}, "form_param_missing", "client_id"),
    ({"client_id": ""}, "form_param_format_invalid", "client_id"),
    ({"client_secret": None}, "form_param_missing", "client_secret"),
    ({"client_secret": 7}, "form_param_format_invalid", "client_secret"),
    ({"issuer": None}, "form_param_missing", "issuer"),
    ({"issuer": ["x"]}, "form_param_format_invalid", "issuer"),
    ({"id": "google"}, "form_param_value_invalid", "issuer"),
    ({"id": "google", "issuer": None, "client_secret": None}, "form_param_missing", "client_secret"),
    ({"team_id": "x"}, "form_param_unknown", "team_id"),
    ({"scopes": "openid"}, "form_param_format_invalid", "scopes"),
    ({"scopes": ["openid email"]}, "form_param_format_invalid", "scopes.0"),
    ({"additional_scopes": ['a"b']}, "form_param_format_invalid", "additional_scopes.0"),
    ({"enabled": "false"}, "form_param_format_invalid", "enabled"),
    ({"sign_in": 0}, "form_param_format_invalid", "sign_in"),
    ({"introspection_endpoint": "https://a.example"}, "form_param_unknown", "introspection_endpoint"),
]


@pytest.mark.parametrize(("changes", "code", "param"), WRONG)
def test_wrong_fields_are_named(
    api: Api, provider: ProviderStub, changes: dict[str, Any], code: str, param: str
):
    """A missing, unknown or ill-typed field is named, and nothing is written."""
    before = api.good("GET", "/v1/providers")
    assert api.refused("POST", "/v1/providers", acme(provider, **changes)) == (422, code, param)
    assert api.good("GET", "/v1/providers") == before


BROKEN = {
    "no document": lambda: web.Response(status=404),
    "an error": lambda: web.Response(status=500, text="hush-hush"),
    "a page": lambda: web.Response(text="<html>hush-hush", content_type="text/html"),
    "a list": answer_json(["hush-hush"]),
    "a redirect": lambda: web.Response(status=302, headers={"location": "http://127.0.0.1:1/"}),
    "too much": answer_json({"x": "y" * 3_000_000}),
}
MISLEADING: dict[str, dict[str, object]] = {
    "another issuer": {"issuer": "https://accounts.google.com"},
    "no issuer": {"issuer": None},
    "no token endpoint": {"token_endpoint": None},
    "a file as token endpoint": {"token_endpoint": "file:///etc/passwd"},
    "a number as key set": {"jwks_uri": 7},
    "script as authorization endpoint": {"authorization_endpoint": "javascript:alert(1)"},
    "link-local token endpoint": {"token_endpoint": "http://169.254.169.254/latest"},
}


@pytest.mark.parametrize("case", [*BROKEN, *MISLEADING])
def test_oc_06_broken_discovery(api: Api, provider: ProviderStub, case: str):
    """OC-06: an issuer whose discovery is missing, broken, someone else's or leads to odd places is refused as 422
    naming `issuer`, none of its words are repeated, and nothing is written."""
    if case in BROKEN:
        provider.answers[DISCOVERY] = BROKEN[case]
    else:
        provider.discovery = MISLEADING[case]
    answer = api.call("POST", "/v1/providers", acme(provider))
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["meta"] == {"param_name": "issuer"}
    assert error["message"].startswith("issuer: ")
    assert "hush-hush" not in answer.text
    assert api.call("GET", "/v1/providers/acme").status_code == 404


@pytest.mark.parametrize(
    "issuer",
    [
        "nowhere",
        "http://127.0.0.1:1",
        "http://nowhere.invalid",
        "http://192.168.0.1",
        "http://169.254.169.254",
        "https://169.254.169.254",
        "file:///etc/passwd",
        "https://",
        "https://u:p@127.0.0.1",
        "x" * 513,
    ],
)
def test_oc_06_issuers_that_cannot_be(api: Api, issuer: str):
    """OC-06: an issuer that does not answer, is no URL, or points into a private network is named, and not written."""
    body = {"id": "acme", "issuer": issuer, "client_id": "x", "client_secret": "y"}
    status, _, param = api.refused("POST", "/v1/providers", body)
    assert (status, param) == (422, "issuer")
    assert api.call("GET", "/v1/providers/acme").status_code == 404


def test_change(api: Api, provider: ProviderStub):
    """Only what is given changes; a change needs no secret again and asks the issuer nothing."""
    made = api.good("POST", "/v1/providers", acme(provider, name="Acme"))
    asked = len(provider.asked(DISCOVERY))
    changed = api.good("PATCH", "/v1/providers/acme", {"additional_scopes": ["calendar"], "sign_in": False})
    expected = {"additional_scopes": ["calendar"], "sign_in": False, "updated_at": changed["updated_at"]}
    assert changed == made | expected
    assert len(provider.asked(DISCOVERY)) == asked


def test_failed_change_leaves_everything(api: Api, provider: ProviderStub):
    """A change to an issuer that does not answer is refused, and the old one goes on working."""
    made = api.good("POST", "/v1/providers", acme(provider))
    told = api.refused("PATCH", "/v1/providers/acme", {"issuer": "http://127.0.0.1:1", "name": "New"})
    assert told == (422, "form_param_value_invalid", "issuer")
    assert api.good("GET", "/v1/providers/acme") == made


@pytest.mark.parametrize("field", ["enabled", "sign_in"])
def test_switched_off(api: Api, provider: ProviderStub, broker: RunningBroker, phone: Phone, field: str):
    """A connection that is off, or not for signing in, sends nobody anywhere; switched on again, it does."""
    provider.subject = "acme-only"
    api.good("POST", "/v1/providers", acme(provider, **{field: False}))
    own = Phone(broker, "default", HTTPS_REDIRECT, provider="acme", browser=phone.browser)
    refused = own.land()
    assert refused["error"] == "invalid_request"
    assert provider.asked("/authorize") == []
    api.good("PATCH", "/v1/providers/acme", {field: True})
    assert own.sign_in()["token_type"] == "Bearer"


def test_deletion(api: Api, provider: ProviderStub, broker: RunningBroker, phone: Phone):
    """A deleted connection is gone, for flows under way too; one of the catalogue is merely off."""
    api.good("POST", "/v1/providers", acme(provider))
    own = Phone(broker, "default", HTTPS_REDIRECT, provider="acme", browser=phone.browser)
    pending = own.authorize()
    assert api.good("DELETE", "/v1/providers/acme") == {"object": "provider", "id": "acme", "deleted": True}
    assert own.follow(pending).location is None
    assert api.refused("DELETE", "/v1/providers/acme")[:2] == (404, "resource_not_found")
    api.good("POST", "/v1/providers", {"id": "github", "client_id": "x", "client_secret": "y"})
    api.good("DELETE", "/v1/providers/github")
    assert api.good("GET", "/v1/providers/github")["offered"] is False


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("provider_id", ["nothing", "x" * 100, "a:b", "*", "%2e%2e"])
def test_unknown_providers(api: Api, method: str, provider_id: str):
    """An id that is not configured, or could not be one, is 404."""
    assert api.refused(method, f"/v1/providers/{provider_id}")[:2] == (404, "resource_not_found")


def test_ad_05_changes_are_logged(api: Api, provider: ProviderStub, broker: RunningBroker):
    """AD-05: configuring and deleting a connection is written to the log."""
    api.good("POST", "/v1/providers", acme(provider))
    api.good("DELETE", "/v1/providers/acme")
    lines = [line for line in broker.log().splitlines() if '"acme"' in line]
    assert any("provider.configured" in line for line in lines)
    assert any("provider.deleted" in line for line in lines)


def test_lifecycle_of_a_custom_provider(api: Api, provider: ProviderStub):
    """An admin says how a custom provider's refresh tokens live, which nothing else can, and it is shown."""
    made = api.good("POST", "/v1/providers", acme(provider))
    assert (made["rotates"], made["rotation_grace"], made["refresh_ahead"]) == (None, None, False)
    told = {"rotates": True, "rotation_grace": 30, "refresh_ahead": True}
    changed = api.good("PATCH", "/v1/providers/acme", told)
    assert {name: changed[name] for name in told} == told
    assert api.good("GET", "/v1/providers/acme") == changed
    off = api.good("PATCH", "/v1/providers/acme", {"enabled": False})
    assert {name: off[name] for name in told} == told


def test_lifecycle_of_the_catalogue(api: Api):
    """The catalogue's own facts are shown and not to be changed; whether tokens are refreshed ahead is."""
    google = {"id": "google", "client_id": "x", "client_secret": "hush-hush"}
    made = api.good("POST", "/v1/providers", google | {"refresh_ahead": True})
    assert (made["rotates"], made["refresh_ahead"]) == (False, True)
    for name, value in (("rotates", True), ("rotation_grace", 30)):
        answer = api.call("PATCH", "/v1/providers/google", {name: value})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["meta"]["param_name"] == name


@pytest.mark.parametrize("grace", [-1, 7_776_001, "soon"])
def test_rotation_grace_is_bounded(api: Api, provider: ProviderStub, grace: object):
    """A grace is a number of seconds, of ninety days at most."""
    answer = api.call("POST", "/v1/providers", acme(provider, rotation_grace=grace))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["meta"]["param_name"] == "rotation_grace"
