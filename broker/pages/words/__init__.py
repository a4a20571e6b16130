"""Every sentence that people read, in a file a language: `en.toml` is the whole of it, and another is one file more.

A sentence may hold `{name}`, filled by the page; what is filled in is text, whatever it looks like.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ENGLISH = "en"
ASKED = re.compile(
    r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,32})?\s*(?:;\s*q=(0(?:\.\d{1,3})?|1(?:\.0{1,3})?))?\s*"
)


class Words:
    """The sentences of one language; what it lacks is said in English."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._sentences = {**languages()[ENGLISH], **languages()[language]}

    def __call__(self, key: str, **values: object) -> Any:
        """The sentence as markup, with every value escaped that is not markup itself. Raises KeyError."""
        from markupsafe import Markup, escape  # noqa: PLC0415 - most answers are no page

        return Markup(escape(self._sentences[key])).format(**values)  # noqa: S704 - of ours, and escaped


@cache
def words(language: str) -> Words:
    return Words(language)


@cache
def languages() -> dict[str, Mapping[str, str]]:
    """Each language's sentences by their keys, `picker.title`."""
    return {path.stem: flat(tomllib.loads(path.read_text())) for path in FOLDER.glob("*.toml")}


def flat(tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {
        f"{table}.{name}": sentence
        for table, sentences in tables.items()
        for name, sentence in sentences.items()
    }


def chosen(accept_language: str) -> str:
    """The language that a browser likes best among ours (RFC 9110 section 12.5.4); English where it likes none."""
    found = [match for part in accept_language[:500].split(",") if (match := ASKED.fullmatch(part))]
    liked = {match[1].lower(): float(match[2] or 1) for match in reversed(found)}
    best = max((each for each in liked if each in languages()), key=lambda each: liked[each], default=ENGLISH)
    return best if liked.get(best, 0) > 0 else ENGLISH
