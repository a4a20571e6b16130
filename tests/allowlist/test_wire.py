"""The envelope of the `/v1` API, apart from any route."""

import json

import pytest
from litestar.exceptions import HTTPException, TooManyRequestsException

from allowlist.wire import (
    ApiError,
    ApiErrors,
    error_response,
    field_error,
    on_api_errors,
    on_http_exception,
    page,
)


def test_error_has_all_fields():
    """Each error has the four fields that clients ask for, and the answer the trace id it was given."""
    answer = error_response(ApiError(404, "resource_not_found", "no such user"), trace_id="t1")
    error = {
        "code": "resource_not_found",
        "message": "no such user",
        "long_message": "no such user",
        "meta": {},
    }
    assert answer.status_code == 404
    assert answer.content == {"errors": [error], "clerk_trace_id": "t1"}


def test_long_message_and_parameter():
    """A longer message and the parameter's name are told where there are any."""
    error = ApiError(422, "form_param_missing", "missing", long_message="url is missing", param="url")
    (told,) = on_api_errors(None, ApiErrors([error])).content["errors"]
    assert (told["long_message"], told["meta"]) == ("url is missing", {"param_name": "url"})


@pytest.mark.parametrize(
    ("status", "code"), [(403, "authorization_invalid"), (418, "request_invalid"), (503, "internal_error")]
)
def test_litestar_errors(status, code):
    """What the framework refuses keeps its status, gets a code, and loses its text, which may repeat the request."""
    answer = on_http_exception(None, HTTPException("sk_secret", status_code=status))
    assert (answer.status_code, answer.content["errors"][0]["code"]) == (status, code)
    assert "sk_secret" not in json.dumps(answer.content)


def test_retry_after_is_kept():
    """The headers of a refusal, such as when to try again, go out with it."""
    answer = on_http_exception(None, TooManyRequestsException(headers={"Retry-After": "7"}))
    assert answer.headers["Retry-After"] == "7"


def test_nested_field_is_named_by_its_path():
    """A field inside another is named by the path to it, cut to a length that can be shown."""
    assert field_error(("a", 0, "b"), "missing", "").param == "a.0.b"
    assert len(field_error(("x" * 100,), "extra_forbidden", "").param) == 64
    assert field_error((), "value_error", "both or neither").message == "both or neither"


def test_page():
    """A page is bare unless the envelope was asked for."""
    assert page((1, 2), 7, False) == [1, 2]
    assert page((1, 2), 7, True) == {"data": [1, 2], "total_count": 7}
