"""The shapes of the `/v1` API, which are those of Clerk's Backend API, so that its clients can be pointed
here.

Clients tell an error apart by its code and its `meta.param_name`. They parse JSON only if the content type is
exactly `application/json`, and some of them repeat a call for an hour after any 5XX: what is wrong upstream
is a 4XX here.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from pydantic import BaseModel, ValidationError

MOST_ITEMS = 500
MOST_OFFSET = 1_000_000_000
LONGEST_NAME_SHOWN = 64

AnyRequest = Request[Any, Any, Any]
Model = TypeVar("Model", bound=BaseModel)


class ApiError(Exception):
    """One thing that is wrong with a request. All of it is shown to the caller, so no secret goes in. `meta` is for
    programs; `retry_after` seconds says that the same request may do later."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        long_message: str | None = None,
        param: str | None = None,
        meta: Mapping[str, object] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.long_message = long_message or message
        self.param = param
        self.meta = meta or {}
        self.retry_after = retry_after


class ApiErrors(Exception):
    """Several things that are wrong with one request, such as two fields of its body. At least one."""

    def __init__(self, errors: Sequence[ApiError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


def error_response(
    *errors: ApiError, trace_id: str | None = None, headers: Mapping[str, str] | None = None
) -> Response[dict[str, object]]:
    """The envelope around one or more errors, with the status of the first."""
    body: dict[str, object] = {
        "errors": [described(error) for error in errors],
        "clerk_trace_id": trace_id or secrets.token_hex(16),
    }
    return Response(body, status_code=errors[0].status, media_type=MediaType.JSON, headers=headers)


def described(error: ApiError) -> dict[str, object]:
    meta = {**error.meta, **({"param_name": error.param} if error.param else {})}
    return {"code": error.code, "message": error.message, "long_message": error.long_message, "meta": meta}


def page(items: Sequence[object], total: int, paginated: bool) -> object:  # noqa: FBT001 -- it is the parameter's name
    """A list as the caller asked for it: bare, or in an envelope with the total."""
    return {"data": list(items), "total_count": total} if paginated else list(items)


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is asked for."""

    limit: int
    offset: int
    paginated: bool

    @classmethod
    def parse(cls, request: AnyRequest) -> "Paging":
        """Read `limit`, `offset` and `paginated` of the query. Raises ApiError 422."""
        return cls(
            limit=whole_number(request, "limit", default=10, least=1, most=MOST_ITEMS),
            offset=whole_number(request, "offset", default=0, least=0, most=MOST_OFFSET),
            paginated=truth(request, "paginated"),
        )


def query_parameter(request: AnyRequest, name: str) -> str | None:
    """The one value of a query parameter. Raises ApiError 422 when it is repeated: first and last would
    differ."""
    values = request.query_params.getall(name, [])
    if len(values) > 1:
        raise ill_formed(name, f"{name} is given more than once")
    return values[0] if values else None


def whole_number(request: AnyRequest, name: str, *, default: int, least: int, most: int) -> int:
    text = query_parameter(request, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise ill_formed(name, f"{name} is a whole number from {least} to {most}")
    return int(text)


def truth(request: AnyRequest, name: str) -> bool:
    text = query_parameter(request, name)
    if text not in {None, "true", "false"}:
        raise ill_formed(name, f"{name} is true or false")
    return text == "true"


def ill_formed(param: str, message: str) -> ApiError:
    return ApiError(422, "form_param_format_invalid", message, param=param)


class Body(BaseModel, defer_build=True):
    """The body of a request. Its validator is built at its first use: together they cost a start 70 ms."""


async def read_json(request: AnyRequest, model: type[Model]) -> Model:
    """The body as `model`, read strictly: no conversions, no unknown or repeated names.

    Raises ApiError 415 for another content type (a page of another site can post a form, not this), 400 for
    what is not a JSON object, and ApiErrors 422 with one error a field. No value of the body is ever repeated
    in an error.
    """
    if request.content_type[0].lower() != MediaType.JSON:
        raise ApiError(415, "unsupported_content_type", "the content type must be application/json")
    return validated(model, read_object(await request.body()))


def read_members(model: type[Model], members: Mapping[str, object]) -> Model:
    """What a form said, held to the same rules. Raises ApiErrors 422."""
    return validated(model, json.dumps(members).encode())


def validated(model: type[Model], body: bytes) -> Model:
    try:
        return model.model_validate_json(body, strict=True, extra="forbid")
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise ApiErrors([field_error(one["loc"], one["type"], one["msg"]) for one in found]) from None


def read_object(body: bytes) -> bytes:
    """The bytes of a JSON object; nothing at all counts as an empty one. Raises ApiError 400."""
    try:
        value = json.loads(body.decode() or "{}", object_pairs_hook=without_repeats)
    except (ValueError, RecursionError):
        raise ApiError(400, "request_body_invalid", "the body is not JSON, or repeats a name") from None
    if not isinstance(value, dict):
        raise ApiError(400, "request_body_invalid", "the body is not a JSON object")
    return body or b"{}"


def without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def field_error(location: tuple[int | str, ...], kind: str, message: str) -> ApiError:
    """The error of one field, in the words that Clerk's clients know."""
    if kind == "json_invalid":  # pydantic is stricter than we were: half of a surrogate pair, for one
        return ApiError(400, "request_body_invalid", "the body is not JSON")
    name = ".".join(map(str, location))[:LONGEST_NAME_SHOWN]
    if kind == "missing":
        return ApiError(422, "form_param_missing", f"{name} is missing", param=name)
    if kind == "extra_forbidden":
        return ApiError(422, "form_param_unknown", f"{name} is not a parameter of this request", param=name)
    return ill_formed(name, f"{name}: {message}" if name else message)


CODES = {
    401: "authentication_invalid",
    403: "authorization_invalid",
    404: "resource_not_found",
    405: "method_not_allowed",
    413: "request_body_too_large",
    415: "unsupported_content_type",
    429: "too_many_requests",
}


def on_api_error(_: AnyRequest, error: ApiError) -> Response[dict[str, object]]:
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else None
    return error_response(error, headers=headers)


def on_api_errors(_: AnyRequest, error: ApiErrors) -> Response[dict[str, object]]:
    return error_response(*error.errors)


def on_http_exception(_: AnyRequest, error: HTTPException) -> Response[dict[str, object]]:
    """What Litestar itself refuses. Its own text stays here: it may repeat what was sent."""
    code = CODES.get(error.status_code, "request_invalid" if error.status_code < 500 else "internal_error")
    message = code.replace("_", " ")
    return error_response(ApiError(error.status_code, code, message), headers=error.headers)


API_EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    ApiError: on_api_error,
    ApiErrors: on_api_errors,
    HTTPException: on_http_exception,
}
