"""Sealing: AES-256-GCM, a data key per record wrapped by the ring, the record's name bound in (TV-01).

A sealed record is `version(1) id-length(1) key-id nonce(12) wrapped-data-key(48) nonce(12) ciphertext`.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.core.encryption_keys import EncryptionKeys

VERSION = b"\x01"
NONCE = 12
WRAPPED = 32 + 16


class SealBroken(Exception):
    """A record was changed, cut, moved to another name, or sealed with a key that is not in the ring."""


class Sealer:
    """Seals and opens records. `name` is where the record lives; under another name it does not open (TV-01)."""

    def __init__(self, keys: EncryptionKeys) -> None:
        self.newest = keys.newest
        self._wrapping = {key_id: AESGCM(key) for key_id, key in keys.keys.items()}

    def seal(self, plaintext: bytes, name: str) -> bytes:
        header = VERSION + bytes([len(self.newest)]) + self.newest.encode()
        bound = header + name.encode()
        data_key, wrap_nonce, nonce = (
            secrets.token_bytes(32),
            secrets.token_bytes(NONCE),
            secrets.token_bytes(NONCE),
        )
        wrapped = self._wrapping[self.newest].encrypt(wrap_nonce, data_key, bound)
        return header + wrap_nonce + wrapped + nonce + AESGCM(data_key).encrypt(nonce, plaintext, bound)

    def open(self, sealed: bytes, name: str) -> bytes:
        """Raises SealBroken; never gives back a part (TV-02)."""
        wrapping = self._wrapping.get(key_id_of(sealed))
        if wrapping is None:
            raise SealBroken(name)
        header, rest = sealed[: 2 + sealed[1]], sealed[2 + sealed[1] :]
        wrap_nonce, rest = rest[:NONCE], rest[NONCE:]
        wrapped, rest = rest[:WRAPPED], rest[WRAPPED:]
        bound = header + name.encode()
        try:
            data_key = wrapping.decrypt(wrap_nonce, wrapped, bound)
            return AESGCM(data_key).decrypt(rest[:NONCE], rest[NONCE:], bound)
        except (InvalidTag, ValueError):
            raise SealBroken(name) from None

    def rewrap(self, sealed: bytes, name: str) -> bytes:
        """The same content under the newest key. All of it is sealed anew, since the key's id is bound to the content
        too. Raises SealBroken."""
        return self.seal(self.open(sealed, name), name)


def key_id_of(sealed: bytes) -> str:
    """Which key of the ring a record says it needs; empty for what is no record. Read, not proven."""
    if len(sealed) < 2 or sealed[:1] != VERSION:
        return ""
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")
