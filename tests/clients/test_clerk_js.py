"""`@clerk/backend` as npm has it, pointed at the broker: every call that the broker answers, its errors, our token."""

import base64
import time
from typing import Any

import jwt
import pytest

from broker.core.signing_keys import SigningKeys, new_signing_keys
from broker.core.tokens import sign
from tests.clients.clerk import ClerkJs, Person, Refused, connect_second_account, keys_of, pem
from tests.running import RunningBroker, keys

OURS = SigningKeys.parse(keys()["BROKER_SIGNING_KEYS"])
PUBLISHABLE = "pk_live_" + base64.b64encode(b"broker.example.com$").decode()


def test_redirect_urls(clerk_js: ClerkJs):
    """A redirect URL is created, listed, got and deleted."""
    made = clerk_js.call("redirectUrls.createRedirectUrl", {"url": "com.example.clerkjs:/cb"})
    assert made["url"] == "com.example.clerkjs:/cb"
    listed = clerk_js.call("redirectUrls.getRedirectUrlList")
    assert len(listed["data"]) == min(
        10, listed["totalCount"]
    )  # this SDK asks for no more, and others add some too
    assert {"id", "url", "createdAt", "updatedAt"} <= listed["data"][0].keys()
    assert clerk_js.call("redirectUrls.getRedirectUrl", made["id"]) == made
    assert clerk_js.call("redirectUrls.deleteRedirectUrl", made["id"])["id"] == made["id"]
    with pytest.raises(Refused) as refused:
        clerk_js.call("redirectUrls.getRedirectUrl", made["id"])
    assert refused.value.told == (404, "resource_not_found", None)


def test_users_are_listed_and_counted(clerk_js: ClerkJs, person: Person):
    """The list finds somebody by address, with the count beside it; the newest user comes first."""
    found = clerk_js.call("users.getUserList", {"emailAddress": [person.email], "limit": 5})
    assert [each["id"] for each in found["data"]] == [person.user_id]
    assert found["totalCount"] == 1
    assert clerk_js.call("users.getCount", {"emailAddress": [person.email, "nobody@example.com"]}) == 1
    newest = clerk_js.call("users.getUserList", {"orderBy": "-created_at", "userId": [person.user_id]})
    assert newest["data"][0]["id"] == person.user_id


def test_a_user(clerk_js: ClerkJs, person: Person):
    """A user has name, primary address and the account at the provider, in the SDK's own resource."""
    user = clerk_js.call("users.getUser", person.user_id)
    (email,), (account,) = user["emailAddresses"], user["externalAccounts"]
    assert user["primaryEmailAddressId"] == email["id"]
    assert (email["emailAddress"], email["verification"]["status"]) == (person.email, "verified")
    assert email["linkedTo"] == [{"id": account["identificationId"], "type": "oauth_stub"}]
    assert (account["provider"], account["emailAddress"]) == ("oauth_stub", person.email)
    assert account["id"].startswith("eac_")
    assert person.email.startswith(account["providerUserId"])
    assert abs(user["lastSignInAt"] / 1000 - time.time()) < 60


@pytest.mark.parametrize("name", ["stub", "oauth_stub"])
def test_oauth_access_tokens(clerk_js: ClerkJs, person: Person, name: str):
    """The provider's token comes with its scopes, by either form of the provider's name."""
    found = clerk_js.call("users.getUserOauthAccessToken", person.user_id, name)
    (token,) = found["data"]
    assert token["token"].startswith("at-canary-person-")
    assert token["provider"] == "oauth_stub"
    assert "openid" in token["scopes"]
    assert found["totalCount"] == 1


@pytest.mark.anyio
async def test_an_external_account_is_deleted(clerk_js: ClerkJs, person: Person, broker: RunningBroker):
    """One of two accounts can be deleted; the last one, without which nobody could sign in, cannot."""
    second = await connect_second_account(broker, person.user_id)
    gone = clerk_js.call(
        "users.deleteUserExternalAccount", {"userId": person.user_id, "externalAccountId": second}
    )
    assert (gone["id"], gone["deleted"]) == (second, True)
    (left,) = clerk_js.call("users.getUser", person.user_id)["externalAccounts"]
    arguments = {"userId": person.user_id, "externalAccountId": left["id"]}
    with pytest.raises(Refused) as refused:
        clerk_js.call("users.deleteUserExternalAccount", arguments)
    assert refused.value.told == (400, "last_required_identification_deletion_failed", None)


def test_a_user_is_deleted(clerk_js: ClerkJs, person: Person, broker: RunningBroker):
    """A deleted user is unknown, their session is over, and no record of theirs stays but what is told of the deletion."""
    assert clerk_js.call("users.deleteUser", person.user_id)["deleted"] is True
    with pytest.raises(Refused) as refused:
        clerk_js.call("users.getUser", person.user_id)
    assert refused.value.told == (404, "resource_not_found", None)
    assert clerk_js.call("users.getCount", {"emailAddress": [person.email]}) == 0
    kinds = {key.partition(":")[0] for key in keys_of(broker, person.user_id)}
    assert kinds <= {"gone", "outbox", "session", "code", "revocation"}


def test_sessions(clerk_js: ClerkJs, person: Person):
    """A session is listed, got, verified with its token, and revoked for good."""
    wanted = {"userId": person.user_id, "status": "active", "limit": 2}
    listed = clerk_js.call("sessions.getSessionList", wanted)
    (session,) = listed["data"]
    assert (session["id"], session["userId"], session["status"]) == (
        person.session_id,
        person.user_id,
        "active",
    )
    assert listed["totalCount"] == 1
    assert clerk_js.call("sessions.getSession", person.session_id) == session
    assert clerk_js.call("sessions.verifySession", person.session_id, person.token)["status"] == "active"
    assert clerk_js.call("sessions.revokeSession", person.session_id)["status"] == "revoked"
    assert clerk_js.call("sessions.getSessionList", wanted)["data"] == []
    with pytest.raises(Refused) as refused:
        clerk_js.call("sessions.verifySession", person.session_id, person.token)
    assert refused.value.told == (422, "form_param_value_invalid", "token")


def test_session_tokens(clerk_js: ClerkJs, person: Person, broker: RunningBroker):
    """A backend makes a session token that the SDK itself verifies, with the lifetime it asked for; a template that is
    not there is 404."""
    made = clerk_js.call("sessions.getToken", person.session_id)["jwt"]
    assert clerk_js.call("verifyToken", made, {"jwtKey": pem(broker)})["sub"] == person.user_id
    short = clerk_js.call("sessions.getToken", person.session_id, None, 30)["jwt"]
    claims = jwt.decode(short, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 30
    with pytest.raises(Refused) as refused:
        clerk_js.call("sessions.getToken", person.session_id, "hasura")
    assert refused.value.told == (404, "resource_not_found", None)


def test_jwks(clerk_js: ClerkJs, broker: RunningBroker):
    """The SDK finds the keys where the metadata has them."""
    assert clerk_js.call("jwks.getJwks") == broker.get("/.well-known/jwks.json").json()


def test_errors_are_the_sdks_own(clerk_js: ClerkJs, person: Person):
    """A wrong key, an unknown id and a bad field are ClerkAPIResponseErrors with status, code and field."""
    with pytest.raises(Refused) as refused:
        clerk_js.call("users.getUser", person.user_id, secretKey="sk_" + "A" * 43)
    assert refused.value.told == (401, "clerk_key_invalid", None)
    with pytest.raises(Refused) as refused:
        clerk_js.call("sessions.getSession", "sess_" + "0" * 48)
    assert refused.value.told == (404, "resource_not_found", None)
    with pytest.raises(Refused) as refused:
        clerk_js.call("users.getUserList", {"orderBy": "-shoe_size"})
    assert refused.value.told == (422, "form_param_format_invalid", "order_by")
    with pytest.raises(Refused) as refused:
        clerk_js.call("redirectUrls.createRedirectUrl", {"url": "javascript:alert(1)"})
    assert refused.value.told == (422, "invalid_redirect_url", "url")


@pytest.mark.parametrize("way", ["jwt_key", "jwks"])
def test_our_session_token_is_verified(clerk_js: ClerkJs, person: Person, broker: RunningBroker, way: str):
    """verifyToken takes our token offline with the key as PEM, and with the keys it fetches from the broker."""
    options = {"jwtKey": pem(broker)} if way == "jwt_key" else clerk_js.client
    claims = clerk_js.call("verifyToken", person.token, options)
    assert (claims["sub"], claims["sid"]) == (person.user_id, person.session_id)


def forged(person: Person, what: str) -> str:
    claims: dict[str, Any] = dict(person.claims)
    if what == "expired":
        return sign(claims | {"exp": 1_700_000_000}, OURS.signing("RS256"), "JWT")
    stranger = SigningKeys.parse(new_signing_keys()).signing("RS256")
    if what == "a stranger's key":
        return sign(claims, stranger, "JWT")
    return jwt.encode(claims, stranger.private, "RS256", {"kid": OURS.signing("RS256").id, "typ": "JWT"})


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("expired", "token-expired"),
        ("a stranger's key", "jwk-kid-mismatch"),
        ("a stranger's key under our id", "token-invalid-signature"),
    ],
)
def test_forged_tokens_are_refused_by_the_sdk(clerk_js: ClerkJs, person: Person, what: str, reason: str):
    """A token of another key, under our key's id too, and one that has run out do not verify."""
    with pytest.raises(Refused) as refused:
        clerk_js.call("verifyToken", forged(person, what), clerk_js.client)
    assert refused.value.error["reason"] == reason


@pytest.mark.parametrize("key", ["jwt_key", "jwks"])
def test_a_request_is_authenticated(clerk_js: ClerkJs, person: Person, broker: RunningBroker, key: str):
    """authenticateRequest, which Clerk's middlewares are made of, signs our bearer in, with the app named as a party
    that may; without a token, and for another app's, nobody is signed in."""
    client = {"publishableKey": PUBLISHABLE} | ({"jwtKey": pem(broker)} if key == "jwt_key" else {})
    options = {"authorizedParties": [person.claims["azp"]]}
    request: dict[str, Any] = {"url": "https://api.example.com/", "headers": {}}
    bearer = request | {"headers": {"authorization": f"Bearer {person.token}"}}
    told = clerk_js.call("authenticateRequest", bearer, options, **client)
    assert (told["isAuthenticated"], told["userId"], told["sessionId"]) == (
        True,
        person.user_id,
        person.session_id,
    )
    assert not clerk_js.call("authenticateRequest", request, options, **client)["isAuthenticated"]
    others = {"authorizedParties": ["app_other"]}
    assert not clerk_js.call("authenticateRequest", bearer, others, **client)["isAuthenticated"]
