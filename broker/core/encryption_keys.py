"""The ring of encryption keys: named, newest first; the newest writes, all read (`BROKER_ENCRYPTION_KEYS`)."""

import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
Unwrap = Callable[[str, str, str], str]  # key id, source, what the source was given -> the key in base64


def no_source(key_id: str, source: str, reference: str) -> str:
    """Where only keys themselves are taken."""
    del source, reference
    raise ValueError(f"the key {key_id} is not base64")


@dataclass(frozen=True, slots=True)
class EncryptionKeys:
    """`keys` maps each key id to 32 bytes, newest first."""

    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str, unwrap: Unwrap = no_source) -> "EncryptionKeys":
        """Read `id:base64,id:source:reference`. Raises ValueError that says which part is wrong and never shows a key."""
        keys: dict[str, bytes] = {}
        for part in text.split(","):
            key_id, colon, rest = part.strip().partition(":")
            if not colon or not KEY_ID.fullmatch(key_id):
                raise ValueError("each key is written id:base64, the id in lower-case letters, digits and -")
            if key_id in keys:
                raise ValueError(f"the key id {key_id} stands twice")
            source, elsewhere, reference = rest.partition(":")  # base64 has no colon
            keys[key_id] = read_key(key_id, unwrap(key_id, source, reference) if elsewhere else rest)
        if len(set(keys.values())) < len(keys):
            raise ValueError("two ids share one key")
        return cls(keys)

    @property
    def newest(self) -> str:
        return next(iter(self.keys))

    @property
    def marks(self) -> tuple[str, ...]:
        """Each id with a check value behind it, newest first: tells another key under an old id, and nothing more."""
        checks = self.derive("check value")
        return tuple(f"{key_id}.{check[:4].hex()}" for key_id, check in zip(self.keys, checks, strict=True))

    def derive(self, purpose: str) -> tuple[bytes, ...]:
        """One 32-byte key for `purpose` from each ring key, newest first (HKDF, RFC 5869)."""
        return tuple(
            HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(key)
            for key in self.keys.values()
        )


def read_key(key_id: str, encoded: str) -> bytes:
    try:
        key = b64decode(encoded, validate=True)
    except (NotBase64, ValueError):
        raise ValueError(f"the key {key_id} is not base64") from None
    if len(key) != 32:
        raise ValueError(f"the key {key_id} has {len(key)} bytes, not 32")
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    # 32 random bytes have fewer than 12 different values once in 10^17, are all ASCII once in 10^9
    if len(set(key)) < 12 or len(steps) < 12 or key.isascii():
        raise ValueError(f"the key {key_id} is not random; make one with `broker keys new`")
    return key


def new_key() -> str:
    """The key of a ring entry, in base64."""
    return b64encode(secrets.token_bytes(32)).decode()


def new_encryption_key(key_id: str) -> str:
    """One ring entry as it stands in the setting."""
    return f"{key_id}:{new_key()}"
