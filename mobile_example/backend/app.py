"""The demo app's own backend. Who calls is proven offline, by the session's JWT and the broker's published keys; the
provider's token comes from the broker, with a key that can do nothing else, and never reaches the app.

    GET /profile/{provider}   Authorization: Bearer <the session's access token>
"""

import asyncio
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import uvicorn
from litestar import Litestar, Request, Response, get
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import FromPath


@dataclass(frozen=True)
class Settings:
    """`client_ids`: whose users these are, since the broker's other apps are not this backend's. `apis`: what is called at
    each provider, by the broker's name for it."""

    issuer: str
    secret_key: str
    client_ids: list[str]
    apis: dict[str, str]


class Refused(HTTPException):
    """What the app is told: `error` is for its code, `detail` for its developer."""

    def __init__(self, status: int, error: str, detail: str, **more: str | None) -> None:
        super().__init__(status_code=status, detail=detail)
        self.body = {"error": error, "detail": detail, **more}


def create_app(settings: Settings, origins: list[str]) -> Litestar:
    jwks = jwt.PyJWKClient(f"{settings.issuer}/.well-known/jwks.json", cache_jwk_set=True, lifespan=300)
    return Litestar(
        route_handlers=[profile],
        state=State({"settings": settings, "jwks": jwks}),
        cors_config=CORSConfig(allow_origins=origins, allow_methods=["GET"], allow_headers=["Authorization"]),
        exception_handlers={Refused: lambda _, error: Response(error.body, status_code=error.status_code)},
        openapi_config=None,
    )


@get("/profile/{provider:str}")
async def profile(request: Request[Any, Any, State], provider: FromPath[str]) -> dict[str, Any]:
    """What the provider's own API says of the person, fetched with their token."""
    settings: Settings = request.app.state.settings
    user_id = await asyncio.to_thread(
        user_of, request.headers.get("authorization", ""), request.app.state.jwks, settings
    )
    if provider not in settings.apis:
        raise Refused(404, "unknown_provider", "this backend calls no API of that provider")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as http:
        token = await provider_token(http, user_id, provider, settings)
        bearer = {"Authorization": f"Bearer {token['token']}"}
        async with http.get(settings.apis[provider], headers=bearer) as answer:
            if answer.status != 200:
                raise Refused(502, "provider_failed", f"the provider answered {answer.status}")
            data = await answer.json()
    return {"user_id": user_id, "provider": provider, "scopes": token["scopes"], "data": data}


def user_of(authorization: str, jwks: jwt.PyJWKClient, settings: Settings) -> str:
    """The user id. Everything that the signature must fit is ours to say, and none of it the token's."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(401, "not_signed_in", "send the session's access token as a Bearer")
    try:
        claims = read_access_token(token, jwks, settings)
    except jwt.PyJWKClientConnectionError:
        raise Refused(503, "unavailable", "the broker's keys cannot be read") from None
    except (jwt.InvalidTokenError, jwt.PyJWKClientError):
        claims = {}
    if claims.get("client_id") not in settings.client_ids:
        raise Refused(401, "not_signed_in", "the access token is not a valid one of this app's")
    return str(claims["sub"])


def read_access_token(token: str, jwks: jwt.PyJWKClient, settings: Settings) -> dict[str, Any]:
    """The claims, RFC 9068 section 4. Raises jwt.InvalidTokenError or jwt.PyJWKClientError."""
    key = jwks.get_signing_key_from_jwt(token)
    read = jwt.decode_complete(
        token,
        key,
        algorithms=["ES256"],
        issuer=settings.issuer,
        audience=settings.issuer,
        options={"require": ["exp", "sub", "sid", "client_id"]},
    )
    # An ID token is signed by the same issuer, and is no key to anything.
    return dict(read["payload"]) if read["header"].get("typ") == "at+jwt" else {}


async def provider_token(
    http: aiohttp.ClientSession, user_id: str, provider: str, settings: Settings
) -> dict[str, Any]:
    """A token that is good for a while yet; the broker has refreshed it if it was due."""
    url = f"{settings.issuer}/v1/users/{user_id}/oauth_access_tokens/{provider}"
    async with http.get(url, headers={"Authorization": f"Bearer {settings.secret_key}"}) as answer:
        told = await answer.json()
    if answer.status == 200 and told:
        return dict(told[0])
    if answer.status == 200:
        raise Refused(404, "not_connected", "no account at that provider is connected")
    meta = told["errors"][0].get("meta", {})
    if meta.get("health") in ("needs_reconnect", "revoked"):
        told_where = {"reconnect_url": meta.get("reconnect_url")}
        raise Refused(409, "reconnect", "the person must connect that provider again", **told_where)
    raise Refused(503, "unavailable", f"the broker answered {answer.status}")


def settings_from(environ: Mapping[str, str]) -> Settings:
    apis = {
        name.removeprefix("DEMO_API_").lower(): url
        for name, url in environ.items()
        if name.startswith("DEMO_API_")
    }
    client_ids = environ["DEMO_CLIENT_IDS"].split()
    return Settings(environ["DEMO_ISSUER"], environ["DEMO_SECRET_KEY"], client_ids, apis)


def main() -> None:
    """Serve on `PORT`, 0 for a free one; the first line says where."""
    app = create_app(settings_from(os.environ), os.environ.get("DEMO_WEB_ORIGINS", "").split())
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "8090"))))
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)  # noqa: T201
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])


if __name__ == "__main__":
    main()
