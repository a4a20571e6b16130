"""Scopes at a provider: what a person granted stays asked for, and the link by which they grant more. Pure."""

import re
from collections.abc import Iterable
from urllib.parse import urlencode

ACCOUNT_ID = re.compile(r"eac_[0-9a-f]{24}")


def accumulated(allowed: Iterable[str], *several: Iterable[str]) -> tuple[str, ...]:
    """Each scope once, in order, of those that are still allowed: a provider asked for less would take the rest away."""
    known = set(allowed)
    return tuple(dict.fromkeys(scope for scopes in several for scope in scopes if scope in known))


def reconnect_url(issuer: str, provider: str, account_id: str, scopes: Iterable[str]) -> str:
    """`scopes` are what shall be asked beside the provider's own: what is held, and what is wanted."""
    asked = " ".join(scopes)
    query = urlencode({"account": account_id, **({"scopes": asked} if asked else {})})
    return f"{issuer}/reconnect/{provider}?{query}"
