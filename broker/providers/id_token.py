"""Checking a provider's ID token (OpenID Connect Core section 3.1.3.7). No I/O: keys come as an argument."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256, sha384, sha512
from typing import Any

import jwt
import msgspec
from jwt.utils import base64url_decode

from broker.providers.errors import broken

LEEWAY = 60  # seconds (OC-01)
LONGEST_TOKEN = 8192
LONGEST_HEADER = 2048
TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HASHES = {"RS256": sha256, "ES256": sha256, "PS256": sha256, "EdDSA": sha512, "ES384": sha384}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the token must agree with; all of it is ours or configured, nothing is the token's own word.

    `presenters` are who may have asked for it: `azp` says who did, or else the one audience. Without an `access_token` it
    came alone, so that its `at_hash` has nothing to be held against. `nonce_may_lack` is for a token that a code gave
    whose sign-in was proven by another token.
    """

    issuers: tuple[str, ...]
    audiences: tuple[str, ...]
    presenters: tuple[str, ...]
    algorithms: tuple[str, ...]
    nonce: str
    nonce_may_lack: bool = False
    access_token: str | None = None


class UnknownKey(Exception):
    """The token names a key that the set does not hold; a fresh set might."""


def verify_id_token(token: str, keys: Mapping[str, jwt.PyJWK], expected: Expected) -> dict[str, Any]:
    """The claims. Raises OAuthError server_error whose detail names the failed rule, or UnknownKey."""
    required = ("iss", "sub", "aud", "exp", "iat")
    claims, algorithm = verify_signed(token, keys, expected.algorithms, required, expected.audiences)
    for name, holds in ID_TOKEN_RULES.items():
        if not holds(claims, expected, algorithm):
            raise broken(f"ID token: {name}")
    return claims


def verify_signed(
    token: str,
    keys: Mapping[str, jwt.PyJWK],
    algorithms: tuple[str, ...],
    required: tuple[str, ...],
    audiences: tuple[str, ...] | None,
) -> tuple[dict[str, Any], str]:
    """The claims of a signed token that is valid now, and its algorithm. Whom it is for is left to the caller where
    `audiences` is None. Raises OAuthError server_error, or UnknownKey."""
    header = read_header(token, algorithms)
    key = choose_key(header, keys)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            [header["alg"]],
            audience=audiences,
            leeway=LEEWAY,
            options={
                "require": list(required),
                "verify_aud": audiences is not None,
                "enforce_minimum_key_length": True,
            },
        )
    except jwt.PyJWTError as error:
        raise broken(f"ID token: {type(error).__name__}") from None
    return claims, header["alg"]


def read_header(token: str, algorithms: tuple[str, ...]) -> dict[str, Any]:
    """Cheap checks before any key work (D-09). Keys in the header are never looked at (OC-03)."""
    if len(token) > LONGEST_TOKEN or token.count(".") != 2 or len(token.split(".", 1)[0]) > LONGEST_HEADER:
        raise broken("ID token: shape")
    try:  # PyJWT's own reader would decode all three parts, which jwt.decode does again
        header = msgspec.json.decode(base64url_decode(token.split(".", 1)[0]), type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError):
        raise broken("ID token: header") from None
    if header.get("alg") not in algorithms:
        raise broken("ID token: alg")
    if {"crit", "b64", "cty"} & header.keys() or not isinstance(header.get("kid", ""), str):
        raise broken("ID token: header")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise broken("ID token: header")
    return header


def choose_key(header: dict[str, Any], keys: Mapping[str, jwt.PyJWK]) -> jwt.PyJWK:
    """By the key id; without one, only when there is no choice. A key made for another algorithm does not serve."""
    key = keys.get(header["kid"]) if "kid" in header else next(iter(keys.values()), None)
    if key is None or ("kid" not in header and len(keys) > 1):
        raise UnknownKey
    if key.key_type != KEY_TYPES[header["alg"]] or key.algorithm_name not in (header["alg"], None):
        raise broken("ID token: key")
    return key


KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "ES384": "EC", "EdDSA": "OKP"}

Rule = Callable[[dict[str, Any], Expected, str], bool]


def issuer_equal(claims: dict[str, Any], expected: Expected, _: str) -> bool:
    """`{tid}` in a configured issuer is the token's tenant, if that is a tenant's id at all."""
    tenant = claims.get("tid")
    named = tenant if isinstance(tenant, str) and TENANT.fullmatch(tenant) else "{tid}"
    issuers = [issuer.replace("{tid}", named) for issuer in expected.issuers]
    return claims["iss"] in [issuer for issuer in issuers if "{tid}" not in issuer]


def no_stranger(claims: dict[str, Any], expected: Expected, _: str) -> bool:
    """A second audience needs `azp`, and `azp` is us; so is the one audience where there is none."""
    listed = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return claims.get("azp", listed[0] if len(listed) == 1 else None) in expected.presenters


def subject_usable(claims: dict[str, Any], _: Expected, __: str) -> bool:
    return isinstance(claims["sub"], str) and 1 <= len(claims["sub"]) <= 255


def nonce_equal(claims: dict[str, Any], expected: Expected, _: str) -> bool:
    told = claims.get("nonce", expected.nonce if expected.nonce_may_lack else None)
    return bool(told == expected.nonce)


def at_hash_fits(claims: dict[str, Any], expected: Expected, algorithm: str) -> bool:
    """Optional in the code flow; if there, it must fit (OC-04)."""
    if "at_hash" not in claims or expected.access_token is None:
        return True
    digest = HASHES[algorithm](expected.access_token.encode()).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return bool(claims["at_hash"] == half)


def is_text(claims: dict[str, Any], _: Expected, __: str) -> bool:
    """JSON can spell half of a surrogate pair, which no text that we store or send can hold."""
    try:
        return bool(json.dumps(claims, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return False


# Signature, aud, exp, iat and nbf are PyJWT's; these are the rest.
ID_TOKEN_RULES: dict[str, Rule] = {
    "text": is_text,
    "iss": issuer_equal,
    "azp": no_stranger,
    "sub": subject_usable,
    "nonce": nonce_equal,
    "at_hash": at_hash_fits,
}
