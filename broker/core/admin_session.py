"""Who is signed in to the dashboard, and whether a form was sent from it. Pure."""

from urllib.parse import urlsplit

import msgspec

from broker.core.secret_keys import EVERYTHING, SecretKey

LONGEST = 8 * 3600  # seconds


class AdminSession(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that showed a secret key, or a person whose verified address is on the list. Of a key only the fingerprint
    is remembered: what it may do is looked up at each request, and whether it still lives. One of the two is None."""

    key: str | None = None
    email: str | None = None
    expires_at: int  # seconds

    def alive(self, now: int) -> bool:
        return now < self.expires_at


def key_of_person(email: str) -> SecretKey:
    """Who came by a listed address may do everything, under this name in the audit log."""
    return SecretKey(id=f"admin:{email}", name=email, scopes=(EVERYTHING,), fingerprint="")


def is_foreign(origin: str | None, fetch_site: str | None, issuer: str) -> bool:
    """Whether a request that changes something comes from another place than our own pages. What says nothing of where it
    comes from is foreign, too: browsers send `Origin` with every posted form."""
    if fetch_site is not None:
        return fetch_site != "same-origin"
    parts = urlsplit(issuer)
    return origin != f"{parts.scheme}://{parts.netloc}"
