"""What a page is made of, apart from its words: its elements and their attributes."""

from html.parser import HTMLParser

Element = tuple[str, tuple[tuple[str, str | None], ...]]


class Elements(HTMLParser):
    """Collects every element of a page, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(attrs)))


def elements(page: str) -> list[Element]:
    reader = Elements()
    reader.feed(page)
    reader.close()
    return reader.found


def attributes(page: str, *names: str) -> list[str]:
    """The values of these attributes, wherever they stand."""
    return [value or "" for _, attrs in elements(page) for name, value in attrs if name in names]
