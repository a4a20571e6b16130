"""A provider's ID token with one defect each, on its way through the running broker: by the browser, and from an SDK."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.broker.providers import forging, outcome
from tests.conftest import HTTPS_REDIRECT
from tests.device import Device, assert_refused
from tests.phone import Phone
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, Claims, ProviderStub, answer_json
from tests.running import LOCAL

ACCESS_TOKEN = "at-canary-ada-fixed"


def soon(seconds: int) -> int:
    return int(time.time()) + seconds


def without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def saying(**changes: Any) -> Callable[[Claims], Claims]:
    """Claims with changes; a change that is a function is called with the honest value."""
    return lambda claims: (
        claims
        | {name: value(claims.get(name)) if callable(value) else value for name, value in changes.items()}
    )


ABSENT = "MissingRequiredClaimError"
EARLY = "ImmatureSignatureError"
ALIEN = "InvalidAudienceError"
CLAIMS: dict[str, tuple[Callable[[Claims], Claims], str]] = {
    "iss of another": (saying(iss="https://accounts.example.com"), "iss"),
    "iss missing": (without("iss"), ABSENT),
    "iss with a slash more": (saying(iss=lambda iss: f"{iss}/"), "iss"),
    "iss in capitals": (saying(iss=lambda iss: iss.upper()), "iss"),
    "iss that begins with ours": (saying(iss=lambda iss: f"{iss}.example.com"), "iss"),
    "aud of a stranger": (saying(aud="stranger"), ALIEN),
    "aud missing": (without("aud"), ABSENT),
    "aud that holds ours": (saying(aud=f"{CLIENT_ID}-2"), ALIEN),
    "aud an empty list": (saying(aud=[]), ABSENT),
    "aud with a stranger, no azp": (saying(aud=[CLIENT_ID, "stranger"]), "azp"),
    "aud with a stranger, azp a stranger": (saying(aud=[CLIENT_ID, "stranger"], azp="stranger"), "azp"),
    "azp a stranger": (saying(azp="stranger"), "azp"),
    "azp null": (saying(azp=None), "azp"),
    "exp past": (saying(exp=lambda _: soon(-70)), "ExpiredSignatureError"),
    "exp missing": (without("exp"), ABSENT),
    "exp no number": (saying(exp="never"), "DecodeError"),
    "exp without end": (saying(exp=float("inf")), "DecodeError"),
    "iat in the future": (saying(iat=lambda _: soon(70)), EARLY),
    "iat missing": (without("iat"), ABSENT),
    "nbf in the future": (saying(nbf=lambda _: soon(70)), EARLY),
    "nonce missing": (without("nonce"), "nonce"),
    "nonce of another flow": (saying(nonce="another"), "nonce"),
    "nonce with more behind": (saying(nonce=lambda nonce: f"{nonce}x"), "nonce"),
    "nonce null": (saying(nonce=None), "nonce"),
    "sub missing": (without("sub"), ABSENT),
    "sub null": (saying(sub=None), ABSENT),
    "sub empty": (saying(sub=""), "sub"),
    "sub of 256 characters": (saying(sub="a" * 256), "sub"),
    "sub a number": (saying(sub=7), "InvalidSubjectError"),
    "sub half a surrogate pair": (saying(sub="\ud800"), "text"),
    "name half a surrogate pair": (saying(name="\ud800"), "text"),
    "at_hash of another token": (saying(at_hash=forging.half_hash("another")), "at_hash"),
    "at_hash too short": (saying(at_hash=forging.half_hash(ACCESS_TOKEN)[:-1]), "at_hash"),
    "at_hash null": (saying(at_hash=None), "at_hash"),
}

Maker = Callable[[ProviderStub, Claims], str]
FORGED = "InvalidSignatureError"
UNKNOWN_KEY = "the ID token names an unknown key"
TOKENS: dict[str, tuple[Maker, str]] = {
    "alg none": (lambda _, claims: forging.unsigned(claims), "ID token: alg"),
    "alg nOnE": (lambda _, claims: forging.unsigned(claims, "nOnE"), "ID token: alg"),
    "alg no text": (lambda _, claims: forging.unsigned(claims, ["ES256"]), "ID token: alg"),
    "HS256 with the public key as secret": (
        lambda stub, claims: forging.with_hmac(claims, forging.public_pem(stub)),
        "ID token: alg",
    ),
    "HS256 with the client secret": (
        lambda _, claims: forging.with_hmac(claims, CLIENT_SECRET.encode()),
        "ID token: alg",
    ),
    "RS256 by the name of an ES256 key": (
        lambda stub, claims: stub.sign(claims, key=stub.rsa_key, algorithm="RS256"),
        "ID token: key",
    ),
    "another curve": (
        lambda stub, claims: stub.sign(
            claims, key=ec.generate_private_key(ec.SECP384R1()), algorithm="ES384"
        ),
        "ID token: alg",
    ),
    "signature empty": (
        lambda stub, claims: forging.with_signature(stub.sign(claims), lambda _: ""),
        f"ID token: {FORGED}",
    ),
    "signature cut": (
        lambda stub, claims: forging.with_signature(stub.sign(claims), lambda signature: signature[:80]),
        f"ID token: {FORGED}",
    ),
    "signature of zeros": (
        lambda stub, claims: forging.with_signature(stub.sign(claims), lambda _: forging.segment(bytes(64))),
        f"ID token: {FORGED}",
    ),
    "claims changed after signing": (
        lambda stub, claims: forging.with_other_claims(stub.sign(claims), **without("sub")(claims)),
        f"ID token: {FORGED}",
    ),
    "another's key": (forging.by_stranger, f"ID token: {FORGED}"),
    "another's key in jwk": (
        lambda stub, claims: forging.by_stranger(stub, claims, jwk=forging.own_jwk()),
        f"ID token: {FORGED}",
    ),
    "another's key in jwk under its id": (
        lambda stub, claims: forging.by_stranger(stub, claims, kid="own", jwk=forging.own_jwk()),
        UNKNOWN_KEY,
    ),
    "another's key behind jku": (
        lambda stub, claims: forging.by_stranger(stub, claims, kid="own", jku=f"{stub.issuer}/own"),
        UNKNOWN_KEY,
    ),
    "another's key behind x5u": (
        lambda stub, claims: forging.by_stranger(stub, claims, x5u=f"{stub.issuer}/own", x5c=["AAAA"]),
        f"ID token: {FORGED}",
    ),
    "crit unknown": (
        lambda stub, claims: forging.signed(stub, claims, crit=["exp"], exp=1),
        "ID token: header",
    ),
    "b64 false": (
        lambda stub, claims: forging.signed(stub, claims, b64=False),
        "ID token: header",
    ),
    "JWE": (lambda _, claims: forging.encrypted(claims), "ID token: shape"),
    "nested": (
        lambda stub, claims: forging.signed(stub, stub.sign(claims).encode(), cty="JWT"),
        "ID token: header",
    ),
    "nested, unnamed": (
        lambda stub, claims: forging.signed(stub, stub.sign(claims).encode()),
        "ID token: DecodeError",
    ),
    "claims a list": (lambda stub, claims: forging.signed(stub, [claims]), "ID token: DecodeError"),
    "iss in a list": (
        lambda stub, claims: forging.signed(stub, {**claims, "iss": [claims["iss"]]}),
        "ID token: iss",
    ),
    "named as nested": (
        lambda stub, claims: forging.signed(stub, claims, cty="JWT"),
        "ID token: header",
    ),
    "an access token": (
        lambda stub, claims: forging.signed(stub, claims, typ="at+jwt"),
        "ID token: header",
    ),
    "typ no text": (lambda stub, claims: forging.signed(stub, claims, typ=7), "ID token: header"),
    "kid no text": (lambda stub, claims: forging.signed(stub, claims, kid=7), "ID token: header"),
    "no token": (lambda _, __: "", "there is no ID token"),
    "one segment": (lambda _, __: "x", "ID token: shape"),
    "ten thousand segments": (lambda _, __: "a." * 10_000, "ID token: shape"),
    "a header of 3 KiB": (
        lambda stub, claims: forging.signed(stub, claims, more="x" * 3072),
        "ID token: shape",
    ),
    "claims of 9 KiB": (lambda stub, claims: stub.sign({**claims, "x": "x" * 9216}), "ID token: shape"),
    "claims five thousand deep": (
        lambda stub, _: forging.signed(stub, b'{"sub":' + b"[" * 5000),
        "ID token: DecodeError",
    ),
    "a number of five thousand digits": (
        lambda stub, _: forging.signed(stub, b'{"exp":' + b"9" * 5000 + b"}"),
        "ID token: DecodeError",
    ),
}

SOUND: dict[str, Callable[[Claims], Claims]] = {
    "as it comes": saying(),
    "aud a list of us": saying(aud=[CLIENT_ID]),
    "aud with a stranger, azp us": saying(aud=["stranger", CLIENT_ID], azp=CLIENT_ID),
    "exp half a minute ago": saying(exp=lambda _: soon(-30)),
    "iat half a minute ahead": saying(iat=lambda _: soon(30)),
    "nbf half a minute ahead": saying(nbf=lambda _: soon(30)),
    "sub of 255 characters": saying(sub="b" * 255, email="b@example.com"),
    "at_hash right": saying(at_hash=forging.half_hash(ACCESS_TOKEN)),
}


class Callback:
    """The way through the browser: the provider's token endpoint gives the ID token."""

    event = "sign_in_failed"

    def __init__(self, device: Device, browser: httpx2.Client) -> None:
        self._phone = Phone(device.broker, device.client_id, HTTPS_REDIRECT, "device", browser=browser)

    def let_in(self) -> None:
        assert self._phone.sign_in()["access_token"]

    def refuse(self, _: str) -> None:
        outcome.assert_refused(self._phone.land(), self._phone)


class Exchange:
    """The way past it: an SDK gives the ID token to the app, which shows it at /token."""

    event = "native_sign_in_failed"

    def __init__(self, device: Device, _: httpx2.Client) -> None:
        self._device = device

    def let_in(self) -> None:
        assert self._device.sign_in()["access_token"]

    def refuse(self, defect: str) -> None:
        answer = self._device.try_in()
        if defect in UNREADABLE:
            assert answer.status_code in (400, 413)
            assert answer.json()["error"] == "invalid_request"
        else:
            assert_refused(answer)


UNREADABLE = {
    "no token",
    "ten thousand segments",
    "claims of 9 KiB",
}  # refused as parameters, before anything is taken
DOORS: dict[str, type[Callback] | type[Exchange]] = {"callback": Callback, "token": Exchange}
# An SDK's token comes without the access token that its at_hash would be held against.
WRONG_CLAIMS = [
    (door, defect) for door in DOORS for defect in CLAIMS if door == "callback" or "at_hash" not in defect
]
FORGERIES = [(door, defect) for door in DOORS for defect in TOKENS]


@pytest.fixture
def asked(device: Device, door: str) -> Iterator[Callback | Exchange]:
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        yield DOORS[door](device, browser)


def refused_at(asked: Callback | Exchange, device: Device, defect: str, rule: str) -> None:
    """The defect is told to our log alone, and Redis holds nothing that it did not hold before."""
    before = outcome.everything(device.broker)
    asked.refuse(defect)
    outcome.assert_nothing_stored(device.broker, before)
    if isinstance(asked, Callback) or defect not in UNREADABLE:
        assert outcome.reason(device.broker, asked.event) == rule


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("sound", SOUND)
def test_oc_01_sound_tokens(asked: Callback | Exchange, provider: ProviderStub, sound: str):
    """OC-01: A token inside the rules, clocks half a minute apart included, signs the person in at both doors."""
    provider.token_fields = {"access_token": ACCESS_TOKEN}
    provider.claims = SOUND[sound]
    asked.let_in()


@pytest.mark.parametrize(("door", "defect"), WRONG_CLAIMS)
def test_oc_01_one_wrong_claim(
    asked: Callback | Exchange, device: Device, provider: ProviderStub, defect: str
):
    """OC-01, OC-04: One claim out of order ends the sign-in at both doors with constant words, and nothing is stored."""
    change, rule = CLAIMS[defect]
    provider.subject = "oc01"
    provider.token_fields = {"access_token": ACCESS_TOKEN.replace("ada", "oc01")}
    provider.claims = change
    refused_at(asked, device, defect, f"ID token: {rule}")


@pytest.mark.parametrize(("door", "defect"), FORGERIES)
def test_oc_02_forged_tokens(asked: Callback | Exchange, device: Device, provider: ProviderStub, defect: str):
    """OC-02, OC-03: A token with another algorithm, key, signature, header or shape than agreed signs nobody in."""
    make, rule = TOKENS[defect]
    provider.subject = "oc02"
    provider.make_id_token = lambda claims: make(provider, claims)
    refused_at(asked, device, defect, rule)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("pointer", ["jku", "x5u"])
def test_oc_03_no_pointer_is_followed(asked: Callback | Exchange, provider: ProviderStub, pointer: str):
    """OC-03: An address in a token's header is never asked for keys."""
    provider.answers["/own"] = answer_json({"keys": [forging.own_jwk()]})
    provider.make_id_token = lambda claims: forging.by_stranger(
        provider, claims, kid="own", **{pointer: f"{provider.issuer}/own"}
    )
    asked.refuse(pointer)
    assert not provider.asked("/own")


@pytest.mark.parametrize("door", DOORS)
def test_oc_01_after_a_refusal(asked: Callback | Exchange, provider: ProviderStub):
    """OC-01: A refused token leaves no trace in the browser or the broker that would spoil the next sign-in."""
    provider.claims = saying(nonce="another")
    asked.refuse("nonce")
    provider.reset()
    asked.let_in()
