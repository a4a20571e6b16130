"""The check before every redirect into an app, and what is said when it fails."""

import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from litestar import Request

from allowlist import AllowedRedirectUri, Explanation, InvalidClientId, RedirectUriNotAllowed
from broker.core.errors import ErrorCode, OAuthError
from broker.core.records import LONGEST_REFUSED, Refusal
from broker.providers.provider import Connection
from broker.rooms import Rooms

log = structlog.get_logger()


class RedirectUriRefused(OAuthError):
    """The one mistake every team makes once, with the entry that comes nearest and the reason that it is not it."""

    def __init__(self, explanation: Explanation) -> None:
        super().__init__(ErrorCode.INVALID_REQUEST, "redirect_uri is not on the allowlist of this client")
        self.explanation = explanation
        self.for_developer = False  # entries of the client are named, so only in development

    @property
    def details(self) -> dict[str, str]:
        nearest = self.explanation.entry
        return {
            "received": self.explanation.redirect_uri,
            "reason": self.explanation.reason,
            **({"nearest": nearest.url} if nearest else {}),
        }


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
    await rooms.store.refusals.note(refusal_of(client_id, explanation, int(time.time())))
    raise RedirectUriRefused(explanation)


def refusal_of(client_id: str, explanation: Explanation, now: int) -> Refusal:
    """As the dashboard shows it; a client id that could be none is cut as any other text."""
    return Refusal(
        client_id=client_id[:64],
        url=explanation.redirect_uri[:LONGEST_REFUSED],
        reason=explanation.reason[:LONGEST_REFUSED],
        nearest=explanation.entry.url if explanation.entry else None,
        at=now,
    )


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


def form_targets(connections: Iterable[Connection]) -> str:
    """What a page's forms may lead to, as CSP writes it, where they go on to a provider. A provider's sign-in goes from host
    to host, and browsers hold every one against the form, so https is open as a whole; the form's own target is ours."""
    parts = (urlsplit(each.provider.authorization_endpoint) for each in connections)
    return " ".join(
        sorted({"https:" if each.scheme == "https" else f"{each.scheme}://{each.netloc}" for each in parts})
    )


def form_target(target: AllowedRedirectUri) -> str:
    """What a page's form may lead to, as CSP writes it: the app's scheme, or one loopback port."""
    return shown_target(target) if target.scheme == "http" else f"{target.scheme}:"


def is_android(request: Request[Any, Any, Any]) -> bool:
    return "Android" in request.headers.get("user-agent", "")
