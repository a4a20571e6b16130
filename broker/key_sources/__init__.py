"""Where the ring's keys come from: the setting itself, a file, AWS KMS, HashiCorp Vault. One file a source.

An entry of `BROKER_ENCRYPTION_KEYS` is `id:base64` or `id:source:reference`. The ring is opened once, at the start; then
its keys are in this process's memory alone. To ask the key service for every record would make a token read two calls
over the network instead of one, and let nobody have a token while the service is away. The price: whoever reads the
memory of a running broker has the ring, and a key disabled at the service works until the brokers are started anew.
"""

from importlib import import_module
from typing import Protocol, cast

from broker.core.encryption_keys import EncryptionKeys
from broker.key_sources.unopened import Unopened

# A source's file is imported only when an entry names it: boto3 alone would double the time of a start.
FILES = {"file": "file", "aws-kms": "aws_kms", "vault": "vault"}
EXTRAS = {"aws-kms": "aws", "vault": "vault"}


class KeySource(Protocol):
    """What each of these files offers. Keys are base64; the key's id is bound in, so entries cannot trade places."""

    def unwrap(self, key_id: str, reference: str) -> str:
        """The key that a ring entry refers to. Raises Unopened, without a word of the key or its reference."""

    def wrap(self, key_id: str, key: str, wrapping_key: str) -> str:
        """Give a new key into the source's care; what comes back stands in the entry. Raises Unopened."""


def open_ring(text: str) -> EncryptionKeys:
    """Raises ValueError."""
    return EncryptionKeys.parse(text, unwrap)


def unwrap(key_id: str, name: str, reference: str) -> str:
    return source(name).unwrap(key_id, reference)


def source(name: str) -> KeySource:
    """Raises Unopened. An unknown name is not repeated: it may be a piece of a mistyped key."""
    if name not in FILES:
        raise Unopened(f"an entry names a source that is none of {', '.join(FILES)}")
    try:
        return cast("KeySource", import_module(f"{__name__}.{FILES[name]}"))
    except ModuleNotFoundError:
        raise Unopened(f"{name} needs more packages: install mobile-oauth-broker[{EXTRAS[name]}]") from None
