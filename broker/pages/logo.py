"""The providers' logos, put into the page itself: no request, and a monochrome one takes the text's colour.

One SVG a provider in logos/, named as its id; a provider without one shows its first letter. docs/pages.md says
whence they come and which brand rules they follow.
"""

from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("logos")


@cache
def drawings() -> dict[str, str]:
    return {path.stem: path.read_text().strip() for path in FOLDER.glob("*.svg")}


def logo(provider_id: str, name: str) -> Any:
    """Markup. It says nothing to a screen reader: the name stands beside it."""
    from markupsafe import Markup  # noqa: PLC0415 - most answers are no page

    drawing = drawings().get(provider_id)
    if drawing is None:
        return Markup('<span class="logo letter" aria-hidden="true">{}</span>').format(name[:1].upper())
    return Markup('<span class="logo" aria-hidden="true">{}</span>').format(Markup(drawing))  # noqa: S704 - our file
