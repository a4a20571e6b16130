"""A call to a provider that is not plain OAuth, as data: who somebody is, a token renewed, a grant given back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class TokenCall:
    """A call about one token. In `url`, `headers` and the texts of `parameters`, `{client_id}`, `{client_secret}`,
    `{token}` and `{appsecret_proof}` stand for what is sent."""

    method: Literal["GET", "POST", "DELETE"]
    url: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    place: Literal["query", "form", "json"] = "form"
    authorization: Literal["none", "basic", "bearer"] = "none"
    headers: Mapping[str, str] = field(default_factory=dict)


def get(url: str, *, headers: Mapping[str, str] | None = None, **parameters: str) -> TokenCall:
    """The usual way to ask who somebody is: GET with the access token as Bearer."""
    return TokenCall(
        method="GET",
        url=url,
        parameters=parameters,
        place="query",
        authorization="bearer",
        headers=headers or {},
    )
