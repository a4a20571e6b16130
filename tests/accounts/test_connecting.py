"""Connecting a provider while signed in: the ticket, who may use it up, and what is attached, when and to whom."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import httpx2
import jwt
import pytest
import redis

from tests.accounts.people import People, SignedIn, connect, finish, keys, open_link, push, ticket
from tests.conftest import HTTPS_REDIRECT, SCHEME_REDIRECT
from tests.provider_stub import ProviderStub
from tests.running import LOCAL


@pytest.fixture
def ada(people: People) -> SignedIn:
    """Signed in with `stub`."""
    return people.sign_in("ada")


def providers(one: SignedIn) -> list[str]:
    return sorted(each["provider"].removeprefix("oauth_") for each in one.accounts())


def test_connected(people: People, ada: SignedIn):
    """The exchange attaches the account and answers with an access token of the same session, without a refresh token or
    an ID token; no session begins."""
    answer = connect(people, ada, "ada-too")
    assert set(answer) == {"access_token", "token_type", "expires_in", "scope", "external_account_id"}
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["sid"]) == (ada.user_id, ada.claims["sid"])
    (added,) = [each for each in ada.accounts() if each["provider"] == "oauth_other"]
    assert added["id"] == answer["external_account_id"]
    assert len(ada.me("/sessions").json()) == 1
    assert people.sign_in("ada-too", "other").user_id == ada.user_id
    assert ada.phone.refresh(ada.tokens["refresh_token"]).status_code == 200


def test_no_question_of_addresses(people: People, ada: SignedIn):
    """Connecting looks at no address: an account with a stranger's verified address is added, and nobody is asked."""
    stranger = people.sign_in("grace", email=f"g-{people.address}")
    connect(people, ada, "ada-too", email=f"g-{people.address}")
    assert providers(ada) == ["other", "stub"]
    assert providers(stranger) == ["stub"]


def test_the_usual_events(people: People, ada: SignedIn):
    """What was attached is told as every connection is, once."""
    added = connect(people, ada, "ada-too")["external_account_id"]
    give_up = time.monotonic() + 20
    while not (told := told_of(people, added)):
        assert time.monotonic() < give_up
        time.sleep(0.2)
    assert told == ["connection.created"]


def told_of(people: People, account_id: str) -> list[str]:
    events = people.broker.admin("GET", "/v1/events?limit=100").json()
    return [each["type"] for each in events if each["data"].get("external_account_id") == account_id]


def test_a_custom_scheme_says_what_it_does(people: People, ada: SignedIn):
    """AZ-11: a connect flow to a custom scheme waits on a page that says what is connected to what; its button goes on."""
    ada.phone.redirect_uri = SCHEME_REDIRECT
    people.tell("ada-too")
    shown = open_link(ada.phone, ticket(ada))
    assert shown.location is None
    assert "connects your account at <b>Other</b>" in shown.response.text
    assert providers(ada) == ["stub"]
    answer = ada.phone.exchange(ada.phone.press(shown.response)["code"])
    assert answer.json()["external_account_id"]
    assert providers(ada) == ["other", "stub"]


def test_lk_02_opened_by_another(people: People, ada: SignedIn):
    """LK-02: A's link, opened and finished by B in B's browser with B's account, attaches nothing to A: the code lands in
    B's app, which has no verifier for it."""
    people.tell("bob")
    bob = people.phone()
    landed = open_link(bob, ticket(ada))
    assert landed["code"]
    assert bob.exchange(landed["code"]).json()["error"] == "invalid_grant"
    assert providers(ada) == ["stub"]
    assert people.sign_in("bob", "other", email=f"bob-{people.address}").user_id != ada.user_id


def test_lk_02_misused_code_is_dead(people: People, ada: SignedIn):
    """LK-02: a code shown with the wrong verifier attaches nothing any more, with the right one either."""
    people.tell("bob")
    code = open_link(people.phone(), ticket(ada))["code"]
    assert people.phone().exchange(code).status_code == 400
    assert ada.phone.exchange(code).status_code == 400
    assert providers(ada) == ["stub"]


def test_lk_02_another_client(people: People, ada: SignedIn):
    """LK-02: another app of the broker exchanges nothing with it, though it has the verifier."""
    people.tell("ada-too")
    code = open_link(ada.phone, ticket(ada))["code"]
    other = people.broker.make_client(type="public")
    answer = ada.phone.exchange(code, client_id=other["client_id"])
    assert answer.json()["error"] == "invalid_grant"
    assert providers(ada) == ["stub"]


def test_lk_02_never_exchanged(people: People, ada: SignedIn):
    """LK-02: what is never exchanged attaches nothing; what waited is sealed, and gone after a minute."""
    people.tell("ada-too")
    before = set(keys(people.broker, "arrived:*"))
    open_link(ada.phone, ticket(ada))
    (key,) = set(keys(people.broker, "arrived:*")) - before
    with redis.Redis.from_url(people.broker.redis_url) as memory:
        assert 0 < memory.ttl(key) <= 60
        held = memory.get(key)
        assert people.address.encode() not in held
        assert b"at-canary" not in held
    assert providers(ada) == ["stub"]
    assert people.sign_in("ada-too", "other", email=f"x-{people.address}").user_id != ada.user_id


def test_lk_02_what_waited_is_gone(people: People, ada: SignedIn):
    """LK-02: a code beside which nothing waits any more is refused, and the session lives on."""
    people.tell("ada-too")
    before = set(keys(people.broker, "arrived:*"))
    code = open_link(ada.phone, ticket(ada))["code"]
    (key,) = set(keys(people.broker, "arrived:*")) - before
    with redis.Redis.from_url(people.broker.redis_url) as memory:
        memory.delete(key)
    assert ada.phone.exchange(code).json()["error"] == "invalid_grant"
    assert providers(ada) == ["stub"]


WHEN = ["before the link is opened", "at the provider", "before the exchange"]


@pytest.mark.parametrize("when", WHEN)
def test_lk_02_session_revoked_in_between(people: People, ada: SignedIn, when: str):
    """LK-02: a session that ends at any moment before the exchange attaches nothing, and its end is final."""
    watcher = people.sign_in("ada")
    people.tell("ada-too")
    request_uri, phone = ticket(ada), ada.phone
    if when == WHEN[0]:
        end(ada)
        assert open_link(phone, request_uri)["error"] == "access_denied"
    elif when == WHEN[1]:
        query = urlencode({"client_id": phone.client_id, "request_uri": request_uri})
        away = phone.browser.get(f"{people.broker.address}/authorize?{query}")
        end(ada)
        assert phone.exchange(phone.follow(away)["code"]).json()["error"] == "invalid_grant"
    else:
        code = open_link(phone, request_uri)["code"]
        end(ada)
        assert phone.exchange(code).json()["error"] == "invalid_grant"
    assert providers(watcher) == ["stub"]
    assert ada.me().status_code == 401


def end(one: SignedIn) -> None:
    answer = one.phone.broker.admin("POST", f"/v1/sessions/{one.claims['sid']}/revoke")
    assert answer.json()["status"] == "revoked"


def test_lk_02_ticket_used_twice(people: People, ada: SignedIn):
    """LK-02: a ticket opens one flow; whoever comes second, in whichever browser, finds a page."""
    people.tell("ada-too")
    request_uri = ticket(ada)
    assert open_link(ada.phone, request_uri)["code"]
    for phone in (ada.phone, people.phone()):
        again = open_link(phone, request_uri)
        assert again.location is None
        assert again.response.status_code == 400


def test_lk_02_one_exchange_of_many(people: People, ada: SignedIn):
    """LK-02, TK-02: of fifty exchanges of one code at once, one attaches."""
    people.tell("ada-too")
    code = open_link(ada.phone, ticket(ada))["code"]
    with ThreadPoolExecutor(10) as crowd:
        answers = list(crowd.map(lambda _: ada.phone.exchange(code), range(50)))
    assert sum("external_account_id" in each.json() for each in answers) == 1


def test_lk_02_a_replayed_code_ends_the_session(people: People, ada: SignedIn):
    """LK-02, TK-03: a code that comes back with every proof was seen by two, so the session it answered for is ended."""
    people.tell("ada-too")
    code = open_link(ada.phone, ticket(ada))["code"]
    assert ada.phone.exchange(code).status_code == 200
    assert ada.phone.exchange(code).json()["error"] == "invalid_grant"
    assert ada.me().status_code == 401


def test_lk_02_nothing_but_par_connects(people: People, ada: SignedIn):
    """LK-02: an access token at /authorize, in the URL or the header, begins an ordinary sign-in and connects nothing."""
    people.tell("ada-too", email=f"x-{people.address}")
    phone = ada.phone
    query = urlencode(phone.request(provider="other", user_id=ada.user_id, session_id=ada.claims["sid"]))
    away = phone.browser.get(f"{people.broker.address}/authorize?{query}", headers=ada.bearer)
    assert finish(phone, phone.follow(away)).user_id != ada.user_id
    assert providers(ada) == ["stub"]


def test_par_without_a_token_is_no_ticket(people: People, ada: SignedIn):
    """A pushed request without an access token is a sign-in, whatever its form says."""
    people.tell("ada-too", email=f"x-{people.address}")
    answer = push(ada, {}, provider="other", user_id=ada.user_id, ticket=ada.claims["sid"])
    landed = open_link(ada.phone, answer.json()["request_uri"])
    assert finish(ada.phone, landed).user_id != ada.user_id


def wrong_token(ada: SignedIn) -> dict[str, str]:
    return {
        "nonsense": "Bearer nonsense",
        "signature": f"Bearer {ada.tokens['access_token'][:-4]}AAAA",
        "ID token": f"Bearer {ada.tokens['id_token']}",
        "refresh token": f"Bearer {ada.tokens['refresh_token']}",
        "secret key": f"Bearer {ada.phone.broker.secret_key}",
    }


@pytest.mark.parametrize("kind", ["nonsense", "signature", "ID token", "refresh token", "secret key"])
def test_par_wrong_token(people: People, ada: SignedIn, kind: str):
    """Nothing but a living access token of ours makes a ticket."""
    answer = push(ada, {"authorization": wrong_token(ada)[kind]})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_par_of_an_ended_session(people: People, ada: SignedIn):
    """A session that is over makes no ticket, though its access token is not expired."""
    end(ada)
    assert push(ada).json()["error"] == "invalid_token"


def test_par_of_another_client(people: People, ada: SignedIn):
    """The access token must be the client's own."""
    other = people.broker.make_client(type="public")["client_id"]
    people.broker.allow(HTTPS_REDIRECT, other)
    assert push(ada, client_id=other).json()["error"] == "invalid_token"


def test_par_says_which_provider(people: People, ada: SignedIn):
    """A ticket is for one provider, which the app names; the link cannot choose another."""
    assert push(ada, provider=None).json()["error"] == "invalid_request"
    request_uri = ticket(ada)
    query = {"client_id": "default", "request_uri": request_uri, "provider": "third"}
    answer = ada.phone.browser.get(f"{people.broker.address}/authorize?{urlencode(query)}")
    assert answer.status_code == 400


def test_confidential_client(people: People):
    """A client with a secret shows it in the form, beside the access token in the header; without it there is no ticket."""
    made = people.broker.make_client(type="confidential")
    people.broker.allow(HTTPS_REDIRECT, made["client_id"])
    people.tell("ada")
    phone = people.phone()
    phone.client_id, phone.client_secret = made["client_id"], made["client_secret"]
    ada = SignedIn(phone, phone.sign_in())
    for wrong in ("wrong", None):
        phone.client_secret = wrong
        assert push(ada).json()["error"] == "invalid_client"
    phone.client_secret = made["client_secret"]
    connect(people, ada, "ada-too")
    assert providers(ada) == ["other", "stub"]


def test_connect_only(people: People, ada: SignedIn):
    """A connection that is not for signing in can be connected, and gives a token; signing in with it is refused."""
    with people.switched_off("other", sign_in=False):
        connect(people, ada, "ada-too")
        (token,) = people.broker.admin("GET", f"/v1/users/{ada.user_id}/oauth_access_tokens/other").json()
        assert "ada-too" in token["token"]
        refused = people.come("ada-too", "other")
        assert refused["error"] == "invalid_request"
    with people.switched_off("other"):
        assert push(ada).json()["error"] == "invalid_request"


def test_of_another_user(people: People, ada: SignedIn):
    """An account that is another user's already is refused before there is a code, and both keep what they have."""
    bob = people.sign_in("bob", "other", email=f"bob-{people.address}")
    people.tell("bob", email=f"bob-{people.address}")
    landed = open_link(ada.phone, ticket(ada))
    assert landed["error"] == "access_denied"
    assert "another user" in landed["error_description"]
    assert (providers(ada), providers(bob)) == (["stub"], ["other"])


def test_taken_meanwhile(people: People, ada: SignedIn):
    """An account that became another user's before the exchange is refused there, with words that say so."""
    address = f"bob-{people.address}"
    people.tell("bob", email=address)
    code = open_link(ada.phone, ticket(ada))["code"]
    bob = people.sign_in("bob", "other", email=address)
    answer = ada.phone.exchange(code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert "another user" in answer.json()["error_description"]
    assert (providers(ada), providers(bob)) == (["stub"], ["other"])


def test_provider_switched_off_meanwhile(people: People, ada: SignedIn):
    """A provider that was switched off before the exchange attaches nothing."""
    people.tell("ada-too")
    code = open_link(ada.phone, ticket(ada))["code"]
    with people.switched_off("other"):
        assert ada.phone.exchange(code).json()["error"] == "invalid_grant"
    assert providers(ada) == ["stub"]


def test_connected_again(people: People, ada: SignedIn):
    """Connecting what is connected renews its tokens and adds nothing."""
    first = connect(people, ada, "ada-too")["external_account_id"]
    path = f"/v1/users/{ada.user_id}/oauth_access_tokens/other"
    (before,) = people.broker.admin("GET", path).json()
    assert connect(people, ada, "ada-too")["external_account_id"] == first
    (after,) = people.broker.admin("GET", path).json()
    assert before["token"] != after["token"]
    assert providers(ada) == ["other", "stub"]


def test_several_accounts_of_a_provider(people: People, ada: SignedIn):
    """A second identity of a provider is one more account; a token read lists both, each with its own token."""
    first = connect(people, ada, "work")["external_account_id"]
    second = connect(people, ada, "home")["external_account_id"]
    tokens = people.broker.admin("GET", f"/v1/users/{ada.user_id}/oauth_access_tokens/other").json()
    assert {each["external_account_id"] for each in tokens} == {first, second}
    found = {each["external_account_id"]: each["token"] for each in tokens}
    assert "work" in found[first]
    assert "home" in found[second]
    for subject in ("work", "home"):
        assert people.sign_in(subject, "other").user_id == ada.user_id


def test_refused_at_the_provider(people: People, ada: SignedIn, provider: ProviderStub):
    """Who turns back at the provider attaches nothing, and the app hears access_denied."""
    provider.callback = lambda back: {"error": "access_denied", "state": back["state"]}
    assert open_link(ada.phone, ticket(ada))["error"] == "access_denied"
    assert providers(ada) == ["stub"]


def test_the_user_deleted_meanwhile(people: People, ada: SignedIn):
    """A user who is deleted before the exchange gets nothing attached, and the identity stays free."""
    subject = f"free-{secrets.token_hex(3)}"
    people.tell(subject)
    code = open_link(ada.phone, ticket(ada))["code"]
    people.broker.admin("DELETE", f"/v1/users/{ada.user_id}")
    assert ada.phone.exchange(code).json()["error"] == "invalid_grant"
    assert people.sign_in(subject, "other").user_id != ada.user_id


def test_ticket_from_a_web_app(people: People):
    """A web app of the client may fetch /par with its access token: the preflight lets Authorization through."""
    origin = "https://web.example.com"
    made = people.broker.make_client(type="public", web_origins=[origin])
    people.broker.allow(HTTPS_REDIRECT, made["client_id"])
    people.tell("ada")
    phone = people.phone()
    phone.client_id = made["client_id"]
    ada = SignedIn(phone, phone.sign_in())
    asks = {"origin": origin, "access-control-request-method": "POST"}
    allowed = httpx2.options(f"{people.broker.address}/par", headers=asks, **LOCAL)
    assert "Authorization" in allowed.headers["access-control-allow-headers"]
    answer = push(ada, {**ada.bearer, "origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
