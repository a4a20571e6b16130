"""The keys that sign our tokens, and the JWK Set that shows their public halves (RFC 7517, `BROKER_SIGNING_KEYS`)."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from joserfc.jwk import thumbprint
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey

# Thumbprints of the private keys printed in RFC 7515 A.3 and RFC 7517 A.2: everybody has them.
SAMPLES = ("oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")


@dataclass(frozen=True)
class SigningKey:
    """One private key; its id is the thumbprint of its public half (RFC 7638), so it needs no name of its own."""

    private: PrivateKey = field(repr=False)

    @property
    def algorithm(self) -> str:
        return "ES256" if isinstance(self.private, EllipticCurvePrivateKey) else "RS256"

    @cached_property
    def public_jwk(self) -> dict[str, Any]:
        if isinstance(self.private, EllipticCurvePrivateKey):
            jwk = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        else:
            jwk = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        jwk.pop("key_ops", None)
        return jwk | {"kid": thumbprint(jwk), "use": "sig", "alg": self.algorithm}

    @property
    def id(self) -> str:
        return str(self.public_jwk["kid"])


@dataclass(frozen=True)
class SigningKeys:
    """The first key of an algorithm signs; the others are published, so that a new key is known before its use
    and an old one verifies until its last token is gone (JW-06)."""

    keys: tuple[SigningKey, ...]

    @classmethod
    def parse(cls, text: str) -> "SigningKeys":
        """Read comma-separated base64 PKCS#8 DER. Raises ValueError that shows no key."""
        keys = tuple(read_key(n, part.strip()) for n, part in enumerate(text.split(","), 1))
        for algorithm in ("ES256", "RS256"):
            if not any(key.algorithm == algorithm for key in keys):
                raise ValueError(f"there is no {algorithm} key; make both with `broker keys new`")
        if len({key.id for key in keys}) < len(keys):
            raise ValueError("one key stands twice")
        if any(key.id in SAMPLES for key in keys):
            raise ValueError("one key is a sample that everybody has; make both with `broker keys new`")
        return cls(keys)

    def signing(self, algorithm: str) -> SigningKey:
        return self._first[algorithm]

    @cached_property
    def _first(self) -> dict[str, SigningKey]:
        return {key.algorithm: key for key in reversed(self.keys)}

    @cached_property
    def verifying(self) -> dict[str, tuple[str, Any]]:
        """Key id to (algorithm, public key)."""
        return {key.id: (key.algorithm, key.private.public_key()) for key in self.keys}

    @cached_property
    def jwks(self) -> dict[str, Any]:
        """The published JWK Set: public members only."""
        return {"keys": [key.public_jwk for key in self.keys]}


def read_key(number: int, encoded: str) -> SigningKey:
    try:
        private = load_der_private_key(b64decode(encoded, validate=True), password=None)
    except (NotBase64, ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f"key {number} is not a PKCS#8 private key in base64") from None
    if isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
        return SigningKey(private)
    # 2048 exactly: the Clerk SDKs cut a fixed prefix from the PEM and fail on longer keys (research: clerk.md 3)
    if isinstance(private, RSAPrivateKey) and private.key_size == 2048:
        return SigningKey(private)
    raise ValueError(f"key {number} is neither an EC P-256 key nor an RSA key of 2048 bits")


def new_signing_keys() -> str:
    """An ES256 and an RS256 key as they stand in the setting."""
    made: list[PrivateKey] = [generate_ec(SECP256R1()), generate_rsa(65537, 2048)]
    return ",".join(
        b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
        for key in made
    )
