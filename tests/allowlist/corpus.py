"""The cases of `tests/vectors/redirect_uris.jsonl`: entries, a candidate, and what must come of it."""

import json
from pathlib import Path
from typing import NamedTuple

VECTORS = Path(__file__).parent.parent / "vectors" / "redirect_uris.jsonl"


class Item(NamedTuple):
    url: str
    development: bool


class Case(NamedTuple):
    id: str
    allow: list[Item]
    candidate: str
    expect: str
    why: str


def read(line: str) -> Case:
    case = json.loads(line)
    allow = [
        Item(i, False) if isinstance(i, str) else Item(i["uri"], i.get("dev", False))
        for i in case.pop("allow")
    ]
    return Case(allow=allow, **case)


CASES = [read(line) for line in VECTORS.read_text().splitlines()]
