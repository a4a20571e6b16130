"""What a page says when the same request to the API would be refused."""

from http import HTTPStatus
from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException

from allowlist.wire import AnyRequest, ApiError, ApiErrors
from broker.dashboard.shell import SENDS_ORIGIN, frame
from broker.pages.page import render

Answer = Response[Any]


def on_api_error(request: AnyRequest, error: ApiError) -> Answer:
    return refused(request, error.status, [error.message])


def on_api_errors(request: AnyRequest, errors: ApiErrors) -> Answer:
    return refused(request, errors.errors[0].status, [each.message for each in errors.errors])


def on_http_error(request: AnyRequest, error: HTTPException) -> Answer:
    """Constant words: Litestar's own repeat what was sent."""
    return refused(request, error.status_code, [HTTPStatus(error.status_code).phrase])


def refused(request: AnyRequest, status: int, messages: list[str]) -> Answer:
    """Inside the dashboard for who is signed in; a page of its own for who is not."""
    if "admin" in request.scope["state"]:
        around = frame(request, "")
        html, headers = render(request, "dashboard/refused.html", script=True, **around, messages=messages)
        headers |= SENDS_ORIGIN
    else:
        html, headers = render(request, "dashboard/stopped.html", messages=messages)
    return Response(html, media_type="text/html", status_code=status, headers=headers)


def words_of(error: ApiError | ApiErrors) -> dict[str, str]:
    """What is wrong, by the form's field; "" is what is about none of them."""
    errors = error.errors if isinstance(error, ApiErrors) else [error]
    return {(each.param or "").split(".")[0]: each.message for each in reversed(errors)}
