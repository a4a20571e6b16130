"""`/v1/clients`: made, shown, changed and deleted in Clerk's shapes; a secret is shown once."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.broker.backend_api.conftest import Api
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.running import RunningBroker

ALL_SCOPES = ["openid", "profile", "email", "offline_access"]


@pytest.fixture
def client(api: Api) -> Iterator[dict[str, Any]]:
    """A public app of this test."""
    made = api.good("POST", "/v1/clients", {"name": f"App {secrets.token_hex(4)}"})
    yield made
    api.call("DELETE", f"/v1/clients/{made['id']}")


def test_a_new_client(api: Api, client: dict[str, Any]):
    """A client made with a name alone is public, may ask for everything, and is no development client."""
    assert client["object"] == "client"
    assert client["client_id"] == client["id"]
    assert (client["type"], client["development"], client["token_profile"]) == ("public", False, "rfc9068")
    assert client["scopes"] == ALL_SCOPES
    assert client["web_origins"] == []
    assert client["created_at"] == client["updated_at"] > 1_600_000_000_000
    assert "client_secret" not in client
    assert api.good("GET", f"/v1/clients/{client['id']}") == client


def test_everything_can_be_chosen_but_the_id(api: Api):
    """What is given is what is kept."""
    body = {
        "name": "Büro <1>",
        "type": "confidential",
        "development": True,
        "web_origins": ["https://app.example.com", "http://localhost:8081"],
        "token_profile": "clerk",
        "scopes": ["openid"],
    }
    made = api.good("POST", "/v1/clients", body)
    assert {name: made[name] for name in body} == body
    api.good("DELETE", f"/v1/clients/{made['id']}")


PRINT = ":".join(["AB"] * 32)
INSTALLED = {
    "ios": {"team_id": "ABCDE12345", "bundle_id": "com.example.app"},
    "android": {"package": "com.example.app", "sha256_cert_fingerprints": [PRINT]},
}


def test_installed_apps(api: Api, client: dict[str, Any]):
    """What Apple and Android call the app is kept, changed one by one, and taken away by null."""
    assert (client["ios"], client["android"]) == (None, None)
    told = api.good("PATCH", f"/v1/clients/{client['id']}", INSTALLED)
    assert {name: told[name] for name in INSTALLED} == INSTALLED
    told = api.good("PATCH", f"/v1/clients/{client['id']}", {"ios": None})
    assert (told["ios"], told["android"]) == (None, INSTALLED["android"])
    made = api.good("POST", "/v1/clients", {"name": "Installed", **INSTALLED})
    assert made["ios"] == INSTALLED["ios"]
    api.good("DELETE", f"/v1/clients/{made['id']}")


@pytest.mark.parametrize("name", ["client_id", "id", "client_secret", "secret_fingerprint", "created_at"])
def test_az_13_the_client_id_is_ours_to_choose(api: Api, name: str):
    """AZ-13: a chosen client id or secret is refused, so nobody can register one that looks like another's."""
    told = api.refused("POST", "/v1/clients", {"name": "Mine", name: "user_1"})
    assert told == (422, "form_param_unknown", name)


def test_az_13_client_ids_are_unguessable(api: Api, client: dict[str, Any]):
    """AZ-13: an id holds 96 random bits, and cannot be taken for a user's."""
    kind, _, random = client["id"].partition("_")
    assert kind == "app"
    assert len(random) >= 24
    other = api.good("POST", "/v1/clients", {"name": "Other"})
    assert other["id"] != client["id"]
    api.good("DELETE", f"/v1/clients/{other['id']}")


WRONG = [
    ({"name": None}, "form_param_format_invalid", "name"),
    ({"name": ""}, "form_param_format_invalid", "name"),
    ({"name": 7}, "form_param_format_invalid", "name"),
    ({"name": "x" * 101}, "form_param_format_invalid", "name"),
    ({"development": "true"}, "form_param_format_invalid", "development"),
    ({"development": 1}, "form_param_format_invalid", "development"),
    ({"web_origins": "https://a.example"}, "form_param_format_invalid", "web_origins"),
    ({"web_origins": ["http://a.example"]}, "form_param_format_invalid", "web_origins.0"),
    ({"web_origins": ["https://a.example/"]}, "form_param_format_invalid", "web_origins.0"),
    ({"web_origins": ["https://A.example"]}, "form_param_format_invalid", "web_origins.0"),
    ({"web_origins": ["https://a.example", "*"]}, "form_param_format_invalid", "web_origins.1"),
    ({"web_origins": ["https://u@a.example"]}, "form_param_format_invalid", "web_origins.0"),
    ({"web_origins": ["null"]}, "form_param_format_invalid", "web_origins.0"),
    (
        {"web_origins": [f"https://a{n}.example" for n in range(21)]},
        "form_param_format_invalid",
        "web_origins",
    ),
    ({"token_profile": "jwt"}, "form_param_format_invalid", "token_profile"),
    ({"scopes": []}, "form_param_format_invalid", "scopes"),
    ({"scopes": ["admin"]}, "form_param_format_invalid", "scopes.0"),
    ({"nickname": "x"}, "form_param_unknown", "nickname"),
    ({"ios": {"team_id": "short", "bundle_id": "a.b"}}, "form_param_format_invalid", "ios.team_id"),
    ({"ios": {"team_id": "ABCDE12345", "bundle_id": "a b"}}, "form_param_format_invalid", "ios.bundle_id"),
    ({"ios": {"team_id": "ABCDE12345"}}, "form_param_missing", "ios.bundle_id"),
    (
        {"android": {"package": "noDots", "sha256_cert_fingerprints": [":".join(["AB"] * 32)]}},
        "form_param_format_invalid",
        "android.package",
    ),
    (
        {"android": {"package": "a.b", "sha256_cert_fingerprints": []}},
        "form_param_format_invalid",
        "android.sha256_cert_fingerprints",
    ),
    (
        {"android": {"package": "a.b", "sha256_cert_fingerprints": ["AB" * 32]}},
        "form_param_format_invalid",
        "android.sha256_cert_fingerprints.0",
    ),
]


@pytest.mark.parametrize(("changes", "code", "param"), WRONG)
def test_wrong_fields_are_named(
    api: Api, client: dict[str, Any], changes: dict[str, Any], code: str, param: str
):
    """An unknown or ill-typed field is named, at creation and at change, and neither leaves a trace."""
    before = api.good("GET", "/v1/clients?paginated=true&limit=1")["total_count"]
    assert api.refused("POST", "/v1/clients", {"name": "App", **changes}) == (422, code, param)
    assert api.good("GET", "/v1/clients?paginated=true&limit=1")["total_count"] == before
    assert api.refused("PATCH", f"/v1/clients/{client['id']}", changes) == (422, code, param)
    assert api.good("GET", f"/v1/clients/{client['id']}") == client


def test_a_missing_name(api: Api):
    """The one field that must be there is named when it is not."""
    assert api.refused("POST", "/v1/clients", {}) == (422, "form_param_missing", "name")


def test_two_mistakes_are_told_at_once(api: Api):
    """Each wrong field has an error of its own."""
    answer = api.call("POST", "/v1/clients", {"type": "x", "scopes": []})
    assert [error["meta"]["param_name"] for error in answer.json()["errors"]] == ["name", "type", "scopes"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"name=App", "application/x-www-form-urlencoded", 415),
        (b'{"name": "App"}', "text/plain", 415),
        (b"{name: App}", "application/json", 400),
        (b'{"name": "A", "name": "B"}', "application/json", 400),
        (b'["App"]', "application/json", 400),
        (b'{"name": "\xff"}', "application/json", 400),
        (b'{"name": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_bodies_that_are_none(api: Api, content: bytes, kind: str, status: int):
    """What is not a small JSON object is refused in Clerk's envelope; a form could come from another site's page."""
    told = api.refused("POST", "/v1/clients", content=content, headers={"content-type": kind})
    assert told[0] == status


def test_change(api: Api, client: dict[str, Any]):
    """Only what is given changes."""
    changed = api.good("PATCH", f"/v1/clients/{client['id']}", {"web_origins": ["https://a.example"]})
    assert changed == client | {"web_origins": ["https://a.example"], "updated_at": changed["updated_at"]}
    assert changed["updated_at"] >= client["updated_at"]
    renamed = api.good("PATCH", f"/v1/clients/{client['id']}", {"name": "New", "development": True})
    assert (renamed["name"], renamed["development"]) == ("New", True)
    assert renamed["web_origins"] == ["https://a.example"]


def test_type_is_chosen_once(api: Api, client: dict[str, Any]):
    """A type that does not exist is refused; and no public client becomes confidential: its copies have no secret."""
    told = api.refused("POST", "/v1/clients", {"name": "App", "type": "secret"})
    assert told == (422, "form_param_format_invalid", "type")
    told = api.refused("PATCH", f"/v1/clients/{client['id']}", {"type": "confidential"})
    assert told == (422, "form_param_unknown", "type")


def test_a_secret_is_shown_once(api: Api, stranger: Api):
    """A confidential client's secret is in the answer that made it and in no other, and it works."""
    made = api.good("POST", "/v1/clients", {"name": "Desk", "type": "confidential"})
    secret = made.pop("client_secret")
    assert len(secret) >= 43
    form = {"client_id": made["id"], "client_secret": secret, "token": "x"}
    assert stranger.http.post("/introspect", data=form).json() == {"active": False}
    answers = [
        api.call("GET", f"/v1/clients/{made['id']}"),
        api.call("PATCH", f"/v1/clients/{made['id']}", {"name": "Desk 2"}),
        api.call("GET", "/v1/clients?limit=500"),
        api.call("DELETE", f"/v1/clients/{made['id']}"),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert secret not in answer.text
        assert "secret_fingerprint" not in answer.text
    assert stranger.http.post("/introspect", data=form).status_code == 401


def test_lists(api: Api, client: dict[str, Any]):
    """A list is bare, newest first; with `paginated=true` it has the total; limit and offset cut it."""
    newer = api.good("POST", "/v1/clients", {"name": "Newer"})
    everything = api.good("GET", "/v1/clients?limit=500")
    assert isinstance(everything, list)
    ids = [each["id"] for each in everything]
    assert {"default", client["id"], newer["id"]} <= set(ids)
    enveloped = api.good("GET", "/v1/clients?limit=2&offset=1&paginated=true")
    assert enveloped == {"data": everything[1:3], "total_count": len(everything)}
    assert api.good("GET", "/v1/clients?paginated=false&limit=1") == everything[:1]
    assert api.good("GET", f"/v1/clients?offset={len(everything)}") == []
    api.good("DELETE", f"/v1/clients/{newer['id']}")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        ("paginated=1", "paginated"),
        ("limit=1&limit=2", "limit"),
    ],
)
def test_bad_paging(api: Api, query: str, param: str):
    """A page that cannot be is refused and named."""
    assert api.refused("GET", f"/v1/clients?{query}") == (422, "form_param_format_invalid", param)


def test_deletion_ends_everything(api: Api, broker: RunningBroker, phone: Phone):
    """A deleted client can neither start nor finish a sign-in nor refresh, and its redirect URLs are gone."""
    made = api.good("POST", "/v1/clients", {"name": "Short-lived"})
    entry = broker.allow(HTTPS_REDIRECT, made["id"])
    own = Phone(broker, made["id"], HTTPS_REDIRECT, browser=phone.browser)
    tokens = own.sign_in()
    code = own.land()["code"]
    deleted = api.good("DELETE", f"/v1/clients/{made['id']}")
    assert deleted == {"object": "client", "id": made["id"], "deleted": True}
    assert own.authorize().status_code == 400
    assert own.exchange(code).json()["error"] == "invalid_client"
    assert own.refresh(tokens["refresh_token"]).json()["error"] == "invalid_client"
    assert api.call("GET", f"/v1/redirect_urls/{entry['id']}").status_code == 404
    assert api.refused("DELETE", f"/v1/clients/{made['id']}")[:2] == (404, "resource_not_found")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("client_id", ["app_0", "x" * 65, "a:b", "%2e%2e", "{default}", "*"])
def test_unknown_clients(api: Api, method: str, client_id: str):
    """An id that no client has, or could have, is 404."""
    assert api.refused(method, f"/v1/clients/{client_id}")[:2] == (404, "resource_not_found")


def test_the_default_client_stays(api: Api):
    """What redirect URLs belong to by default cannot be deleted, but can be renamed."""
    assert api.refused("DELETE", "/v1/clients/default") == (422, "form_param_value_invalid", "client_id")
    name = api.good("GET", "/v1/clients/default")["name"]
    assert api.good("PATCH", "/v1/clients/default", {"name": name})["id"] == "default"


def test_ad_05_changes_are_logged_without_secrets(api: Api, broker: RunningBroker):
    """AD-05: making and deleting a client is written to the log with its id, never with its secret."""
    made = api.good("POST", "/v1/clients", {"name": "Logged", "type": "confidential"})
    api.good("DELETE", f"/v1/clients/{made['id']}")
    lines = [line for line in broker.log().splitlines() if made["id"] in line]
    assert any("client.created" in line for line in lines)
    assert any("client.deleted" in line for line in lines)
    assert made["client_secret"] not in broker.log()
