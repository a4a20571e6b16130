"""A posted form of the dashboard: each field once, but those that are lists."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.exceptions import HTTPException

from allowlist.wire import ApiError

MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 300


class Form:
    """`text` of a field, `lines` of a field of several lines, `chosen` of its checkboxes. What is missing is empty."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """The one value, without the blanks around it. Raises ApiError 400 when there are two."""
        values = self._values.get(name, [""])
        if len(values) > 1:
            raise ApiError(400, "form_invalid", f"{name[:64]} is given more than once")
        return values[0].strip()

    def lines(self, name: str) -> list[str]:
        return [line.strip() for line in self.text(name).splitlines() if line.strip()]

    def chosen(self, name: str) -> list[str]:
        return list(dict.fromkeys(self._values.get(name, [])))

    def ticked(self, name: str) -> bool:
        return self.text(name) == "1"


async def read_form(request: Request[Any, Any, Any]) -> Form:
    """Raises ApiError 400, or 415 for another media type."""
    media_type, _, _ = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != MEDIA_TYPE:
        raise HTTPException(status_code=415, detail=f"the body must be {MEDIA_TYPE}")
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise ApiError(400, "form_invalid", "the form cannot be read") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Form(values)
