"""Sign in with Apple: the secret that is minted for each call, and the name that comes beside the code."""

import json
import time

import jwt
import pytest

from broker.core.errors import OAuthError
from broker.core.identity import Identity
from broker.providers import CATALOGUE
from broker.providers.catalogue.apple import mint_client_secret
from broker.providers.provider import Connection, with_posted_name
from tests.apple import CREDENTIALS, KEY
from tests.broker.providers.conftest import AtStub
from tests.provider_stub import CLIENT_ID

APPLE, GOOGLE = CATALOGUE["apple"], CATALOGUE["google"]
NOW = 1_800_000_000


def connection(**credentials: str) -> Connection:
    return Connection(
        provider=APPLE,
        client_id="com.example.signin",
        credentials=CREDENTIALS | credentials,
        scopes=(),
        additional_scopes=(),
        callback="https://auth.example.com/callback/apple",
    )


def test_oc_09_minted_secret():
    """OC-09: The secret is an ES256 token of the team's key for Apple's one audience, good for five minutes."""
    secret = connection().client_secret(NOW)
    assert secret is not None
    assert jwt.get_unverified_header(secret) == {"alg": "ES256", "kid": "KEY7654321", "typ": "JWT"}
    claims = jwt.decode(
        secret,
        KEY.public_key(),
        ["ES256"],
        options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
    )
    assert claims == {
        "iss": "TEAM123456",
        "sub": "com.example.signin",
        "aud": "https://appleid.apple.com",
        "iat": NOW,
        "exp": NOW + 300,
    }


def test_oc_09_only_apple_mints():
    """OC-09: The audience is fixed in the catalogue's entry, and no other provider is sent an assertion."""
    assert APPLE.mint_client_secret is mint_client_secret
    assert GOOGLE.mint_client_secret is None


@pytest.mark.anyio
async def test_oc_09_on_the_wire(at_stub: AtStub):
    """OC-09: What the token endpoint gets is that token, made for the call, and no key of ours."""
    at_stub.pretend(APPLE)
    at_stub.credentials, at_stub.now = CREDENTIALS, int(time.time())
    with pytest.raises(OAuthError):  # the stub's tokens are not Apple's
        await at_stub.sign_in()
    (form,) = at_stub.stub.asked("/token")
    assert form["client_id"] == CLIENT_ID
    claims = jwt.decode(
        form["client_secret"], KEY.public_key(), ["ES256"], audience="https://appleid.apple.com"
    )
    assert (claims["sub"], claims["exp"] - claims["iat"]) == (CLIENT_ID, 300)
    assert "code_verifier" not in form
    assert not set(CREDENTIALS.values()) & set(form.values())
    assert "authorization" not in {name.lower() for name in at_stub.stub.headers["/token"][0]}


@pytest.mark.anyio
async def test_oc_09_another_apples_token(at_stub: AtStub):
    """OC-09: An ES256 token of somebody who is asked in Apple's place signs nobody in."""
    at_stub.pretend(APPLE)
    at_stub.credentials = CREDENTIALS
    at_stub.stub.claims = lambda claims: {**claims, "iss": "https://appleid.apple.com"}
    with pytest.raises(OAuthError) as raised:
        await at_stub.sign_in()
    assert raised.value.detail == "ID token: alg"


@pytest.mark.anyio
async def test_apples_own_token(at_stub: AtStub):
    """An RS256 token as Apple signs it, with "true" in a string, signs the person in."""
    stub = at_stub.stub
    at_stub.pretend(APPLE)
    at_stub.credentials = CREDENTIALS
    rsa = jwt.algorithms.RSAAlgorithm.to_jwk(stub.rsa_key.public_key(), as_dict=True)
    stub.keys = [{**rsa, "kid": "apple-1", "use": "sig", "alg": "RS256"}]
    stub.claims = lambda claims: {
        **{name: value for name, value in claims.items() if name != "name"},
        "iss": "https://appleid.apple.com",
        "email_verified": "true",
    }
    stub.make_id_token = lambda claims: jwt.encode(claims, stub.rsa_key, "RS256", {"kid": "apple-1"})
    identity, tokens = await at_stub.sign_in()
    assert identity == Identity(subject="ada", email="ada@example.com", email_verified=True)
    assert tokens.refresh_token


SIGNED = Identity(subject="1", email="relay@example.com", email_verified=False)
POSTED = {
    "first and last": (
        {"name": {"firstName": "Ada", "lastName": "Lovelace"}},
        ("Ada Lovelace", "Ada", "Lovelace"),
    ),
    "first alone": ({"name": {"firstName": "Ada"}}, ("Ada", "Ada", None)),
    "empty": ({"name": {"firstName": "", "lastName": ""}}, (None, None, None)),
    "no name": ({"email": "mallory@example.com"}, (None, None, None)),
    "a list": ([], (None, None, None)),
    "a name of another kind": ({"name": "Ada"}, (None, None, None)),
    "a first name of another kind": ({"name": {"firstName": 7}}, (None, None, None)),
    "essays": ({"name": {"firstName": "a" * 1000, "lastName": "b"}}, ("a" * 200, "a" * 100, "b")),
}


@pytest.mark.parametrize("posted", POSTED)
def test_cb_09_a_name_and_no_more(posted: str):
    """CB-09: From the unsigned `user` field a name is taken if it is one, and nothing else, whatever it claims."""
    said, names = POSTED[posted]
    forged = {
        "email": "victim@example.com",
        "email_verified": True,
        "sub": "2",
        "subject": "2",
        "picture": "x",
    }
    text = json.dumps({**forged, **said} if isinstance(said, dict) else said)
    identity = with_posted_name(APPLE, SIGNED, text)
    assert (identity.name, identity.given_name, identity.family_name) == names
    assert (identity.subject, identity.email, identity.email_verified) == ("1", "relay@example.com", False)
    assert identity.picture is None


@pytest.mark.parametrize("text", ["", "{", "null", "[" * 4000, '{"name":{"firstName":"\\ud800"}}', "\x00"])
def test_cb_09_no_json(text: str):
    """CB-09: A `user` field that is no JSON is as if it had not been posted."""
    assert with_posted_name(APPLE, SIGNED, text) == SIGNED


def test_cb_09_never_over_a_signed_name():
    """CB-09: A signed name stays, and a provider that does not post gets no name from a field of that name."""
    forged = json.dumps({"name": {"firstName": "Mallory"}})
    named = Identity(subject="1", name="Ada")
    assert with_posted_name(APPLE, named, forged) == named
    assert with_posted_name(GOOGLE, SIGNED, forged) == SIGNED
    assert with_posted_name(APPLE, SIGNED, None) == SIGNED
