"""What can be wrong with a redirect URL, an entry or a client id. Each `reason` is one sentence for a
developer."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from allowlist.entry import Entry


class InvalidRedirectUri(ValueError):
    """The text is not a redirect URL in the one spelling that is read here; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InvalidPattern(ValueError):
    """The text may not stand on the list; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InvalidClientId(ValueError):
    """The client id has other characters than letters, digits, `-` and `_`, or not 1 to 64 of them."""

    reason = "a client id is 1 to 64 letters, digits, hyphens or underscores"

    def __init__(self) -> None:
        super().__init__(self.reason)


class RedirectUriNotAllowed(Exception):
    """No entry of the client admits `redirect_uri`: answer with a page or JSON, never with a redirect."""

    def __init__(self, redirect_uri: str, reason: str) -> None:
        super().__init__(reason)
        self.redirect_uri = redirect_uri
        self.reason = reason


class DuplicateEntry(Exception):
    """The client already has `existing`, which admits the same addresses."""

    def __init__(self, existing: "Entry") -> None:
        super().__init__(f"{existing.url} is already on the list as {existing.id}")
        self.existing = existing


class UnknownEntry(LookupError):
    """No entry has the id `entry_id`."""

    def __init__(self, entry_id: str) -> None:
        super().__init__("no entry has this id")
        self.entry_id = entry_id
