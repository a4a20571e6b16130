"""The check before every redirect into an app, and what is said when it fails."""

from typing import Any

import structlog
from litestar import Request

from allowlist import AllowedRedirectUri, Explanation, InvalidClientId, RedirectUriNotAllowed
from broker.core.errors import ErrorCode, OAuthError
from broker.rooms import Rooms

log = structlog.get_logger()


class RedirectUriRefused(OAuthError):
    """The one mistake every team makes once, with the entry that comes nearest and the reason that it is not it."""

    def __init__(self, explanation: Explanation) -> None:
        super().__init__(ErrorCode.INVALID_REQUEST, "redirect_uri is not on the allowlist of this client")
        self.explanation = explanation
        self.for_developer = False  # entries of the client are named, so only in development

    @property
    def details(self) -> list[tuple[str, str]]:
        nearest = self.explanation.entry
        return [
            ("Received", self.explanation.redirect_uri),
            ("Reason", self.explanation.reason),
            *([("Nearest entry", nearest.url)] if nearest else []),
        ]


async def prove_redirect_uri(rooms: Rooms, client_id: str, redirect_uri: str) -> AllowedRedirectUri:
    """Raises RedirectUriRefused. The explanation costs a second read, on the way out only."""
    try:
        return await rooms.allowlist.verify(client_id, redirect_uri)
    except RedirectUriNotAllowed:
        explanation = await explain(rooms, client_id, redirect_uri)
    log.warning(
        "redirect_uri_refused",
        client_id=client_id[:64],
        redirect_uri=redirect_uri[:200],
        reason=explanation.reason,
    )
    raise RedirectUriRefused(explanation)


async def explain(rooms: Rooms, client_id: str, redirect_uri: str) -> Explanation:
    try:
        return await rooms.allowlist.explain(client_id, redirect_uri)
    except InvalidClientId as error:
        return Explanation(redirect_uri, allowed=False, entry=None, reason=error.reason)


def shown_target(target: AllowedRedirectUri) -> str:
    """What a person is told of where they return: the link's host, or the scheme (AZ-12)."""
    scheme, _, rest = target.text.partition(":")
    host = rest.removeprefix("//").split("/")[0].split("?")[0] if rest.startswith("//") else ""
    return host if target.verified_link else f"{scheme}://{host}"


def form_target(target: AllowedRedirectUri) -> str:
    """What a page's form may lead to, as CSP writes it: the app's scheme, or one loopback port."""
    return shown_target(target) if target.scheme == "http" else f"{target.scheme}:"


def is_android(request: Request[Any, Any, Any]) -> bool:
    return "Android" in request.headers.get("user-agent", "")
