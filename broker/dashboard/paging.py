"""Lists of the dashboard, a page at a time."""

from allowlist.wire import AnyRequest

PAGE = 50  # lines of a list
MOST_PAGES = 100_000


def page_number(request: AnyRequest) -> int:
    """`?page=`, from 1 on; what is no number is the first."""
    text = request.query_params.get("page", "")
    return max(1, min(int(text), MOST_PAGES)) if text.isascii() and text.isdigit() and len(text) < 9 else 1
