"""The one HTTP session to the providers: bounded in time and size, no redirects, no cookies, public addresses only.

upstream.py imports this at its first call, not before: aiohttp reads the machine's certificates when imported, which
is a third of a start.
"""

import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from broker.providers.errors import Unavailable, broken
from broker.providers.token_answer import Answer

LARGEST_ANSWER = 256 * 1024  # bytes (D-07)
MOST_AT_ONE_HOST = 64  # connections, so that a provider that hangs leaves room for the others
PATIENT = aiohttp.ClientTimeout(total=None, connect=3)
UNHEARD = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)  # the request never left us
TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3, sock_read=5)  # seconds (D-06)


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only, at the moment of connecting, so a name that changes its mind between
    check and use gains nothing (OC-06, T10)."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        public = [each for each in found if ipaddress.ip_address(each["host"]).is_global]
        if not public:
            raise OSError(f"{host} has no public address")
        return public

    async def close(self) -> None:
        await self._resolver.close()


class Http:
    """One shared aiohttp session; it keeps no user's token, so it cannot hand one to another."""

    def __init__(self, *, public_only: bool) -> None:
        connector = aiohttp.TCPConnector(
            limit=256,
            limit_per_host=MOST_AT_ONE_HOST,
            resolver=PublicResolver() if public_only else None,
        )
        self._session = aiohttp.ClientSession(
            connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), timeout=TIMEOUT
        )

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None, *, patient: bool = False
    ) -> Answer:
        """Raises Unavailable, or OAuthError server_error. `patient`: only the connecting is bounded in time here."""
        timeout = PATIENT if patient else TIMEOUT
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False, timeout=timeout
            ) as response:
                said = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, said, await read_bounded(response))
        except UNHEARD as error:
            raise Unavailable(f"{type(error).__name__} at {urlsplit(url).hostname}") from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            detail = f"{type(error).__name__} at {urlsplit(url).hostname}"
            raise Unavailable(detail, heard=True) from None

    async def close(self) -> None:
        await self._session.close()


async def read_bounded(response: aiohttp.ClientResponse) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise broken("the answer is compressed though we asked for none")
    content = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise broken("the answer is too large")
    return bytes(content)
