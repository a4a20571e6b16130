"""Reading one redirect URL, strictly and in one spelling only (RFC 3986, RFC 6749 section 3.1.2, RFC 8252
section 7).

Nothing is trimmed, folded, normalised or decoded. A text that two readers could take for two addresses, a
browser and a server say, is refused here, so that comparing strings afterwards is safe.
"""

import re
import string
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, unquote_to_bytes

from allowlist.errors import InvalidRedirectUri
from allowlist.schemes import rule_for

LONGEST = 1024
UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
CHARACTERS = UNRESERVED | frozenset(":/?[]@!$&()*+,;=%")
PORT = re.compile(r"[1-9][0-9]{0,4}")
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
CONTROLS = frozenset(map(chr, (*range(0x20), 0x7F)))
NEVER_ESCAPED = UNRESERVED | CONTROLS | frozenset("/\\%?#")
SEPARATOR = re.compile(r"[&;]")

# What the answer itself carries. An entry that had one of them would answer before we do.
RESPONSE_PARAMETERS = frozenset(
    """
    access_token code error error_description error_uri expires_in id_token iss response session_state state
    token_type
    """.split()  # noqa: SIM905 -- a table of words, not a hundred lines
)


@dataclass(frozen=True, slots=True)
class RedirectUri:
    """One redirect URL and its parts. `host` is None in `s:/path` and empty in `s:///path`; `text` is what
    was read."""

    text: str
    scheme: str
    host: str | None
    port: int | None
    path: str
    query: str | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a redirect URL. Raises InvalidRedirectUri with the first thing that is wrong."""
        check_characters(text)
        scheme, _, rest = text.partition(":")
        rule = rule_for(scheme)
        before, question, query = rest.partition("?")
        authority, path = split_authority(before)
        host, port = split_host(authority)
        check_path(path)
        if "%" in text:
            check_escapes(path + query)
        if question:
            check_query(query)
        rule(host, port, path)
        return cls(text, scheme, host, port, path, query if question else None)

    @property
    def tail(self) -> str:
        """Path and query as they were written."""
        return self.path if self.query is None else f"{self.path}?{self.query}"


def check_characters(text: str) -> None:
    if not 1 <= len(text) <= LONGEST:
        raise InvalidRedirectUri(f"a redirect URL has 1 to {LONGEST} characters")
    if not CHARACTERS.issuperset(text):
        strange = next(character for character in text if character not in CHARACTERS)
        raise InvalidRedirectUri(f"the character U+{ord(strange):04X} may not stand in a redirect URL")
    if text.count("%") != len(ESCAPE.findall(text)):
        raise InvalidRedirectUri("a percent sign is not followed by two hexadecimal digits")
    if ":" not in text:
        raise InvalidRedirectUri("there is no scheme")


def split_authority(before_query: str) -> tuple[str | None, str]:
    """Part `//host/path` or `/path`. A mobile system cannot read a query from `s:path`, so that form is
    refused."""
    if not before_query.startswith("/"):
        raise InvalidRedirectUri("there is no slash behind the scheme and its colon")
    if not before_query.startswith("//"):
        return None, before_query
    authority, slash, path = before_query[2:].partition("/")
    return authority, slash + path


def split_host(authority: str | None) -> tuple[str | None, int | None]:
    if authority is None:
        return None, None
    if "@" in authority:
        raise InvalidRedirectUri("a user name stands before the host")
    brackets = authority.rfind("]") + 1
    name, colon, digits = authority[brackets:].partition(":")
    return authority[:brackets] + name, read_port(digits) if colon else None


def read_port(digits: str) -> int:
    if not PORT.fullmatch(digits) or int(digits) > 65535:
        raise InvalidRedirectUri("the port is not a plain number from 1 to 65535")
    return int(digits)


def check_path(path: str) -> None:
    segments = path.split("/")[1:]
    if "." in segments or ".." in segments:
        raise InvalidRedirectUri("the path has a `.` or `..` segment")
    if "" in segments[:-1]:
        raise InvalidRedirectUri("the path has two slashes in a row")
    if "*" in path:
        raise InvalidRedirectUri("a `*` stands for nothing here")
    if "[" in path or "]" in path:
        raise InvalidRedirectUri("the path has a square bracket")


def check_escapes(text: str) -> None:
    """Refuse every second spelling of a character. Decoders differ in which of them they take for the same."""
    for digits in ESCAPE.findall(text):
        if digits != digits.upper():
            raise InvalidRedirectUri(f"the escape %{digits} is not in upper case")
        if chr(int(digits, 16)) in NEVER_ESCAPED:
            raise InvalidRedirectUri(f"the character that %{digits} stands for may not be escaped")
    try:
        unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise InvalidRedirectUri("the escapes are not UTF-8") from None


def check_query(query: str) -> None:
    if not query:
        raise InvalidRedirectUri("the query is empty")
    if "*" in query:
        raise InvalidRedirectUri("a `*` stands for nothing here")
    if "[" in query or "]" in query:
        raise InvalidRedirectUri("the query has a square bracket")
    for parameter in SEPARATOR.split(query):
        name = unquote(parameter.partition("=")[0]).casefold()
        if name in RESPONSE_PARAMETERS:
            raise InvalidRedirectUri(f"the query parameter {name} belongs to the answer")
