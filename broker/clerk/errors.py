"""How an OAuthError leaves this room: in Clerk's shape, with Clerk's code."""

from typing import Any

from litestar import Request, Response

from allowlist.wire import ApiError, error_response
from broker.core.attempts import clerk_code
from broker.core.errors import ErrorCode, OAuthError
from broker.endpoints.redirect import RedirectUriRefused

AnyRequest = Request[Any, Any, Any]


def refused(request: AnyRequest, error: OAuthError) -> Response[dict[str, object]]:
    """What is wrong with a parameter is 422; a redirect URL that is not listed is told as soon as a flow would start."""
    if isinstance(error, RedirectUriRefused):
        return error_response(mismatch(error, development=request.app.state.settings.development))
    if error.code is ErrorCode.INVALID_REQUEST:
        return error_response(ApiError(422, "form_param_format_invalid", error.description))
    return error_response(ApiError(error.status, clerk_code(error), error.description))


def mismatch(error: RedirectUriRefused, *, development: bool) -> ApiError:
    """The developer of a client in development is told the nearest entry; everybody else, where to ask."""
    told = "The redirect URL is not on the allowlist of this client"
    if development or error.for_developer:
        more = "; ".join(f"{term}: {text}" for term, text in error.details.items())
    else:
        more = "`broker allowlist test` names the nearest entry and the reason"
    meta = {"param_name": "redirect_url"}
    return ApiError(400, "resource_missmatch", told, long_message=f"{told}. {more}", meta=meta)


def signed_out() -> ApiError:
    """At 401 the SDK asks for its client anew, and finds the session gone."""
    return ApiError(401, "authentication_invalid", "this device is not signed in, or its session is over")


def not_found(what: str) -> ApiError:
    return ApiError(404, "resource_not_found", f"this device has no such {what}")


def bad_nonce() -> ApiError:
    """Unknown, expired, used and another device's look alike."""
    told = "the nonce is unknown, expired, used or another device's; start again"
    return ApiError(422, "form_param_value_invalid", told, param="rotating_token_nonce")
