"""`/v1/jwks`: where Clerk's SDKs look for the keys that sign our tokens; the same set as at /.well-known/jwks.json."""

from typing import Any

from litestar import get

from broker.backend_api.guard import ANY_KEY
from broker.rooms import Given, Rooms


@get("/jwks", opt={"scope": ANY_KEY})
async def list_keys(rooms: Given[Rooms]) -> dict[str, Any]:
    """GET /v1/jwks"""
    return rooms.issuer.keys.jwks
