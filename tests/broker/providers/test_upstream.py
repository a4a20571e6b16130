"""Calls to providers: no redirect followed, TLS verified, bounded in time, size and form."""

import asyncio
import datetime as dt
import gzip
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from broker.core.errors import ErrorCode, OAuthError
from tests.broker.providers.conftest import AtStub
from tests.provider_stub import answer_json

pytestmark = pytest.mark.anyio
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATHS = ["/token", "/jwks", "/userinfo"]


@asynccontextmanager
async def listener(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that does with a connection what `talk` says; its address, and what it has been sent."""
    heard: list[bytes] = []
    tasks = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, backlog=512)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}", heard
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def hang(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(1)


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def saying(raw: bytes) -> Talk:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return talk


async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        await writer.drain()


async def refusal_of(call: Awaitable[object]) -> tuple[OAuthError, float]:
    """How a call failed, and after how many seconds."""
    began = time.monotonic()
    with pytest.raises(OAuthError) as raised:
        await call
    return raised.value, time.monotonic() - began


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", PATHS)
async def test_cb_08_no_redirect(at_stub: AtStub, path: str, status: int):
    """CB-08: A token, key set or userinfo endpoint that redirects ends the sign-in; nobody goes where it points."""
    async with listener(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")) as (address, heard):
        at_stub.stub.claims = lambda claims: {k: v for k, v in claims.items() if k != "email"}
        at_stub.stub.answers[path] = answer_json({}, status, location=f"{address}/token")
        error, _ = await refusal_of(at_stub.sign_in())
        assert (error.code, error.detail) == (ErrorCode.SERVER_ERROR, f"status {status}")
        assert at_stub.stub.asked(path)
        assert not heard


async def test_cb_08_no_redirect_of_discovery(at_stub: AtStub):
    """CB-08: A discovery document that has moved is not looked for elsewhere."""
    async with listener(hang) as (address, heard):
        at_stub.stub.answers["/.well-known/openid-configuration"] = answer_json({}, 302, location=address)
        error, _ = await refusal_of(at_stub.discover(at_stub.stub.issuer))
        assert error.detail == "status 302"
        assert not heard


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody has vouched for."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    today = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, today, today + dt.timedelta(1))
    both = made.sign(key, SHA256()).public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (folder / "both.pem").write_bytes(both)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


async def test_cb_08_tls_is_verified(at_stub: AtStub, tmp_path: Path):
    """CB-08: A server whose certificate nobody vouches for is sent nothing."""
    async with listener(hang, self_signed(tmp_path)) as (address, heard):
        error, _ = await refusal_of(at_stub.discover(address))
        assert error.detail == "ClientConnectorCertificateError at 127.0.0.1"
        assert not heard


async def test_d_06_slow_providers(at_stub: AtStub):
    """D-06: A provider that hangs is left after 5 s, one that drips after 10 s, one that resets at once; with 300 calls
    at the one that hangs, another provider's sign-in still takes less than a second."""
    async with (
        listener(hang) as (hanging, heard),
        listener(drip) as (dripping, _),
        listener(reset) as (broken, _),
    ):
        slow = asyncio.create_task(refusal_of(at_stub.discover(dripping)))
        crowd = [asyncio.create_task(refusal_of(at_stub.discover(hanging))) for _ in range(300)]
        error, seconds = await refusal_of(at_stub.discover(broken))
        assert (error.code, seconds < 1) == (ErrorCode.TEMPORARILY_UNAVAILABLE, True)
        async with asyncio.timeout(1):
            await at_stub.sign_in()
        for error, seconds in await asyncio.gather(*crowd):
            assert error.code is ErrorCode.TEMPORARILY_UNAVAILABLE
            assert seconds < 7
        assert len(heard) <= 128
        error, seconds = await slow
        assert error.code is ErrorCode.TEMPORARILY_UNAVAILABLE
        assert 9 < seconds < 11.5


async def test_d_06_nobody_there(at_stub: AtStub):
    """D-06: A provider that does not answer at all is one to try again later, and its address is not told the app."""
    async with listener(hang) as (gone, _):
        pass
    error, seconds = await refusal_of(at_stub.discover(gone))
    assert (error.code, seconds < 1) == (ErrorCode.TEMPORARILY_UNAVAILABLE, True)
    assert gone not in error.description


ONE_LINE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"
ODD_ANSWERS: dict[str, Talk] = {
    "endless": endless,
    "too large, announced": saying(b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n" + b" " * 300_000),
    "gzip in transfer": saying(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ),
    "a header of 1 MB": saying(ONE_LINE + b"x: " + b"x" * 1_000_000 + b"\r\n\r\n{}"),
    "ten thousand headers": saying(ONE_LINE + b"x: y\r\n" * 10_000 + b"\r\n{}"),
    "cut": saying(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{}"),
    "no HTTP": saying(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "deep": saying(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"[" * 100_000),
    "a long number": saying(b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"issuer":' + b"9" * 5000 + b"}"),
    "no UTF-8": saying(b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"issuer":"\xff"}'),
    "half a surrogate pair": saying(b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"issuer":"\\ud800"}'),
    "an empty answer": saying(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    "no content": saying(b"HTTP/1.1 204 No Content\r\n\r\n"),
}


@pytest.mark.parametrize("odd", ODD_ANSWERS)
async def test_d_07_odd_answers(at_stub: AtStub, odd: str):
    """D-07: An answer that is too large, deep, cut or no JSON is refused within a second."""
    async with listener(ODD_ANSWERS[odd]) as (address, heard):
        error, seconds = await refusal_of(at_stub.discover(address))
        assert error.code in {ErrorCode.SERVER_ERROR, ErrorCode.TEMPORARILY_UNAVAILABLE}
        assert seconds < 1
        assert b"accept-encoding: identity\r\n" in heard[0].lower()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "x-gzip", "gzip, identity"])
@pytest.mark.parametrize("packed", [True, False])
async def test_d_07_compressed(at_stub: AtStub, encoding: str, packed: bool):
    """D-07: An honest key set is refused when it calls itself compressed, whether it is or not."""
    text = json.dumps({"keys": at_stub.stub.keys}).encode()
    body, headers = gzip.compress(text) if packed else text, {"content-encoding": encoding}
    at_stub.stub.answers["/jwks"] = lambda: web.Response(body=body, headers=headers)
    error, _ = await refusal_of(at_stub.sign_in())
    assert error.detail == "the answer is compressed though we asked for none"


async def test_d_07_largest(at_stub: AtStub):
    """D-07: An answer of 256 KiB is read, one of a byte more is not."""
    text = '{"error":"%s"}'
    for size, detail in (
        (262_144, "the discovery document names another issuer"),
        (262_145, "the answer is too large"),
    ):
        body = text % ("x" * (size - len(text) + 2))
        assert len(body) == size
        at_stub.stub.answers["/.well-known/openid-configuration"] = lambda body=body: web.Response(text=body)
        error, _ = await refusal_of(at_stub.discover(at_stub.stub.issuer))
        assert error.detail == detail


TOKEN_ANSWERS: dict[str, object] = {
    "an error with status 200": {"error": "bad_verification_code", "access_token": "x"},
    "no access token": {"token_type": "Bearer"},
    "access token a number": {"access_token": 7},
    "access token null": {"access_token": None},
    "expires_in no number": {"access_token": "x", "expires_in": "soon"},
    "expires_in a list": {"access_token": "x", "expires_in": [1]},
    "expires_in not a number": {"access_token": "x", "expires_in": "nan"},
    "refresh token a number": {"access_token": "x", "refresh_token": 7},
    "ID token a list": {"access_token": "x", "id_token": ["x"]},
    "no ID token": {"access_token": "x"},
    "a list": [],
    "text": "access_token",
}


@pytest.mark.parametrize("answer", TOKEN_ANSWERS)
async def test_d_07_token_answers(at_stub: AtStub, answer: str):
    """D-07: A token answer of another form than the standard's ends in the one error for that."""
    at_stub.stub.answers["/token"] = answer_json(TOKEN_ANSWERS[answer])
    error, _ = await refusal_of(at_stub.sign_in())
    assert error.code is ErrorCode.SERVER_ERROR


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "temporarily_unavailable"),
        (500, "temporarily_unavailable"),
        (503, "temporarily_unavailable"),
        (400, "server_error"),
        (401, "server_error"),
        (201, "server_error"),
    ],
)
@pytest.mark.parametrize("path", PATHS)
async def test_status_of_an_answer(at_stub: AtStub, path: str, status: int, code: str):
    """A provider that is down or busy is one to try again later; every other failure is not."""
    at_stub.stub.claims = lambda claims: {k: v for k, v in claims.items() if k != "email"}
    at_stub.stub.answers[path] = answer_json({"error": "canary"}, status)
    error, _ = await refusal_of(at_stub.sign_in())
    assert error.code.wire == code
    assert "canary" not in error.description + str(error.detail)


async def test_access_token_with_a_line_break(at_stub: AtStub):
    """An access token that would add a header line to our call to userinfo is not sent."""
    at_stub.stub.claims = lambda claims: {k: v for k, v in claims.items() if k != "email"}
    at_stub.stub.token_fields = {"access_token": "at-canary-ada\r\nx-evil: 1"}
    error, _ = await refusal_of(at_stub.sign_in())
    assert error.code is ErrorCode.SERVER_ERROR
    assert not at_stub.stub.asked("/userinfo")


async def test_one_session_for_two_people(at_stub: AtStub):
    """Fifty people signing in at once over the shared session each get their own profile and tokens."""
    at_stub.stub.claims = lambda claims: {k: v for k, v in claims.items() if k != "email"}
    people = [f"person{number}" for number in range(50)]
    results = await asyncio.gather(*(at_stub.sign_in(subject=person) for person in people))
    for person, (identity, tokens) in zip(people, results, strict=True):
        assert (identity.subject, identity.email) == (person, f"{person}@example.com")
        assert tokens.access_token.startswith(f"at-canary-{person}-")
