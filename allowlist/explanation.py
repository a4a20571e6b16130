"""Why an address is let through or not, in one sentence. For error pages and administrators, never for the
decision."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from allowlist.entry import Entry
from allowlist.errors import InvalidRedirectUri
from allowlist.pattern import ANY_TUNNEL, TUNNEL, Pattern
from allowlist.redirect_uri import RedirectUri
from allowlist.schemes import needs_development


@dataclass(frozen=True, slots=True)
class Explanation:
    """`entry` admitted the address, or else comes nearest to it (None if the client has no entry); `reason`
    says why."""

    redirect_uri: str
    allowed: bool
    entry: Entry | None
    reason: str


def explain(
    redirect_uri: str, entries: Iterable[Entry], *, development: bool, refuse_short_schemes: bool = False
) -> Explanation:
    """Compare an address with a client's entries. Costs some 40 us an entry: the caller bounds their number."""
    try:
        candidate = RedirectUri.parse(redirect_uri)
    except InvalidRedirectUri as error:
        nearest = max(entries, key=lambda entry: likeness(entry.url, redirect_uri), default=None)
        return Explanation(redirect_uri, allowed=False, entry=nearest, reason=error.reason)
    modes = {"development": development, "refuse_short_schemes": refuse_short_schemes}
    compared = [
        (entry, [*differences(pattern, candidate), *gates(entry, pattern, **modes)])
        for entry in entries
        if (pattern := entry.pattern)
    ]
    if not compared:
        return Explanation(
            redirect_uri, allowed=False, entry=None, reason="this client has no redirect URL yet"
        )
    nearest, found = min(compared, key=lambda pair: (len(pair[1]), -likeness(pair[0].url, redirect_uri)))
    return Explanation(
        redirect_uri, not found, nearest, found[0] if found else admission(nearest, redirect_uri)
    )


def differences(pattern: Pattern, candidate: RedirectUri) -> Iterator[str]:
    """What keeps the address from being one that the pattern admits, the gravest first. None: it matches."""
    entry = pattern.example
    if candidate.scheme != entry.scheme:
        yield f"the scheme is {candidate.scheme}, the entry's is {entry.scheme}"
    if (candidate.host is None) != (entry.host is None):
        yield "the number of slashes behind the scheme differs"
    yield from host_differences(pattern, candidate)
    yield from port_differences(pattern, candidate)
    yield from part_differences("path", candidate.path, entry.path)
    yield from part_differences("query", candidate.query, entry.query)


def host_differences(pattern: Pattern, candidate: RedirectUri) -> Iterator[str]:
    if not pattern.any_tunnel:
        yield from part_differences("host", candidate.host, pattern.example.host)
    elif (candidate.host or "").partition(".")[2] != TUNNEL:
        yield f"the host is {candidate.host}, the entry's is {ANY_TUNNEL} with one name for the star"


def port_differences(pattern: Pattern, candidate: RedirectUri) -> Iterator[str]:
    if not pattern.any_port:
        yield from part_differences("port", candidate.port, pattern.example.port)
    elif candidate.port is None and pattern.example.scheme != "http":
        yield "the port is missing; the entry admits any, but there must be one"


def part_differences(part: str, got: str | int | None, wanted: str | int | None) -> Iterator[str]:
    got, wanted = str(got or ""), str(wanted or "")
    if got == wanted:
        return
    if got.rstrip("/") == wanted.rstrip("/"):
        yield f"the {part} differs in a trailing slash"
    elif not got:
        yield f"the {part} is missing, the entry's is {wanted}"
    elif not wanted:
        yield f"the {part} {got} is not part of the entry"
    elif got.casefold() == wanted.casefold():
        yield f"the {part} differs in upper and lower case"
    else:
        yield f"the {part} is {got}, the entry's is {wanted}"


def gates(entry: Entry, pattern: Pattern, *, development: bool, refuse_short_schemes: bool) -> Iterator[str]:
    """What keeps the entry itself from counting on this server."""
    if entry.development and not development:
        yield "this entry is for development and this server is not in development mode"
    if not entry.development and needs_development(pattern.example.scheme):
        yield "the entry is not valid: its scheme is only for development entries and it is not marked as one"
    if refuse_short_schemes and pattern.warning:
        yield f"this server refuses schemes without a dot: {pattern.warning}"


def admission(entry: Entry, redirect_uri: str) -> str:
    if entry.url == redirect_uri:
        return "the address is the entry, character for character"
    return "the address differs from the entry only where the entry leaves the port or the tunnel's name open"


def likeness(one: str, other: str) -> int:
    """How many characters two texts share at both ends."""
    return shared(one, other) + shared(reversed(one), reversed(other))


def shared(one: Iterable[str], other: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
