"""What we hand out and never keep: random values and the fingerprints by which we know them again.

The only place in `core` where chance lives.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode


def new_id(prefix: str) -> str:
    """`user_5f...`: names a record, 96 random bits in hex so that it can stand in keys and tokens; not a secret."""
    return f"{prefix}_{secrets.token_hex(12)}"


def new_session_id(user_id: str) -> str:
    """`sess_<user><random>`: whose session it is stands in its id, so that a session is found without an index."""
    return f"sess_{user_id.removeprefix('user_')}{secrets.token_hex(12)}"


def new_secret() -> str:
    """256 random bits, base64url: a state, a nonce, a verifier, a secret. 43 characters."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """By what we find a handed-out value again. Plain SHA-256 will do: the input has 256 random bits (D-15)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def derived_secret(secret: str, purpose: str) -> str:
    """Another 256 bits, the same each time for who holds `secret`, and telling nothing of it. 43 characters."""
    mac = hmac.digest(secret.encode(), purpose.encode(), "sha256")
    return urlsafe_b64encode(mac).rstrip(b"=").decode()
