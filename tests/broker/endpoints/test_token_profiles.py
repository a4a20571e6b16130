"""The two kinds of access token as a resource server sees them: JWKS over HTTP, an independent look at the JWT."""

import time
from typing import Any

import jwt
import pytest

from broker.core.signing_keys import SigningKeys, new_signing_keys
from broker.core.tokens import sign
from tests.phone import Phone
from tests.running import RunningBroker, keys

OURS = SigningKeys.parse(keys()["BROKER_SIGNING_KEYS"])
STRANGERS = SigningKeys.parse(new_signing_keys())


@pytest.fixture
def clerk_phone(broker: RunningBroker, phone: Phone) -> Phone:
    """The phone's app as a client whose backend verifies with one of Clerk's SDKs."""
    phone.client_id = broker.make_client(token_profile="clerk")["client_id"]
    broker.allow(phone.redirect_uri, phone.client_id)
    return phone


def verified(broker: RunningBroker, token: str, **options: Any) -> dict[str, Any]:
    """The claims, checked by PyJWT with the published key."""
    published = jwt.PyJWKSet.from_dict(broker.get("/.well-known/jwks.json").json())
    header = jwt.get_unverified_header(token)
    key = published[header["kid"]]
    return dict(jwt.decode(token, key, algorithms=[header["alg"]], issuer=broker.issuer, **options))


def bearer(broker: RunningBroker, token: str) -> int:
    return broker.get("/userinfo", headers={"authorization": f"Bearer {token}"}).status_code


def test_jw_01_as_a_resource_server_sees_it(phone: Phone, broker: RunningBroker):
    """JW-01: the published key verifies an access token of typ at+jwt whose claims are those of RFC 9068."""
    token = phone.sign_in()["access_token"]
    claims = verified(broker, token, audience=broker.issuer)
    assert {key: jwt.get_unverified_header(token)[key] for key in ("typ", "alg")} == {
        "typ": "at+jwt",
        "alg": "ES256",
    }
    assert {"iss", "sub", "aud", "client_id", "sid", "scope", "jti", "iat", "exp"} == set(claims)
    assert claims["client_id"] == "default"
    assert 0 < claims["exp"] - claims["iat"] <= 900


def test_the_clerk_profile_over_http(clerk_phone: Phone, broker: RunningBroker):
    """A Clerk client's access token is RS256 and typ JWT, has the claims its SDKs check, azp the client and no aud,
    at sign-in and after a refresh."""
    tokens = clerk_phone.sign_in()
    again = clerk_phone.refresh(tokens["refresh_token"]).json()
    for token in (tokens["access_token"], again["access_token"]):
        header, claims = jwt.get_unverified_header(token), verified(broker, token)
        assert (header["alg"], header["typ"]) == ("RS256", "JWT")
        assert {"iss", "sub", "sid", "azp", "sts", "fva", "v", "jti", "nbf", "iat", "exp"} == set(claims)
        assert (claims["azp"], claims["sts"], claims["v"]) == (clerk_phone.client_id, "active", 2)
        assert claims["fva"] == [0, -1]
        assert claims["nbf"] <= claims["iat"] < claims["exp"] <= claims["iat"] + 900
        assert (claims["sub"][:5], claims["sid"][:5]) == ("user_", "sess_")


def test_clerk_sdks_can_take_the_key_as_pem(broker: RunningBroker):
    """The published RSA key has 2048 bits and exponent 65537; Clerk's JavaScript cuts a PEM of fixed length."""
    published = broker.get("/.well-known/jwks.json").json()["keys"]
    assert {key["alg"] for key in published} == {"ES256", "RS256"}
    numbers = [jwt.PyJWK(key).key.public_numbers() for key in published if key["kty"] == "RSA"]
    assert [(each.n.bit_length(), each.e) for each in numbers] == [(2048, 65537)]


def test_a_clerk_token_opens_our_own_doors(clerk_phone: Phone, broker: RunningBroker):
    """Userinfo and introspection take a Clerk client's token, until its session is ended."""
    tokens = clerk_phone.sign_in()
    ask = {
        "data": {"token": tokens["access_token"]},
        "headers": {"authorization": f"Bearer {broker.secret_key}"},
    }
    assert bearer(broker, tokens["access_token"]) == 200
    assert broker.post("/introspect", **ask).json()["active"] is True
    clerk_phone.revoke(tokens["access_token"])
    assert bearer(broker, tokens["access_token"]) == 401
    assert broker.post("/introspect", **ask).json() == {"active": False}


FORGERIES: dict[str, tuple[dict[str, Any], str, SigningKeys, str]] = {
    "a stranger's key": ({}, "ES256", STRANGERS, "at+jwt"),
    "another audience": ({"aud": "https://api.example.com"}, "ES256", OURS, "at+jwt"),
    "an issuer that contains ours": ({"iss": "{iss}.evil.example"}, "ES256", OURS, "at+jwt"),
    "an ID token's type": ({}, "ES256", OURS, "JWT"),
    "the other algorithm's key": ({}, "RS256", OURS, "at+jwt"),
    "no azp in the Clerk profile": ({"aud": None}, "RS256", OURS, "JWT"),
    "expired": ({"exp": 1}, "ES256", OURS, "at+jwt"),
    "no end": ({"exp": None}, "ES256", OURS, "at+jwt"),
    "another person": ({"sub": "user_" + "0" * 24}, "ES256", OURS, "at+jwt"),
    "no session": ({"sid": None}, "ES256", OURS, "at+jwt"),
    "a session that is no id": ({"sid": "sess_*"}, "ES256", OURS, "at+jwt"),
    "a subject that is no id": ({"sub": "}:x"}, "ES256", OURS, "at+jwt"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_jw_02_forged_tokens_open_no_door(phone: Phone, broker: RunningBroker, name: str):
    """JW-02: a token of a living session with one thing wrong is 401 at userinfo and inactive at introspection."""
    changes, algorithm, ring, kind = FORGERIES[name]
    genuine = phone.sign_in()["access_token"]
    claims = {**jwt.decode(genuine, options={"verify_signature": False}), **changes}
    claims["iss"] = claims["iss"].format(iss=broker.issuer)
    claims = {key: value for key, value in claims.items() if value is not None}
    forged = sign(claims, ring.signing(algorithm), kind)
    assert (bearer(broker, genuine), bearer(broker, forged)) == (200, 401)
    headers = {"authorization": f"Bearer {broker.secret_key}"}
    assert broker.post("/introspect", data={"token": forged}, headers=headers).json() == {"active": False}


def test_in_01_an_expired_token_is_inactive(phone: Phone, broker: RunningBroker):
    """IN-01: an access token that has run out is exactly {"active": false}, though its session lives."""
    genuine = phone.sign_in()["access_token"]
    now = int(time.time())
    claims = jwt.decode(genuine, options={"verify_signature": False}) | {"iat": now - 700, "exp": now - 100}
    headers = {"authorization": f"Bearer {broker.secret_key}"}
    for token, active in ((genuine, True), (sign(claims, OURS.signing("ES256"), "at+jwt"), False)):
        told = broker.post("/introspect", data={"token": token}, headers=headers).json()
        assert told["active"] is active
        assert active or told == {"active": False}


def test_logout_takes_an_expired_id_token(phone: Phone, broker: RunningBroker):
    """/logout ends the session of an ID token that has run out: people sign out days later."""
    tokens = phone.sign_in()
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False}) | {"iat": 1, "exp": 2}
    hint = sign(claims, OURS.signing("RS256"), "JWT")
    assert broker.get("/logout", params={"id_token_hint": hint}).status_code == 200
    assert bearer(broker, tokens["access_token"]) == 401


def test_logout_does_not_mix_clients(phone: Phone, broker: RunningBroker):
    """/logout with a client_id that is not the ID token's is refused, and the session lives."""
    tokens = phone.sign_in()
    other = broker.make_client()["client_id"]
    answer = broker.get("/logout", params={"id_token_hint": tokens["id_token"], "client_id": other})
    assert answer.status_code == 400
    assert bearer(broker, tokens["access_token"]) == 200
