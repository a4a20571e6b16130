"""A posted form: urlencoded body only, parameters in the URL never count (TK-11)."""

from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException

from broker.core.parameters import Parameters, refused

MEDIA_TYPE = "application/x-www-form-urlencoded"
LARGEST = 16 * 1024  # bytes (D-02); Litestar answers 413 above it


async def read_form(request: Request[Any, Any, Any]) -> Parameters:
    """Raises OAuthError invalid_request, or 415 for another media type."""
    media_type, _, _ = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != MEDIA_TYPE:
        raise HTTPException(status_code=415, detail=f"the body must be {MEDIA_TYPE}")
    if request.scope["query_string"]:
        raise refused("parameters belong in the body, not in the URL")
    return Parameters.parse(await request.body())
