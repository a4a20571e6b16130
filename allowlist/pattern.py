"""What an operator may put on the list, and which addresses it admits (RFC 9700 section 4.1.3, RFC 8252
section 7.3).

An entry admits the address that is the same text, character for character. Two things are added to that: an
app that listens on loopback cannot choose its port, so a loopback entry admits every port; and Expo gives
each developer's machine another port and each tunnel another name, so a development entry may say `:*` and
`*.exp.direct`.
"""

import re
from dataclasses import dataclass
from typing import Self

from allowlist.errors import InvalidPattern, InvalidRedirectUri
from allowlist.redirect_uri import RedirectUri
from allowlist.schemes import EXPO, is_short, needs_development

TUNNEL = "exp.direct"  # anyone can get a name under it, so it is never safe outside development
ANY_TUNNEL = f"*.{TUNNEL}"
ANY_PORT = "*"
AUTHORITY_END = re.compile(r"[/?]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry's URL, proven writable. `example` is an address it admits, `key` where it stands in the list,
    and `warning` a sentence for the operator or None."""

    url: str
    development: bool
    example: RedirectUri
    key: str
    warning: str | None

    @classmethod
    def parse(cls, url: str, *, development: bool, refuse_short_schemes: bool = False) -> Self:
        """Read what an operator wrote. Raises InvalidPattern.

        `refuse_short_schemes` turns the warning about a scheme without a dot into a refusal (RFC 8252 section
        8.4).
        """
        try:
            example = RedirectUri.parse(without_wildcards(url))
        except InvalidRedirectUri as error:
            raise InvalidPattern(error.reason) from None
        if needs_development(example.scheme) and not development:
            raise InvalidPattern(
                f"{example.scheme} is a scheme of Expo's tools: only a development entry may use it"
            )
        warning = warning_for(example)
        if warning and refuse_short_schemes:
            raise InvalidPattern(warning)
        key = loopback_key(example) if example.scheme == "http" else url
        return cls(url, development, example, key, warning)

    @property
    def any_port(self) -> bool:
        return self.example.scheme == "http" or f":{ANY_PORT}" in self.url

    @property
    def any_tunnel(self) -> bool:
        return ANY_TUNNEL in self.url

    def matches(self, candidate: RedirectUri) -> bool:
        """Whether the entry admits this address. The server's development mode is not asked here."""
        return self.key in lookup_keys(candidate)


def lookup_keys(candidate: RedirectUri) -> tuple[str, ...]:
    """Every key under which an entry that admits this address must stand, the exact one first: one to four of
    them.

    So a match costs one look-up however long the list is, and no part of the list is ever run as a pattern.
    """
    if candidate.scheme == "http":
        return (loopback_key(candidate),)
    if candidate.scheme not in EXPO:
        return (candidate.text,)
    host, port = candidate.host or "", candidate.port
    hosts = [host, ANY_TUNNEL] if host.partition(".")[2] == TUNNEL else [host]
    ports = [""] if port is None else [f":{port}", f":{ANY_PORT}"]
    return tuple(f"{candidate.scheme}://{h}{p}{candidate.tail}" for h in hosts for p in ports)


def loopback_key(uri: RedirectUri) -> str:
    """The text without its port: entries that differ in nothing else admit the same addresses and are one
    entry."""
    return f"http://{uri.host}{uri.tail}"


def without_wildcards(url: str) -> str:
    """The URL with the wildcards of a development entry filled in. Raises InvalidPattern for a `*` anywhere
    else."""
    if "*" not in url:
        return url
    scheme, _, rest = url.partition("://")
    authority = AUTHORITY_END.split(rest, maxsplit=1)[0]
    host, colon, port = authority.partition(":")
    host = f"x.{TUNNEL}" if host == ANY_TUNNEL else host
    port = "1" if port == ANY_PORT else port
    filled = f"{scheme}://{host}{colon}{port}{rest[len(authority) :]}"
    if scheme not in EXPO or "*" in filled:
        raise InvalidPattern(
            f"a `*` stands only in an exp or exps entry, as its whole port or in {ANY_TUNNEL}"
        )
    return filled


def warning_for(uri: RedirectUri) -> str | None:
    if not is_short(uri.scheme):
        return None
    return (
        f"any app may also register the scheme {uri.scheme} and receive what is sent there: "
        "prefer an https link, or a scheme that starts with a domain of yours, reversed"
    )
