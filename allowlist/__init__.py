"""Where an app may be sent. Works alone: it takes a Redis connection and opaque client ids, and knows no
broker."""

from allowlist.allowed import AllowedRedirectUri
from allowlist.entry import Entry
from allowlist.errors import (
    DuplicateEntry,
    InvalidClientId,
    InvalidPattern,
    InvalidRedirectUri,
    RedirectUriNotAllowed,
    UnknownEntry,
)
from allowlist.explanation import Explanation, explain
from allowlist.pattern import Pattern, lookup_keys
from allowlist.redirect_uri import RedirectUri
from allowlist.store import DEFAULT_CLIENT, Allowlist

__all__ = [
    "DEFAULT_CLIENT",
    "AllowedRedirectUri",
    "Allowlist",
    "DuplicateEntry",
    "Entry",
    "Explanation",
    "InvalidClientId",
    "InvalidPattern",
    "InvalidRedirectUri",
    "Pattern",
    "RedirectUri",
    "RedirectUriNotAllowed",
    "UnknownEntry",
    "explain",
    "lookup_keys",
]
