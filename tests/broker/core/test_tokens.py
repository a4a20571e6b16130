"""Our JWTs: what they say, and all that is not taken for one."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from broker.core.client import Client
from broker.core.errors import OAuthError
from broker.core.records import Session
from broker.core.signing_keys import SigningKeys, new_signing_keys
from broker.core.tokens import ACCESS_TOKEN_LIFETIME, TokenIssuer, sign

ISSUER, AUDIENCE = "https://auth.example.com", "https://api.example.com"
RING = new_signing_keys()
CLIENT = Client(client_id="app_1", name="App", created_at=0, updated_at=0)


@pytest.fixture
def issuer() -> TokenIssuer:
    return TokenIssuer(ISSUER, AUDIENCE, SigningKeys.parse(RING))


@pytest.fixture
def session() -> Session:
    now = int(time.time())
    return Session(
        id="sess_" + "a" * 24,
        user_id="user_" + "b" * 24,
        client_id="app_1",
        scope="profile",
        signed_in_at=now - 120,
        last_active_at=now,
        idle_until=now + 60,
        expires_at=now + 60,
        current="",
    )


def decode(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def test_jw_01_an_access_token(issuer: TokenIssuer, session: Session):
    """JW-01: typ at+jwt, ES256, our key id, and the claims of RFC 9068, for at most 15 minutes."""
    now = int(time.time())
    header, claims = decode(issuer.access_token(session, CLIENT, "profile", now))
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    assert header["kid"] in issuer.keys.verifying
    assert {"iss", "aud", "sub", "client_id", "scope", "sid", "jti", "iat", "exp"} == set(claims)
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, AUDIENCE, session.user_id)
    assert claims["exp"] - claims["iat"] == ACCESS_TOKEN_LIFETIME <= 900


def test_jw_01_no_two_have_one_id(issuer: TokenIssuer, session: Session):
    """JW-01: each token has a jti of its own."""
    ids = {decode(issuer.access_token(session, CLIENT, "profile", 1))[1]["jti"] for _ in range(100)}
    assert len(ids) == 100


def test_the_clerk_profile(issuer: TokenIssuer, session: Session):
    """A client with the Clerk profile gets what Clerk's backend SDKs check: RS256, typ JWT, no aud, azp and the rest."""
    client = Client(client_id="app_1", name="App", token_profile="clerk", created_at=0, updated_at=0)
    now = int(time.time())
    header, claims = decode(issuer.access_token(session, client, "profile", now))
    assert (header["typ"], header["alg"]) == ("JWT", "RS256")
    assert "aud" not in claims
    assert (claims["azp"], claims["sid"], claims["sts"], claims["v"]) == ("app_1", session.id, "active", 2)
    assert claims["fva"] == [2, -1]
    assert claims["nbf"] < claims["iat"] == now
    assert (
        issuer.verify_access_token(issuer.access_token(session, client, "profile", now))["sid"] == session.id
    )


def good_claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "user_1", "aud": AUDIENCE, "sid": "sess_1", "iat": now, "exp": now + 60}
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


BAD_CLAIMS = {
    "another issuer": {"iss": "https://auth.example.org"},
    "an issuer that contains ours": {"iss": ISSUER + ".evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "https://other.example.com"},
    "an audience list with ours": {"aud": [AUDIENCE, "x"]},
    "no audience": {"aud": None},
    "expired": {"exp": int(time.time()) - 1},
    "no expiry": {"exp": None},
    "issued tomorrow": {"iat": int(time.time()) + 86_400},
    "no subject": {"sub": None},
    "no session": {"sid": None},
    "a session that is no text": {"sid": 7},
}


@pytest.mark.parametrize("changes", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
def test_jw_02_wrong_claims(issuer: TokenIssuer, changes: dict[str, Any]):
    """JW-02: a token with our signature and one wrong claim is refused."""
    key = issuer.keys.signing("ES256")
    assert issuer.verify_access_token(sign(good_claims(), key, "at+jwt"))
    with pytest.raises(OAuthError, match="invalid_token"):
        issuer.verify_access_token(sign(good_claims(**changes), key, "at+jwt"))


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def forgeries(issuer: TokenIssuer) -> dict[str, str]:
    key, claims = issuer.keys.signing("ES256"), good_claims()
    good = sign(claims, key, "at+jwt")
    head, body, signature = good.split(".")
    pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    hs256 = f"{encoded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': key.id})}.{body}"
    stranger = ec.generate_private_key(ec.SECP256R1())
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(stranger.public_key(), as_dict=True)
    hmac_signature = (
        base64.urlsafe_b64encode(hmac.digest(pem, hs256.encode(), "sha256")).rstrip(b"=").decode()
    )
    return {
        "alg none": f"{encoded({'alg': 'none', 'typ': 'at+jwt', 'kid': key.id})}.{body}.",
        "HS256 with our public key": f"{hs256}.{hmac_signature}",
        "no signature": f"{head}.{body}.",
        "half a signature": f"{head}.{body}.{signature[:40]}",
        "another body": f"{head}.{encoded({**claims, 'sub': 'user_2'})}.{signature}",
        "another key": jwt.encode(claims, stranger, "ES256", {"kid": key.id, "typ": "at+jwt"}),
        "its own key in the header": jwt.encode(
            claims, stranger, "ES256", {"kid": key.id, "typ": "at+jwt", "jwk": jwk}
        ),
        "an unknown key id": jwt.encode(claims, key.private, "ES256", {"kid": "x", "typ": "at+jwt"}),
        "no key id": jwt.encode(claims, key.private, "ES256", {"typ": "at+jwt"}),
        "another type": sign(claims, key, "JWT"),
        "a critical extension": jwt.encode(
            claims, key.private, "ES256", {"kid": key.id, "typ": "at+jwt", "crit": ["x"]}
        ),
        "the RSA key's id": jwt.encode(
            claims, key.private, "ES256", {"kid": issuer.keys.signing("RS256").id, "typ": "at+jwt"}
        ),
        "RS256 as at+jwt": sign(claims, issuer.keys.signing("RS256"), "at+jwt"),
        "RS256 without azp": sign(claims, issuer.keys.signing("RS256"), "JWT"),
        "five parts": f"{good}.x.y",
        "nothing": "",
        "too long": good + "A" * 9000,
    }


@pytest.mark.parametrize("kind", forgeries(TokenIssuer(ISSUER, AUDIENCE, SigningKeys.parse(RING))))
def test_jw_02_forgeries(issuer: TokenIssuer, kind: str):
    """JW-02: no forged token is taken for one of ours."""
    with pytest.raises(OAuthError, match="invalid_token"):
        issuer.verify_access_token(forgeries(issuer)[kind])


def test_jw_03_an_id_token_is_no_access_token(issuer: TokenIssuer, session: Session):
    """JW-03: an ID token does not pass as an access token, nor an access token of either profile as an ID token."""
    now = int(time.time())
    clerk = Client(client_id="app_1", name="App", token_profile="clerk", created_at=0, updated_at=0)
    id_token = issuer.id_token(session, "n", "at", now)
    assert issuer.verify_id_token_hint(id_token)["sid"] == session.id
    with pytest.raises(OAuthError):
        issuer.verify_access_token(id_token)
    for client in (CLIENT, clerk):
        with pytest.raises(OAuthError):
            issuer.verify_id_token_hint(issuer.access_token(session, client, "profile", now))


def test_jw_06_rotation(session: Session):
    """JW-06: a new key is published before it signs; the old one verifies after; the newest of a kind signs."""
    old, new = RING, new_signing_keys()
    now = int(time.time())
    stages = [
        TokenIssuer(ISSUER, AUDIENCE, SigningKeys.parse(ring))
        for ring in (old, f"{old},{new}", f"{new},{old}")
    ]
    tokens = [stage.access_token(session, CLIENT, "profile", now) for stage in stages]
    assert stages[1].keys.signing("ES256").id == stages[0].keys.signing("ES256").id
    assert stages[2].keys.signing("ES256").id != stages[0].keys.signing("ES256").id
    for token in tokens:
        assert stages[1].verify_access_token(token)
        assert stages[2].verify_access_token(token)


def test_jw_06_only_public_members_are_shown(issuer: TokenIssuer):
    """JW-06: the JWK Set holds both algorithms and no private member."""
    keys = issuer.keys.jwks["keys"]
    assert {key["alg"] for key in keys} == {"ES256", "RS256"}
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & {name for key in keys for name in key}
    assert all({"kid", "use", "kty"} <= set(key) for key in keys)


UNUSABLE = {
    "nothing": "",
    "no base64": "x",
    "no key": "AAAA",
    "one kind only": RING.split(",")[0],
    "each twice": f"{RING},{RING}",
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_rings_are_refused(text: str):
    """A ring that is garbled, lacks a kind or repeats a key is refused without showing it."""
    with pytest.raises(ValueError, match=r"key|twice") as refusal:
        SigningKeys.parse(text)
    assert not text or len(text) < 8 or text not in str(refusal.value)
