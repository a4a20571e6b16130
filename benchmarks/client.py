"""The phones: browser and app on raw sockets, so that they cost less than the server they load."""

import asyncio
import hashlib
import secrets
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import NamedTuple, Self, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

REDIRECT_URI = "https://app.example.com/callback"
# No `openid`: an ID token is RS256, a quarter of a millisecond of arithmetic that is the same for everybody.
SCOPE = "profile email offline_access"
AT_MOST = 10  # redirects of one sign-in


class Message(NamedTuple):
    """One HTTP/1.1 request or answer."""

    first_line: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.first_line.split(" ", 2)[1])

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


class Framing(asyncio.Protocol, ABC):
    """Cuts a stream into messages. Only Content-Length is understood: both ends are ours or send nothing else."""

    def __init__(self) -> None:
        self._buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not derived from it

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while message := self._cut():
            self.received(message)

    @abstractmethod
    def received(self, message: Message) -> None: ...

    def _cut(self) -> Message | None:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        first_line, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = [(name.lower(), value.strip()) for name, _, value in pairs]
        length = next((int(value) for name, value in headers if name == "content-length"), 0)
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return Message(first_line, headers, rest[:length])


class Failed(Exception):
    """A step did not end as it should; the message says how it did."""


class Connection(Framing):
    """One kept-alive connection, one request at a time."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self._host = host
        self._answer: asyncio.Future[Message] | None = None

    @classmethod
    async def open(cls, address: str) -> Self:
        """To `http://host:port`."""
        host = address.removeprefix("http://")
        name, _, port = host.partition(":")
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(host), name, int(port))
        return connection

    async def ask(self, method: str, target: str, headers: str = "", body: str | None = None) -> Message:
        """Raises Failed when the connection breaks."""
        if self.transport is None or self.transport.is_closing():
            raise Failed("connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        length = "" if body is None else f"Content-Length: {len(body)}\r\n"
        head = f"{method} {target} HTTP/1.1\r\nHost: {self._host}\r\n{headers}{length}\r\n"
        self.transport.write((head + (body or "")).encode())
        return await self._answer

    def received(self, message: Message) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(message)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(Failed(f"connection lost: {exc}"))

    def close(self) -> None:
        if self.transport:
            self.transport.close()


class Tokens(msgspec.Struct):
    """What the app needs of a token answer; that both are there is checked by decoding."""

    access_token: str
    refresh_token: str


class Code(NamedTuple):
    """A code the app was handed, and its proof."""

    code: str
    verifier: str


@dataclass
class Phone:
    """One app and its browser. Its three verbs are what the benchmark times."""

    server: str
    hosts: dict[str, Connection]
    refresh_token: str = ""

    @classmethod
    async def open(cls, server: str, provider: str) -> Self:
        return cls(server, {address: await Connection.open(address) for address in (server, provider)})

    async def sign_in(self) -> None:
        """The whole trip; the browser forgets its cookies before each."""
        await self.exchange(await self.authorize())

    async def authorize(self) -> Code:
        """The browser's part: from the app to the provider and back, up to the code."""
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(8)
        asked = {
            "client_id": "default",
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "provider": "bench",
        }
        landed = await self._browse(f"{self.server}/authorize?{urlencode(asked)}")
        given = parse_qs(urlsplit(landed).query)
        if given.get("state") != [state] or "code" not in given:
            raise Failed(f"the app was given {sorted(given)}")
        return Code(given["code"][0], verifier)

    async def exchange(self, code: Code) -> None:
        await self._ask_for_tokens(
            grant_type="authorization_code",
            code=code.code,
            redirect_uri=REDIRECT_URI,
            code_verifier=code.verifier,
        )

    async def refresh(self) -> None:
        """Rotate; the next call shows what this one was given."""
        if not self.refresh_token:
            await self.sign_in()
        shown, self.refresh_token = self.refresh_token, ""
        await self._ask_for_tokens(grant_type="refresh_token", refresh_token=shown)

    def close(self) -> None:
        for connection in self.hosts.values():
            connection.close()

    async def _browse(self, url: str) -> str:
        """Follow redirects with a new cookie jar, until the app's own address."""
        jar: dict[tuple[str, str], str] = {}
        for _ in range(AT_MOST):
            parts = urlsplit(url)
            host = f"{parts.scheme}://{parts.netloc}"
            cookies = "; ".join(f"{name}={value}" for (owner, name), value in jar.items() if owner == host)
            if host not in self.hosts:
                raise Failed(f"sent to {host}")
            target = f"{parts.path}?{parts.query}"
            answer = await self.hosts[host].ask("GET", target, f"Cookie: {cookies}\r\n" if cookies else "")
            if answer.status not in (302, 303):
                raise Failed(f"{parts.path} answered {answer.status}")
            for key, value in answer.headers:
                if key == "set-cookie":
                    name, _, kept = value.partition(";")[0].partition("=")
                    jar[host, name] = kept
            url = answer.header("location")
            if url.startswith(REDIRECT_URI):
                return url
        raise Failed("too many redirects")

    async def _ask_for_tokens(self, **form: str) -> None:
        kind = "Content-Type: application/x-www-form-urlencoded\r\n"
        body = urlencode({**form, "client_id": "default"})
        answer = await self.hosts[self.server].ask("POST", "/token", kind, body)
        if answer.status not in (200, 201):
            raise Failed(f"/token answered {answer.status}")
        try:
            self.refresh_token = msgspec.json.decode(answer.body, type=Tokens).refresh_token
        except msgspec.DecodeError as error:
            raise Failed(f"/token: {error}") from None


def challenge_of(verifier: str) -> str:
    """The S256 challenge (RFC 7636 section 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
