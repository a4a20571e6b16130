"""The files that pages load: from a fixed list, so no path is ever built from a request."""

from functools import cache
from pathlib import Path

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

FOLDER = Path(__file__).with_name("assets")
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@cache
def assets() -> dict[str, tuple[bytes, str]]:
    return {file.name: (file.read_bytes(), MEDIA_TYPES[file.suffix]) for file in FOLDER.iterdir()}


@get("/assets/{name:str}")
async def asset(name: FromPath[str]) -> ASGIResponse:
    """GET /assets/{name}"""
    if name not in assets():
        raise NotFoundException
    content, media_type = assets()[name]
    return ASGIResponse(
        body=content, media_type=media_type, headers={"cache-control": "public, max-age=3600"}
    )
