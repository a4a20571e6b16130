"""How a page looks to whoever reads it: the operator's brand, and the reader's language."""

from dataclasses import dataclass
from typing import Any

from litestar import Request

from broker.core.brand import Brand
from broker.pages.words import Words, chosen, words


@dataclass(frozen=True)
class Look:
    """`base` is the path under which everything is served."""

    base: str
    brand: Brand
    words: Words

    @classmethod
    def of(cls, request: Request[Any, Any, Any]) -> "Look":
        """For this request; of an application that has set neither, plain."""
        state, liked = request.app.state, request.headers.get("accept-language", "")
        return cls(state.get("base", ""), state.get("brand", Brand()), words(chosen(liked)))
