"""What each form of a session in a browser repeats, and no other site can (OWASP, signed double submit)."""

import hmac

from broker.core.opaque import new_secret


def new_csrf(secret: str) -> str:
    """Made of the cookie's value, so nothing is kept, and under a salt of its own in each page, so that the length of a packed
    page tells nothing of it (BREACH)."""
    salt = new_secret()[:16]
    return f"{salt}.{salted(salt, secret)}"


def is_csrf_of(secret: str, shown: str) -> bool:
    """Whether a page of this cookie's session had it."""
    salt, _, proof = shown.partition(".")
    return hmac.compare_digest(salted(salt, secret).encode(), proof.encode())


def salted(salt: str, secret: str) -> str:
    return hmac.digest(secret.encode(), f"csrf {salt}".encode(), "sha256").hex()
