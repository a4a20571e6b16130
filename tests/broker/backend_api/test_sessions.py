"""`/v1/sessions`: a user's living sessions, and what a backend may do with one."""

import httpx2
import jwt
import pytest

from tests.broker.backend_api.conftest import Api
from tests.broker.backend_api.people import Person, sign_in
from tests.conftest import HTTPS_REDIRECT
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker

UNKNOWN = "sess_" + "0" * 48


@pytest.fixture
def person(broker: RunningBroker, provider: ProviderStub) -> Person:
    return sign_in(broker, provider)


def test_a_session_is_shown(api: Api, person: Person):
    """A session is Clerk's object, times in milliseconds in their order, the user's id in its own."""
    session = api.good("GET", f"/v1/sessions/{person.session_id}")
    assert (session["object"], session["status"]) == ("session", "active")
    assert (session["user_id"], session["client_id"]) == (person.user_id, "default")
    assert session["created_at"] <= session["last_active_at"] < session["abandon_at"] < session["expire_at"]
    assert person.session_id.startswith(f"sess_{person.user_id.removeprefix('user_')}")
    assert person.tokens["refresh_token"] not in str(session)


def test_sessions_of_a_user(api: Api, broker: RunningBroker, provider: ProviderStub):
    """A user's sessions are listed newest first, by app, and in pages; nobody else's are among them."""
    app = broker.make_client()["client_id"]
    broker.allow(HTTPS_REDIRECT, app)
    first = sign_in(broker, provider)
    second = sign_in(broker, provider, first.email.split("@")[0], app)
    sign_in(broker, provider)
    path = f"/v1/sessions?user_id={first.user_id}"
    assert {each["id"] for each in api.good("GET", path)} == {first.session_id, second.session_id}
    assert [each["id"] for each in api.good("GET", f"{path}&client_id={app}")] == [second.session_id]
    paged = api.good("GET", f"{path}&limit=1&offset=1&paginated=true&status=active")
    assert (len(paged["data"]), paged["total_count"]) == (1, 2)
    assert api.good("GET", f"{path}&status=ended") == []
    assert api.good("GET", "/v1/sessions?user_id=nobody") == []


def test_revoked_by_a_backend(api: Api, person: Person, broker: RunningBroker):
    """A revoked session is over for its app at once, is listed no more, is still shown as revoked, and to revoke it
    again changes nothing."""
    for _ in range(2):
        assert api.good("POST", f"/v1/sessions/{person.session_id}/revoke")["status"] == "revoked"
    assert api.good("GET", f"/v1/sessions/{person.session_id}")["status"] == "revoked"
    assert api.good("GET", f"/v1/sessions?user_id={person.user_id}") == []
    form = {
        "grant_type": "refresh_token",
        "client_id": "default",
        "refresh_token": person.tokens["refresh_token"],
    }
    assert broker.post("/token", data=form).json()["error"] == "invalid_grant"
    path = f"/v1/sessions/{person.session_id}/tokens"
    assert api.refused("POST", path) == (422, "session_not_active", "session_id")


def test_a_token_is_verified_online(api: Api, broker: RunningBroker, provider: ProviderStub):
    """A session's own token is confirmed; another session's, an ID token and garbage are not."""
    person, other = sign_in(broker, provider), sign_in(broker, provider)
    path = f"/v1/sessions/{person.session_id}/verify"
    assert api.good("POST", path, {"token": person.tokens["access_token"]})["id"] == person.session_id
    for wrong in (other.tokens["access_token"], person.tokens["id_token"], "x"):
        told = api.refused("POST", path, {"token": wrong})
        assert told == (422, "form_param_value_invalid", "token")
    assert api.refused("POST", path) == (422, "form_param_missing", "token")


def test_a_token_is_made(api: Api, person: Person, broker: RunningBroker):
    """A backend gets the token that the app would get, for as long as it asks, and it opens our doors."""
    made = api.good("POST", f"/v1/sessions/{person.session_id}/tokens", {"expires_in_seconds": 30})
    claims = jwt.decode(made["jwt"], options={"verify_signature": False})
    assert made["object"] == "token"
    assert claims["exp"] - claims["iat"] == 30
    assert {name: claims[name] for name in ("sub", "sid", "aud", "scope")} == {
        name: person.claims[name] for name in ("sub", "sid", "aud", "scope")
    }
    bearer = {"authorization": f"Bearer {made['jwt']}"}
    assert broker.get("/userinfo", headers=bearer).json()["sub"] == person.user_id


@pytest.mark.parametrize("seconds", [29, 601, "60", 60.5, True])
def test_lifetimes_that_are_refused(api: Api, person: Person, seconds: object):
    """A token lives from 30 to 600 seconds, whole ones: no longer than any other access token of ours."""
    path = f"/v1/sessions/{person.session_id}/tokens"
    told = api.refused("POST", path, {"expires_in_seconds": seconds})
    assert told == (422, "form_param_format_invalid", "expires_in_seconds")


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("", "form_param_missing", "user_id"),
        ("client_id=default", "form_param_missing", "user_id"),
        ("user_id=x&status=asleep", "form_param_value_invalid", "status"),
        ("user_id=x&status=revoked", "form_param_value_invalid", "status"),
        ("user_id=x&user_id=y", "form_param_format_invalid", "user_id"),
    ],
)
def test_lists_that_are_refused(api: Api, query: str, code: str, param: str):
    """A list needs a user, and says so; a status that cannot be listed is refused and not answered with nothing."""
    assert api.refused("GET", f"/v1/sessions?{query}") == (422, code, param)


@pytest.mark.parametrize(
    "session_id", [UNKNOWN, "sess_1", "sess_*", "x%7D"], ids=["unknown", "short", "star", "brace"]
)
@pytest.mark.parametrize("act", ["", "/revoke", "/verify", "/tokens"])
def test_unknown_sessions(api: Api, session_id: str, act: str):
    """An id that is not one, or nobody's, is 404 at every door."""
    body = {"token": "x"} if act == "/verify" else None
    told = api.refused("POST" if act else "GET", f"/v1/sessions/{session_id}{act}", body)
    assert told == (404, "resource_not_found", None)


def test_jwks(api: Api, broker: RunningBroker):
    """The keys are the published ones, public halves only; and a secret key is needed, as at Clerk."""
    keys = api.good("GET", "/v1/jwks")
    assert keys == broker.get("/.well-known/jwks.json").json()
    assert not {"d", "p", "q"} & {name for key in keys["keys"] for name in key}
    assert httpx2.get(f"{broker.address}/v1/jwks").status_code == 401
