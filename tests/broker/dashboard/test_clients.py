"""Clients in the dashboard: what the API does, by forms; a secret is shown once."""

import re

import httpx2
import pytest

from tests.broker.dashboard.conftest import Desk, text_of
from tests.conftest import HTTPS_REDIRECT

MARKUP = "<script>alert(1)</script>\"'&"
NEW = {
    "name": "Shop",
    "type": "public",
    "token_profile": "rfc9068",
    "scopes": ["openid", "email"],
    "webview_policy": "warn",
}


def made_by(desk: Desk, **form: object) -> str:
    """The id of a client that the form makes."""
    answer = desk.post("/dashboard/clients/new", {**NEW, **form})
    assert answer.status_code == 303, text_of(answer)
    found = re.search(r"/clients/(app_[0-9a-f]{24})\?done=client_created", answer.headers["location"])
    assert found
    return found[1]


def secret_of(answer: httpx2.Response) -> str:
    found = re.search(r"<pre>(cs_[A-Za-z0-9_-]{43})</pre>", answer.text)
    assert found, text_of(answer)
    return found[1]


def test_a_client_is_made_changed_and_deleted(desk: Desk):
    """The form's client is the API's, each change is, and a deleted one is gone."""
    client_id = made_by(desk, development="1", web_origins="https://a.example\r\n\r\n http://localhost:8081 ")
    told = desk.broker.admin("GET", f"/v1/clients/{client_id}").json()
    assert (told["name"], told["type"], told["development"]) == ("Shop", "public", True)
    assert told["web_origins"] == ["https://a.example", "http://localhost:8081"]
    assert told["scopes"] == ["openid", "email"]
    changes = {"name": "Store", "token_profile": "clerk", "scopes": ["openid"], "webview_policy": "block"}
    assert "Saved." in desk.done(f"/dashboard/clients/{client_id}", changes)
    told = desk.broker.admin("GET", f"/v1/clients/{client_id}").json()
    assert (told["name"], told["development"], told["web_origins"]) == ("Store", False, [])
    assert (told["token_profile"], told["scopes"]) == ("clerk", ["openid"])
    assert told["webview_policy"] == "block"
    assert "Delete Store?" in text_of(desk.get(f"/dashboard/clients/{client_id}/delete"))
    assert "are deleted" in desk.done(f"/dashboard/clients/{client_id}/delete")
    assert desk.broker.admin("GET", f"/v1/clients/{client_id}").status_code == 404


def test_who_did_it_is_in_the_audit_log(desk: Desk):
    """A change made here stands in the audit log as one made with the same key by the API."""
    client_id = made_by(desk)
    events = desk.broker.admin("GET", "/v1/events?type=client.created").json()
    assert (events[0]["actor"], events[0]["data"]["id"]) == ("env:1", client_id)
    desk.done(f"/dashboard/clients/{client_id}/delete")


def test_a_secret_is_shown_once_and_rotates(desk: Desk):
    """A confidential client's secret is in one answer and on no page; after a rotation only the new one proves the app."""
    answer = desk.post("/dashboard/clients/new", {**NEW, "type": "confidential"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    first, found = secret_of(answer), re.search(r"app_[0-9a-f]{24}", answer.text)
    assert found
    client_id = found[0]
    assert first not in desk.get(f"/dashboard/clients/{client_id}").text
    second = secret_of(desk.post(f"/dashboard/clients/{client_id}/secret"))
    for secret, expected in ((first, "invalid_client"), (second, "invalid_grant")):
        form = {
            "grant_type": "authorization_code",
            "code": "x",
            "redirect_uri": HTTPS_REDIRECT,
            "code_verifier": "v" * 43,
        }
        told = desk.broker.post("/token", data={**form, "client_id": client_id, "client_secret": secret})
        assert told.json()["error"] == expected
    desk.done(f"/dashboard/clients/{client_id}/delete")


def test_a_public_client_has_no_secret_to_rotate(desk: Desk):
    """What the API refuses is refused here in its words."""
    answer = desk.post("/dashboard/clients/default/secret")
    assert answer.status_code == 422
    assert "a public client has no secret" in text_of(answer)


def test_the_default_client_stays(desk: Desk):
    """The default client cannot be deleted here either."""
    answer = desk.post("/dashboard/clients/default/delete")
    assert answer.status_code == 422
    assert "the default client cannot be deleted" in text_of(answer)
    assert desk.broker.admin("GET", "/v1/clients/default").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"web_origins": "http://a.example"}, "web_origins"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"token_profile": "magic"}, "token_profile"),
        ({"type": "secretive"}, "type"),
        ({"webview_policy": "hide"}, "webview_policy"),
        ({"team_id": "short", "bundle_id": "com.example.app"}, "ios"),
        ({"package": "com.example.app"}, "android"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(desk: Desk, wrong: dict[str, object], field: str):
    """A form that will not do comes back as it was sent, says what is wrong, and nothing is made."""
    before = desk.broker.admin("GET", "/v1/clients?paginated=true").json()["total_count"]
    answer = desk.post("/dashboard/clients/new", {**NEW, "name": "Kept text", **wrong})
    assert answer.status_code == 422
    assert f"{field}" in text_of(answer)
    assert 'role="alert"' in answer.text
    assert "Kept text" in answer.text or field == "name"
    assert desk.broker.admin("GET", "/v1/clients?paginated=true").json()["total_count"] == before


def test_a_name_full_of_markup_is_text(desk: Desk):
    """What an admin typed is shown as text, in the list, on its page and in the form."""
    client_id = made_by(desk, name=MARKUP)
    for path in ("", f"/{client_id}", f"/{client_id}/delete"):
        shown = desk.get(f"/dashboard/clients{path}")
        assert "<script>alert" not in shown.text
        assert MARKUP in text_of(shown) or path == ""
    desk.done(f"/dashboard/clients/{client_id}/delete")


def test_installed_apps_and_their_files(desk: Desk):
    """An iOS app registered here is in the association files, which the page shows, with what is missing; and the check says
    whether the host serves them."""
    client_id = made_by(desk, team_id="ABCDE12345", bundle_id="com.example.app")
    told = desk.broker.admin("GET", f"/v1/clients/{client_id}").json()
    assert told["ios"] == {"team_id": "ABCDE12345", "bundle_id": "com.example.app"}
    page = f"/dashboard/clients/{client_id}"
    assert "so the files do not name the app" in text_of(desk.get(page))
    desk.broker.allow("https://links.example.com/cb", client_id)
    assert "Redirect URLs on links.example.com open the app only if" in text_of(desk.get(page))
    checked = text_of(desk.post(f"{page}/association"))
    assert checked.count("served as it should be") + checked.count("not served") == 2
    desk.done(f"{page}/delete")
