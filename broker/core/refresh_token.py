"""Refresh tokens: `rt_<user>_<session>_<secret><mark>` (RFC 6749 section 1.5, rotation by RFC 9700 section 4.14.2).

The ids lead to the session without an index. The mark is a MAC that says "once ours": an old token that comes back
is told from garbage, so nobody can end a stranger's session by inventing a token with its id.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from broker.core.opaque import fingerprint, new_secret

SHAPE = re.compile(r"rt_([0-9a-f]{24})_([0-9a-f]{24})_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{22})")


@dataclass(frozen=True, slots=True)
class PresentedRefreshToken:
    """A token somebody showed, read but not yet believed."""

    text: str
    user_id: str
    session_id: str

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.text)


def read(text: str) -> PresentedRefreshToken | None:
    """None when it cannot be one of ours; costs no Redis."""
    found = SHAPE.fullmatch(text)
    return found and PresentedRefreshToken(text, f"user_{found[1]}", f"sess_{found[1]}{found[2]}")


def first(user_id: str, session_id: str, keys: tuple[bytes, ...]) -> str:
    """The first token of a session."""
    return mint(user_id, session_id, new_secret(), keys[0])


def successor(presented: PresentedRefreshToken, salt: str, key: bytes) -> str:
    """The token that replaces `presented`. A function of key, token and salt: within the grace it is made again
    for a client whose answer was lost, though only its fingerprint is stored."""
    secret = mac(key, f"successor:{salt}:{presented.text}")
    return mint(presented.user_id, presented.session_id, secret, key)


def repeated(
    presented: PresentedRefreshToken, salt: str, current: str, keys: tuple[bytes, ...]
) -> str | None:
    """The successor that was handed out before, known by its fingerprint `current`; any key of the ring may have
    made it. None when that key is gone."""
    candidates = (successor(presented, salt, key) for key in keys)
    return next((text for text in candidates if fingerprint(text) == current), None)


def once_ours(presented: PresentedRefreshToken, keys: tuple[bytes, ...]) -> bool:
    """Whether this broker made the token, however long ago."""
    body, mark = presented.text[:-22], presented.text[-22:]
    return any(hmac.compare_digest(mac(key, body)[:22], mark) for key in keys)


def mint(user_id: str, session_id: str, secret: str, key: bytes) -> str:
    own = session_id[-24:]  # what stands before it is the user's
    body = f"rt_{user_id.removeprefix('user_')}_{own}_{secret}"
    return body + mac(key, body)[:22]


def mac(key: bytes, text: str) -> str:
    """HMAC-SHA256 in base64url, 43 characters."""
    return urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")).rstrip(b"=").decode()
