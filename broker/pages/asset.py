"""The files that pages load: from a fixed list, so no path is ever built from a request."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.brand import Brand, brand_css

SMALL = 1_000  # bytes that are not worth packing
FOLDER = Path(__file__).with_name("assets")
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@cache
def assets() -> dict[str, tuple[bytes, str]]:
    return {file.name: (file.read_bytes(), MEDIA_TYPES[file.suffix]) for file in FOLDER.iterdir()}


@get("/assets/{name:str}")
async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> ASGIResponse:
    """GET /assets/{name}, the brand's among them; packed where the browser takes it so, for phones on slow lines."""
    brand = request.app.state.get("brand", Brand())
    if name == "brand.css":
        return answer(request, brand_css(brand.colour).encode(), "text/css")
    if name == "logo" and brand.logo:
        return answer(request, brand.logo.content, brand.logo.media_type)
    if name not in assets():
        raise NotFoundException
    return answer(request, *assets()[name])


def answer(request: Request[Any, Any, Any], content: bytes, media_type: str) -> ASGIResponse:
    headers = {"cache-control": "public, max-age=3600", "vary": "Accept-Encoding"}
    if media_type == "image/svg+xml":
        headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    if len(content) > SMALL and "gzip" in request.headers.get("accept-encoding", ""):
        content, headers = packed(content), {**headers, "content-encoding": "gzip"}
    return ASGIResponse(body=content, media_type=media_type, headers=headers)


@cache
def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
