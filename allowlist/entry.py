"""One entry of the list, as it stands in Redis and is told to administrators."""

import secrets

import msgspec

from allowlist.errors import InvalidPattern
from allowlist.pattern import Pattern


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A URL that a client's apps may be sent to. Times are in milliseconds; a development entry counts only
    on a server in development mode. On the wire and in Redis `development` is called `dev`."""

    id: str
    url: str
    client_id: str
    development: bool = msgspec.field(name="dev")
    label: str | None
    created_at: int
    updated_at: int

    @property
    def pattern(self) -> Pattern | None:
        """The URL read as leniently as an entry's may be, or None when it is no entry's. Not for the
        decision."""
        try:
            return Pattern.parse(self.url, development=True)
        except InvalidPattern:
            return None

    @property
    def warning(self) -> str | None:
        """What an operator should know about the URL, or None."""
        try:
            return Pattern.parse(self.url, development=self.development).warning
        except InvalidPattern as error:
            return f"this entry admits nothing: {error.reason}"


_READER = msgspec.json.Decoder(Entry)


def write_entry(entry: Entry) -> bytes:
    return msgspec.json.encode(entry)


def read_entry(stored: bytes | str | None) -> Entry | None:
    """The entry, or None for what is missing or cannot be read: such a thing admits nothing."""
    try:
        return _READER.decode(stored) if stored else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def new_id(now_ms: int) -> str:
    """`ru_` and 28 hexadecimal digits, the time first: so the ids of a list sort by age."""
    return f"ru_{now_ms:012x}{secrets.token_hex(8)}"
