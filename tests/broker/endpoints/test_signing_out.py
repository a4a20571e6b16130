"""/revoke, /introspect, /userinfo and /logout: the ways in which a session is asked about and ended."""

import base64
from typing import Any

import httpx2
import pytest

from tests.phone import Phone
from tests.running import RunningBroker

INACTIVE = {"active": False}


@pytest.fixture
def confidential(broker: RunningBroker, phone: Phone) -> Phone:
    client = broker.make_client(type="confidential")
    broker.allow(phone.redirect_uri, client["client_id"])
    phone.client_id, phone.client_secret = client["client_id"], client["client_secret"]
    return phone


def introspect(phone: Phone, token: str, **form: str | None) -> Any:
    answer = phone.call("/introspect", {"token": token, **form})
    return answer.json() if answer.status_code == 200 else answer


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_rv_01_revoking_ends_the_session(phone: Phone, which: str):
    """RV-01: revoking either token ends the session: no refresh, no userinfo."""
    tokens = phone.sign_in()
    assert phone.revoke(tokens[which]).status_code == 200
    assert phone.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert phone.userinfo(tokens["access_token"]).status_code == 401


def test_rv_01_no_oracle(phone: Phone):
    """RV-01: a known, a revoked, an unknown and a garbled token get the same answer."""
    token = phone.sign_in()["refresh_token"]
    invented = token[:53] + "A" * 65
    answers = {
        (answer.status_code, answer.text) for answer in map(phone.revoke, (token, token, invented, "garbage"))
    }
    assert answers == {(200, "{}")}


def test_rv_01_an_invented_token_ends_nothing(phone: Phone):
    """RV-01: knowing a session's ids is not holding its token."""
    token = phone.sign_in()["refresh_token"]
    phone.revoke(token[:53] + "A" * 65)
    assert phone.refresh(token).status_code == 200


def test_rv_02_only_the_owner(phone: Phone, broker: RunningBroker):
    """RV-02: another client's revocation is answered alike and changes nothing."""
    token = phone.sign_in()["refresh_token"]
    assert phone.revoke(token, client_id=broker.make_client()["client_id"]).status_code == 200
    assert phone.refresh(token).status_code == 200


def test_rv_02_a_confidential_clients_token_needs_its_secret(confidential: Phone):
    """RV-02: a confidential client's token is not ended by whoever found it."""
    token = confidential.sign_in()["refresh_token"]
    assert confidential.revoke(token, client_id=None, client_secret=None).status_code == 200
    assert confidential.revoke(token, client_secret=None).status_code == 401
    assert confidential.refresh(token).status_code == 200


def test_a_bare_token_of_a_public_client_is_enough(phone: Phone):
    """react-native-app-auth sends the token alone; for a public client that ends the session."""
    token = phone.sign_in()["refresh_token"]
    phone.revoke(token, client_id=None)
    assert phone.refresh(token).json()["error"] == "invalid_grant"


def test_in_01_needs_authentication(phone: Phone, confidential: Phone):
    """IN-01: a public client, and a confidential one without its secret, may not introspect."""
    assert introspect(phone, "x", client_id="default", client_secret=None).json()["error"] == "invalid_client"
    assert introspect(confidential, "x", client_secret=None).status_code == 401


def test_in_01_own_live_tokens_are_active(confidential: Phone):
    """IN-01: a client sees its own live tokens, with their claims."""
    tokens = confidential.sign_in()
    about = introspect(confidential, tokens["access_token"])
    assert about["active"] is True
    assert about["client_id"] == confidential.client_id
    assert introspect(confidential, tokens["refresh_token"])["token_type"] == "refresh_token"


def test_in_01_everything_else_is_just_inactive(confidential: Phone, broker: RunningBroker):
    """IN-01: garbled, rotated away, foreign and revoked tokens are exactly {"active": false}."""
    tokens = confidential.sign_in()
    successor = confidential.refresh(tokens["refresh_token"]).json()
    foreign = Phone(broker, "default", confidential.redirect_uri, browser=confidential.browser).sign_in()
    for token in ("garbage", tokens["refresh_token"], foreign["access_token"], foreign["refresh_token"]):
        assert introspect(confidential, token) == INACTIVE
    confidential.revoke(successor["refresh_token"])
    assert introspect(confidential, successor["access_token"]) == INACTIVE


def test_in_01_a_backend_asks_with_its_secret_key(phone: Phone, broker: RunningBroker):
    """IN-01: a backend with a secret key may ask about every token; a wrong key gets nothing."""
    token = phone.sign_in()["access_token"]
    right = broker.post(
        "/introspect", data={"token": token}, headers={"authorization": f"Bearer {broker.secret_key}"}
    )
    wrong = broker.post("/introspect", data={"token": token}, headers={"authorization": "Bearer sk_wrong"})
    assert right.json()["active"] is True
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")


def test_jw_05_signed_out_is_refused_at_once(phone: Phone):
    """JW-05: after sign-out userinfo refuses the still unexpired JWT."""
    tokens = phone.sign_in()
    phone.revoke(tokens["refresh_token"])
    assert phone.userinfo(tokens["access_token"]).status_code == 401


def test_jw_07_a_401_says_what_is_wrong(broker: RunningBroker):
    """JW-07: a refused bearer gets WWW-Authenticate with invalid_token, and none of the token back."""
    answer = broker.get("/userinfo", headers={"authorization": "Bearer canary-token"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert "canary" not in answer.text + str(answer.headers)


def test_jw_07_without_a_token_no_error_is_named(broker: RunningBroker):
    """JW-07: a request without credentials is asked for a bearer and told of no error (RFC 6750 section 3.1)."""
    assert broker.get("/userinfo").headers["www-authenticate"] == "Bearer"


def test_jw_04_only_in_the_header(phone: Phone, broker: RunningBroker):
    """JW-04: an access token in the query, in a form or in a cookie is not looked at."""
    token = phone.sign_in()["access_token"]
    answers = [
        broker.get(f"/userinfo?access_token={token}"),
        broker.post("/userinfo", data={"access_token": token}),
        broker.get("/userinfo", headers={"cookie": f"access_token={token}"}),
    ]
    assert {answer.status_code for answer in answers} == {401}


def test_userinfo_tells_what_the_scope_opens(phone: Phone):
    """Userinfo says no more than the scope allows, by GET and by POST."""
    bare = phone.userinfo(phone.sign_in(scope="openid")["access_token"]).json()
    assert set(bare) == {"sub"}
    token = phone.sign_in(scope="openid email")["access_token"]
    told = phone.broker.post("/userinfo", headers={"authorization": f"Bearer {token}"}).json()
    assert {"email", "email_verified"} <= set(told)
    assert "name" not in told


def logout(broker: RunningBroker, **query: str) -> httpx2.Response:
    return broker.get("/logout", params=query)


def test_logout_ends_the_session_and_returns(phone: Phone, broker: RunningBroker):
    """/logout with an ID token ends its session and returns to a listed address with the state."""
    tokens = phone.sign_in()
    back = logout(
        broker, id_token_hint=tokens["id_token"], post_logout_redirect_uri=phone.redirect_uri, state="s 1"
    )
    assert (back.status_code, back.headers["location"]) == (303, f"{phone.redirect_uri}?state=s%201")
    assert phone.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_logout_by_form(phone: Phone, broker: RunningBroker):
    """/logout takes the same by POST."""
    tokens = phone.sign_in()
    assert broker.post("/logout", data={"id_token_hint": tokens["id_token"]}).status_code == 200
    assert phone.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_logout_goes_nowhere_else(phone: Phone, broker: RunningBroker):
    """/logout to an unlisted address is a page, and the session lives on."""
    tokens = phone.sign_in()
    back = logout(broker, id_token_hint=tokens["id_token"], post_logout_redirect_uri="https://evil.example/")
    assert back.status_code == 400
    assert "location" not in back.headers
    assert phone.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("hint", ["garbage", "access_token"])
def test_logout_takes_only_our_id_tokens(phone: Phone, broker: RunningBroker, hint: str):
    """/logout with something that is no ID token of ours ends nothing."""
    tokens = phone.sign_in()
    assert logout(broker, id_token_hint=tokens.get(hint, hint)).status_code == 400
    assert phone.refresh(tokens["refresh_token"]).status_code == 200


def test_logout_without_a_hint_says_so(broker: RunningBroker):
    """/logout without an ID token shows a page that says there is nothing to end."""
    page = logout(broker)
    assert page.status_code == 200
    assert "Nothing to sign out of" in page.text


def test_jw_03_no_token_stands_for_another(phone: Phone, broker: RunningBroker):
    """JW-03: a refresh token, an ID token, a code and a secret key are not access tokens, nor the reverse."""
    code = phone.land()["code"]
    tokens = phone.sign_in()
    for other in (tokens["refresh_token"], tokens["id_token"], code, broker.secret_key):
        assert phone.userinfo(other).status_code == 401
    assert phone.refresh(tokens["access_token"]).status_code == 400
    admin = broker.get("/v1/clients", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert admin.status_code == 401


def test_a_basic_header_that_is_none(broker: RunningBroker):
    """An unreadable Authorization header is invalid_client and not a server error."""
    for encoded in ("###", base64.b64encode(b"no-colon").decode(), base64.b64encode(b"\xff:\xff").decode()):
        answer = broker.post("/revoke", data={"token": "x"}, headers={"authorization": f"Basic {encoded}"})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
