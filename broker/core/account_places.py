"""The places of the account page and the notices it shows: both come in addresses, so both are from fixed lists. Pure."""

import re
from typing import Literal
from urllib.parse import urlencode

from broker.core.account_rules import Purpose

PLACE = re.compile(r"(?:|connections(?:/eac_[0-9a-f]{24}(?:/disconnect)?)?|sessions|delete)")
SECTIONS = ("", "connections", "sessions", "delete")
# What clients that know MSC4191 (account management for OAuth 2.0) may ask for, and where that is.
ACTIONS = {
    "org.matrix.profile": "",
    "org.matrix.sessions_list": "sessions",
    "org.matrix.account_deactivate": "delete",
}
Tone = Literal["good", "warn", "bad"]
NOTICES: dict[str, Tone] = {
    "connected": "good",
    "granted": "good",
    "not-all": "warn",
    "disconnected-revoked": "good",
    "disconnected-nothing_to_revoke": "good",
    "disconnected-unsupported": "warn",
    "disconnected-pending": "warn",
    "disconnected-unreadable": "warn",
    "session-ended": "good",
    "signed-out": "good",
    "ticket-spent": "warn",
    "cancelled": "warn",
    "elsewhere": "bad",
    "provider-failed": "bad",
    "connect-anothers": "bad",
    "connect-only": "bad",
    "reconnect-other": "bad",
    "confirm-other": "bad",
    "visit-unknown": "bad",
    "failed": "bad",
}


def read_place(asked: str | None) -> str:
    """A page below `/account`; the first one where it is none of ours."""
    return asked if asked and PLACE.fullmatch(asked) else ""


def address(base: str, place: str, **query: str | None) -> str:
    """A page of the account as a path of ours; `base` is the issuer's."""
    path = f"{base}/account/{place}".rstrip("/")
    asked = urlencode({name: value for name, value in query.items() if value is not None})
    return f"{path}?{asked}" if asked else path


def place_of(purpose: Purpose) -> str:
    """Where a flow of the account page was begun, to which it turns back when it fails."""
    match purpose.kind:
        case "connect":
            return "connections"
        case "reconnect":
            return f"connections/{purpose.account_id}"
        case "confirm":
            return "confirm"
        case _:
            return ""
