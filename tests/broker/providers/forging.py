"""ID tokens that no library would make, put together by hand."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.provider_stub import Claims, ProviderStub

OWN_KEY = ec.generate_private_key(ec.SECP256R1())


def segment(part: object) -> str:
    """One part of a compact token: bytes as they are, everything else as JSON."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(claims: Claims, algorithm: object = "none") -> str:
    """RFC 7515's unsecured token."""
    return f"{segment({'alg': algorithm, 'kid': 'stub-1'})}.{segment(claims)}."


def with_hmac(claims: Claims, secret: bytes) -> str:
    """HS256 with whatever an attacker may know as the secret."""
    signed = f"{segment({'alg': 'HS256', 'kid': 'stub-1', 'typ': 'JWT'})}.{segment(claims)}"
    return f"{signed}.{segment(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def public_pem(stub: ProviderStub) -> bytes:
    return stub.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def own_jwk() -> Claims:
    """The forger's own public key, as a JWK."""
    numbers = OWN_KEY.public_key().public_numbers()
    x, y = (segment(number.to_bytes(32)) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "own", "alg": "ES256", "use": "sig"}


def by_stranger(stub: ProviderStub, claims: Claims, **header: Any) -> str:
    """Signed with the forger's own key, with a header that points to it."""
    return stub.sign(claims, headers=header, key=OWN_KEY)


def with_signature(token: str, change: Any) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{change(signature)}"


def with_other_claims(token: str, **changes: Any) -> str:
    """An honest signature under claims that were changed after it."""
    head, _, signature = token.split(".")
    return f"{head}.{segment({'sub': 'mallory', **changes})}.{signature}"


def signed(stub: ProviderStub, payload: object, **header: Any) -> str:
    """Signed with the provider's true key, whatever it says: libraries refuse to write some of it."""
    head = {"alg": "ES256", "kid": "stub-1", "typ": "JWT", **header}
    text = f"{segment(head)}.{segment(payload)}"
    r, s = decode_dss_signature(stub.key.sign(text.encode(), ec.ECDSA(SHA256())))
    return f"{text}.{segment(r.to_bytes(32) + s.to_bytes(32))}"


def encrypted(claims: Claims) -> str:
    """The five segments of a JWE, with a costly key derivation in its header."""
    header = {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1, "p2s": "AAAA"}
    return ".".join([segment(header), *(segment(b"x" * 16),) * 2, segment(claims), segment(b"y" * 16)])


def half_hash(text: str) -> str:
    """`at_hash` as OpenID Connect Core section 3.1.3.6 has it, for an algorithm with SHA-256."""
    return segment(hashlib.sha256(text.encode()).digest()[:16])
