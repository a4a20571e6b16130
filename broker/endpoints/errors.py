"""How an error leaves: JSON with `error` for apps, a page for people; never a redirect, a stack or a library's words."""

import sys
import traceback
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from allowlist.wire import ApiError, error_response
from broker.core.errors import ErrorCode, OAuthError
from broker.endpoints.edge import common_headers
from broker.endpoints.redirect import RedirectUriRefused
from broker.endpoints.responses import NO_STORE, encode
from broker.pages.page import render
from broker.settings import Settings

log = structlog.get_logger()
AnyRequest = Request[Any, Any, Any]
Answer = Response[Any]

# Where browsers with people in front of them arrive. Everything else is for programs.
PAGES = (
    *("/authorize", "/callback/", "/continue", "/prove", "/reconnect/", "/logout", "/account"),
    *("/dashboard", "/simulator/", "/try"),
)
FOR_PROGRAMS = "/account/ticket"  # among those
OF_THEIR_OWN = {"server_error", "temporarily_unavailable", "not_found"}  # pages with words for just that


def oauth_error(request: AnyRequest, error: OAuthError) -> Answer:
    """An error that a door raised on purpose."""
    settings: Settings = request.app.state.settings
    if isinstance(error, RedirectUriRefused) and (settings.development or error.for_developer):
        return shown(request, error, error.details)
    return shown(request, error)


def http_error(request: AnyRequest, error: HTTPException) -> Answer:
    """Litestar's own: 404, 405, 413, 415, 429 and their like. Constant words, since its own repeat the request.

    Where no route was found no middleware ran either, so the headers of every answer are put on here.
    """
    settings: Settings = request.app.state.settings
    phrase = HTTPStatus(error.status_code).phrase.lower()
    code = ErrorCode.INVALID_REQUEST if error.status_code < 500 else ErrorCode.SERVER_ERROR
    wire = phrase.replace(" ", "_") if error.status_code in (404, 405, 429) else code.wire
    headers = common_headers(settings.issuer) | kept(error.headers)
    return answer(request, wire, phrase, error.status_code, headers=headers)


def kept(headers: Any) -> dict[str, str]:
    """`Allow` and `Retry-After` are for the client; nothing else of an exception is."""
    return {
        name: value for name, value in (headers or {}).items() if name.lower() in ("allow", "retry-after")
    }


def unavailable(request: AnyRequest, error: Exception) -> Answer:
    """Redis does not answer, or a sealed record does not open: nothing is granted on doubt (D-11, TV-02)."""
    log.error("state_unavailable", kind=type(error).__name__, path=request.scope["path"])
    described = OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, "the broker cannot reach its state now")
    return shown(request, described, headers={"retry-after": "1"})


def unexpected(request: AnyRequest, error: Exception) -> Answer:
    """A mistake of ours. The log gets the kind and the places, no message and no locals: they may hold secrets."""
    frames = traceback.extract_tb(error.__traceback__ or sys.exc_info()[2])
    places = [f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    log.error("unexpected_error", kind=type(error).__name__, at=places, path=request.scope["path"])
    return shown(request, OAuthError(ErrorCode.SERVER_ERROR, "the broker made a mistake"))


def shown(
    request: AnyRequest,
    error: OAuthError,
    details: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    return answer(
        request,
        error.code.wire,
        error.description,
        error.status,
        details=details,
        headers=challenge(request, error) | (headers or {}),
    )


def challenge(request: AnyRequest, error: OAuthError) -> dict[str, str]:
    """WWW-Authenticate where the client used that header: oauth4webapi stops reading the body where it stands, so a
    public client's plain refusal goes without (mobile.md 4.3)."""
    if error.code is ErrorCode.INVALID_TOKEN:
        return {
            "www-authenticate": 'Bearer error="invalid_token"'
            if "authorization" in request.headers
            else "Bearer"
        }
    if error.code is ErrorCode.INVALID_CLIENT and "authorization" in request.headers:
        return {"www-authenticate": 'Basic realm="token"'}
    return {}


def answer(
    request: AnyRequest,
    wire: str,
    description: str,
    status: int,
    *,
    details: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """A page where people arrive, unless the request asks for JSON; JSON everywhere else."""
    settings: Settings = request.app.state.settings
    # Not request.url: that is built with the Host header, whose text is anybody's (MD-01).
    path = request.scope["path"].removeprefix(settings.base)
    if path.startswith(("/v1/", "/clerk/")):
        code = {404: "resource_not_found", 405: "method_not_allowed"}.get(status, wire)
        return error_response(ApiError(status, code, description), headers=headers)
    for_people = path.startswith(PAGES) and path != FOR_PROGRAMS
    if not for_people or "application/json" in request.headers.get("accept", ""):
        more = {"details": details} if details else {}
        document = encode({"error": wire, "error_description": description, **more})
        return Response(
            document, status_code=status, media_type="application/json", headers=NO_STORE | (headers or {})
        )
    html, page_headers = render(
        request,
        "error.html",
        kind=wire if wire in OF_THEIR_OWN else "any",
        error=wire,
        description=description,
        details=details or {},
    )
    return Response(html, media_type="text/html", status_code=status, headers=page_headers | (headers or {}))
