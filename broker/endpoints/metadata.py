"""Metadata and keys (RFC 8414, OpenID Connect Discovery, RFC 7517). All of it comes from configuration (MD-01)."""

from litestar import get
from litestar.response.base import ASGIResponse

from broker.core.metadata import server_metadata
from broker.endpoints.responses import public_json
from broker.rooms import Given, Rooms


@get("/.well-known/openid-configuration")
async def openid_configuration(rooms: Given[Rooms]) -> ASGIResponse:
    """GET /.well-known/openid-configuration"""
    return public_json(server_metadata(rooms.issuer.issuer))


@get("/.well-known/jwks.json")
async def jwks(rooms: Given[Rooms]) -> ASGIResponse:
    """GET /.well-known/jwks.json"""
    return public_json(rooms.issuer.keys.jwks)


@get("/")
async def authorization_server_metadata(rooms: Given[Rooms]) -> ASGIResponse:
    """GET /.well-known/oauth-authorization-server{issuer path}; app.py says where, as the path goes behind (MD-03)."""
    return public_json(server_metadata(rooms.issuer.issuer))
