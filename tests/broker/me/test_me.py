"""The signed-in user's own doors: what they show, what they end, and whom they keep out."""

import time

import httpx2
import pytest
import redis

from tests.accounts.people import People, SignedIn, connect, finish
from tests.conftest import HTTPS_REDIRECT
from tests.provider_stub import ProviderStub, answer_json
from tests.running import LOCAL

ORIGIN = "https://web.example.com"
WRONG = ["nothing", "nonsense", "the ID token", "the refresh token", "a secret key", "another scheme"]
DOORS = [
    ("GET", ""),
    ("GET", "/external_accounts"),
    ("DELETE", "/external_accounts/eac_000000000000000000000000"),
    ("GET", "/sessions"),
    ("DELETE", "/sessions"),
    ("DELETE", "/sessions/sess_x"),
]


@pytest.fixture
def ada(people: People) -> SignedIn:
    return people.sign_in("ada")


def made_old(one: SignedIn, seconds: int) -> None:
    """As if that session had signed in so long ago."""
    with redis.Redis.from_url(one.phone.broker.redis_url) as memory:
        key = f"session:{{{one.user_id}}}:{one.claims['sid']}"
        assert memory.hset(key, "signed_in_at", int(time.time()) - seconds) == 0


def test_me_is_the_user_as_backends_see_them(people: People, ada: SignedIn):
    """/v1/me shows oneself in the very shape of /v1/users/{id}, external accounts and health included."""
    answer = ada.me()
    assert answer.status_code == 200
    assert answer.json() == people.broker.admin("GET", f"/v1/users/{ada.user_id}").json()
    assert ada.accounts() == people.accounts(ada.user_id)
    sessions = people.broker.admin("GET", f"/v1/sessions?user_id={ada.user_id}").json()
    assert ada.me("/sessions").json() == sessions


def test_no_token_of_a_provider_is_shown(people: People, ada: SignedIn):
    """What the user is shown of an account holds no token, and there is no door for one."""
    assert "canary" not in ada.me().text + ada.me("/external_accounts").text
    assert ada.me("/oauth_access_tokens/stub").status_code == 404
    answer = people.broker.get(f"/v1/users/{ada.user_id}/oauth_access_tokens/stub", headers=ada.bearer)
    assert answer.status_code == 401


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("method", "path"), DOORS, ids=[f"{method} {path}" for method, path in DOORS])
def test_who_is_kept_out(people: People, ada: SignedIn, method: str, path: str, wrong: str):
    """Without an access token of ours every door is 401 with a challenge, and does nothing."""
    shown = {
        "nothing": None,
        "nonsense": "Bearer nonsense",
        "the ID token": f"Bearer {ada.tokens['id_token']}",
        "the refresh token": f"Bearer {ada.tokens['refresh_token']}",
        "a secret key": f"Bearer {people.broker.secret_key}",
        "another scheme": f"Basic {ada.tokens['access_token']}",
    }[wrong]
    headers = {"authorization": shown} if shown else {}
    answer = httpx2.request(method, f"{people.broker.address}/v1/me{path}", headers=headers, **LOCAL)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["errors"][0]["code"] == "invalid_token"
    assert ada.me().status_code == 200


def test_rt_09_sessions_are_listed_and_ended(people: People, ada: SignedIn):
    """RT-09: the user sees every session, ends one of another device, and its tokens are good no more."""
    elsewhere = people.sign_in("ada")
    listed = [each["id"] for each in ada.me("/sessions").json()]
    assert set(listed) == {ada.claims["sid"], elsewhere.claims["sid"]}
    answer = ada.me(f"/sessions/{elsewhere.claims['sid']}", "DELETE")
    assert (answer.status_code, answer.json()["status"]) == (200, "revoked")
    assert elsewhere.me().status_code == 401
    assert elsewhere.phone.refresh(elsewhere.tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert [each["id"] for each in ada.me("/sessions").json()] == [ada.claims["sid"]]


def test_rt_09_all_others_at_once(people: People, ada: SignedIn):
    """RT-09: one call ends every session but the one that asks; a second call finds nothing more."""
    others = [people.sign_in("ada") for _ in range(3)]
    answer = ada.me("/sessions", "DELETE")
    assert {each["id"] for each in answer.json()} == {each.claims["sid"] for each in others}
    assert {each["status"] for each in answer.json()} == {"revoked"}
    for each in others:
        assert each.me().status_code == 401
        assert each.phone.refresh(each.tokens["refresh_token"]).status_code == 400
    assert ada.phone.refresh(ada.tokens["refresh_token"]).status_code == 200
    assert ada.me("/sessions", "DELETE").json() == []


def test_rt_09_this_very_session(ada: SignedIn):
    """RT-09: a session may end itself."""
    assert ada.me(f"/sessions/{ada.claims['sid']}", "DELETE").json()["status"] == "revoked"
    assert ada.me().status_code == 401


def test_rt_09_of_nobody_else(people: People, ada: SignedIn):
    """RT-09: a session of somebody else is not there, and lives on; nor is one that never was."""
    eve = people.sign_in("eve", email=f"eve-{people.address}")
    for session_id in (eve.claims["sid"], "sess_nonsense", f"sess_{'0' * 48}"):
        assert ada.me(f"/sessions/{session_id}", "DELETE").status_code == 404
    assert eve.me().status_code == 200


def test_rt_09_told_as_the_users_act(people: People, ada: SignedIn):
    """RT-09: the audit log says that the user ended it, and why."""
    elsewhere = people.sign_in("ada")
    ada.me(f"/sessions/{elsewhere.claims['sid']}", "DELETE")
    give_up = time.monotonic() + 20
    while not (told := ended(people, elsewhere)):
        assert time.monotonic() < give_up
        time.sleep(0.2)
    assert told == [("user", "ended_by_user")]


def ended(people: People, one: SignedIn) -> list[tuple[str, str]]:
    events = people.broker.admin("GET", "/v1/events?type=session.revoked&limit=100").json()
    return [
        (each["actor"], each["data"]["reason"])
        for each in events
        if each["data"]["session_id"] == one.claims["sid"]
    ]


def test_lk_04_disconnected(people: People, ada: SignedIn, provider: ProviderStub):
    """LK-04: soon after a sign-in the user gives up an account: its tokens are revoked at the provider, which the answer
    says, and it signs nobody in as them any more."""
    added = connect(people, ada, "ada-too")["external_account_id"]
    answer = ada.me(f"/external_accounts/{added}", "DELETE")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["id"], told["deleted"], told["revocation"]) == (added, True, "revoked")
    assert provider.asked("/revoke")[-1]["token"].startswith("rt-canary-")
    assert [each["provider"] for each in ada.accounts()] == ["oauth_stub"]
    assert people.broker.admin("GET", f"/v1/users/{ada.user_id}/oauth_access_tokens/other").json() == []
    phone, page = people.asked("ada-too", "other")
    assert finish(phone, phone.press(page, "Keep them apart")).user_id != ada.user_id


def test_lk_04_a_provider_that_is_away(people: People, ada: SignedIn, provider: ProviderStub):
    """LK-04: where the provider could not be asked, the answer says that it is owed."""
    added = connect(people, ada, "ada-too")["external_account_id"]
    provider.answers["/revoke"] = answer_json({"error": "temporarily_unavailable"}, 503)
    assert ada.me(f"/external_accounts/{added}", "DELETE").json()["revocation"] == "pending"
    assert len(ada.accounts()) == 1


@pytest.mark.parametrize(("age", "status"), [(590, 200), (700, 403), (86_400, 403)])
def test_lk_04_only_after_a_fresh_sign_in(people: People, ada: SignedIn, age: int, status: int):
    """LK-04: a session whose sign-in is older than ten minutes gives up nothing, and is told to sign in again."""
    added = connect(people, ada, "ada-too")["external_account_id"]
    made_old(ada, age)
    answer = ada.me(f"/external_accounts/{added}", "DELETE")
    assert answer.status_code == status
    if status == 403:
        (error,) = answer.json()["errors"]
        assert error["code"] == "session_reverification_required"
        assert "sign in again" in error["message"]
        assert len(ada.accounts()) == 2
        again = people.sign_in("ada")
        assert again.me(f"/external_accounts/{added}", "DELETE").status_code == 200


def test_lk_04_refreshing_is_not_signing_in(people: People, ada: SignedIn):
    """LK-04: neither a new access token nor connecting another account makes a session fresh again."""
    added = connect(people, ada, "ada-too")["external_account_id"]
    made_old(ada, 700)
    refreshed = SignedIn(ada.phone, ada.phone.refresh(ada.tokens["refresh_token"]).json())
    connected = SignedIn(ada.phone, connect(people, refreshed, "ada-three", "third"))
    for one in (refreshed, connected):
        assert one.me(f"/external_accounts/{added}", "DELETE").status_code == 403


def test_lk_04_not_the_last_one(people: People, ada: SignedIn):
    """LK-04: the last account stays, so that nobody loses the only way to be this user."""
    (only,) = ada.accounts()
    answer = ada.me(f"/external_accounts/{only['id']}", "DELETE")
    code = answer.json()["errors"][0]["code"]
    assert (answer.status_code, code) == (400, "last_required_identification_deletion_failed")
    assert ada.accounts() == [only]


def test_lk_04_of_nobody_else(people: People, ada: SignedIn):
    """LK-04: an account of somebody else is not there, and stays with them."""
    eve = people.sign_in("eve", email=f"eve-{people.address}")
    connect(people, ada, "ada-too")
    (hers,) = eve.accounts()
    for account_id in (hers["id"], "eac_nonsense"):
        assert ada.me(f"/external_accounts/{account_id}", "DELETE").status_code == 404
    assert eve.accounts() == [hers]


def test_a_deleted_user(people: People, ada: SignedIn):
    """A user who was deleted has no door left, though the access token is not expired."""
    people.broker.admin("DELETE", f"/v1/users/{ada.user_id}")
    assert ada.me().status_code == 401


def test_paging(people: People, ada: SignedIn):
    """Lists page as everywhere in /v1."""
    for _ in range(2):
        people.sign_in("ada")
    envelope = ada.me("/sessions?limit=2&paginated=true").json()
    assert (len(envelope["data"]), envelope["total_count"]) == (2, 3)
    assert ada.me("/external_accounts?limit=0").status_code == 422


def test_az_10_from_a_web_app(people: People):
    """AZ-10: a page of the client's own origin may call these doors, preflight and DELETE included; another's may not."""
    made = people.broker.make_client(type="public", web_origins=[ORIGIN])
    people.broker.allow(HTTPS_REDIRECT, made["client_id"])
    people.tell("ada")
    phone = people.phone()
    phone.client_id = made["client_id"]
    ada = SignedIn(phone, phone.sign_in())
    for path in ("", "/sessions", "/external_accounts"):
        url = f"{people.broker.address}/v1/me{path}"
        for origin, allowed in ((ORIGIN, True), ("https://evil.example.com", False)):
            asks = {"origin": origin, "access-control-request-method": "DELETE"}
            preflight = httpx2.options(f"{url}/x" if path else url, headers=asks, **LOCAL)
            assert ("DELETE" in preflight.headers.get("access-control-allow-methods", "")) is allowed
            answer = httpx2.get(url, headers={**ada.bearer, "origin": origin}, **LOCAL)
            assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
    other = people.sign_in("bob", email=f"bob-{people.address}")
    answer = httpx2.get(f"{people.broker.address}/v1/me", headers={**other.bearer, "origin": ORIGIN}, **LOCAL)
    assert "access-control-allow-origin" not in answer.headers


def test_backends_keep_their_gate(people: People, ada: SignedIn):
    """An access token opens nothing else of /v1, and no preflight is answered there."""
    for path in ("/v1/users", "/v1/sessions?user_id=x", "/v1/mex", f"/v1/users/{ada.user_id}"):
        assert people.broker.get(path, headers=ada.bearer).status_code in (401, 404)
    asks = {"origin": ORIGIN, "access-control-request-method": "GET"}
    assert httpx2.options(f"{people.broker.address}/v1/mex", headers=asks, **LOCAL).status_code in (404, 405)
