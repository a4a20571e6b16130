"""Looking for secrets where none may be: in all spellings, in all that Redis holds, and in all that it hears."""

import codecs
import socket
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

import redis

Secrets = dict[str, bytes]
SHORTEST = 10  # bytes; what is shorter could stand somewhere by chance


def spellings(secret: bytes) -> list[bytes]:
    """As it is, in hexadecimal, escaped for a URL, and in base64 at each of the three places where it could begin."""
    plain = [secret, secret.hex().encode(), secret.hex().upper().encode(), quote_from_bytes(secret).encode()]
    return plain + [
        encode(whole_blocks(secret, shift)) for shift in range(3) for encode in (b64encode, urlsafe_b64encode)
    ]


def whole_blocks(secret: bytes, shift: int) -> bytes:
    """The part whose base64 depends on nothing that stands before or after the secret."""
    begin = (3 - shift) % 3
    return secret[begin : begin + (len(secret) - begin) // 3 * 3]


def found_in(place: bytes, secrets: Secrets) -> list[str]:
    """The names of the secrets that stand there."""
    assert place, "there is nothing to look through"
    assert all(len(secret) >= SHORTEST for secret in secrets.values()), "a secret is empty"
    return [name for name, secret in secrets.items() if any(text in place for text in spellings(secret))]


def everything(url: str) -> bytes:
    """Every key of Redis and all that it holds, whatever its type."""
    with redis.Redis.from_url(url) as state:
        return b"\n".join(
            part for key in state.scan_iter("*", count=1000) for part in (key, *content(state, key))
        )


def content(state: "redis.Redis", key: bytes) -> Iterator[bytes]:
    """The parts of a value. A type that nobody thought of is an error."""
    match state.type(key):
        case b"string":
            yield state.get(key) or b""
        case b"hash":
            yield from (part for pair in state.hgetall(key).items() for part in pair)
        case b"list":
            yield from state.lrange(key, 0, -1)
        case b"set":
            yield from state.smembers(key)
        case b"zset":
            yield from (b"%s %f" % pair for pair in state.zrange(key, 0, -1, withscores=True))
        case b"stream":
            yield from (part for _, fields in state.xrange(key) for pair in fields.items() for part in pair)
        case other:
            raise AssertionError(other)


@dataclass
class Watch:
    """What Redis is told (MONITOR), with the arguments of scripts and the commands that scripts give."""

    heard: bytearray = field(default_factory=bytearray)

    @property
    def told(self) -> bytes:
        """As it came and without the escapes, since Redis shows bytes that are no letters as `\\x..`."""
        raw = bytes(self.heard)
        return raw + b"\n" + codecs.escape_decode(raw)[0]

    def listen(self, line: socket.socket) -> None:
        with suppress(OSError):
            while data := line.recv(65536):
                self.heard += data


@contextmanager
def watching(url: str) -> Iterator[Watch]:
    """From the first command on until Redis ends, or the block."""
    watch, line = Watch(), socket.socket(socket.AF_UNIX)
    line.connect(url.removeprefix("unix://"))
    line.sendall(b"MONITOR\r\n")
    assert line.recv(5) == b"+OK\r\n"
    thread = threading.Thread(target=watch.listen, args=(line,))
    thread.start()
    try:
        yield watch
    finally:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        line.close()
