"""Requests as bytes, for what no HTTP library would send."""

import socket
from contextlib import closing
from http.client import HTTPResponse
from typing import NamedTuple
from urllib.parse import urlsplit


class RawAnswer(NamedTuple):
    """`headers` are in the order they came, names in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


def send_raw(address: str, message: bytes) -> RawAnswer:
    """The answer to these bytes, on a connection of their own."""
    place = urlsplit(address)
    with (
        socket.create_connection((place.hostname, place.port), 10) as connection,
        closing(HTTPResponse(connection)) as answer,
    ):
        connection.sendall(message)
        answer.begin()
        headers = [(name.lower(), value) for name, value in answer.getheaders()]
        return RawAnswer(answer.status, headers, answer.read())


def request(method: str, target: str, *headers: str, body: str = "") -> bytes:
    """A request of HTTP/1.1 with exactly these header lines; the target goes out as it is."""
    if body:
        headers = (
            *headers,
            f"Content-Length: {len(body)}",
            "Content-Type: application/x-www-form-urlencoded",
        )
    lines = [f"{method} {target} HTTP/1.1", *headers, "", body]
    return "\r\n".join(lines).encode("latin-1")
