"""The only builders of redirects and JSON answers. A redirect into an app takes an `AllowedRedirectUri`, never text."""

import re
from typing import Any

import msgspec
from litestar.response.base import ASGIResponse

from allowlist import AllowedRedirectUri
from broker.core.errors import OAuthError
from broker.core.records import AuthorizationCode

encode = msgspec.json.Encoder().encode
OWN_PATH = re.compile(r"/(?:[A-Za-z0-9_.~-][A-Za-z0-9_.~/-]*)?(?:\?[A-Za-z0-9_.~/=&%+-]*)?")
NO_STORE = {"cache-control": "no-store"}


def to_app(
    target: AllowedRedirectUri,
    *,
    cookies: tuple[tuple[str, str], ...] = (),
    via_intent: bool = False,
    **parameters: str | None,
) -> ASGIResponse:
    """303 to the app; the parameters are appended to the address as text (RU-09). `via_intent`: as Android's own form of
    the same address, which some browsers open where they do not open the scheme."""
    address = target.as_intent(**parameters) if via_intent else target.with_parameters(**parameters)
    headers = [("location", address), ("cache-control", "no-store"), *cookies]
    return ASGIResponse(status_code=303, headers=headers)


def error_to_app(
    target: AllowedRedirectUri, state: str | None, error: OAuthError, issuer: str
) -> ASGIResponse:
    """An authorization error response, always with `state` and `iss` (RFC 6749 section 4.1.2.1, RFC 9207)."""
    return to_app(target, error=error.code.wire, error_description=error.description, state=state, iss=issuer)


def to_provider(url: str, cookie: tuple[str, str]) -> ASGIResponse:
    """303 to the provider, with the cookie that binds the flow to this browser."""
    return ASGIResponse(status_code=303, headers=[("location", url), ("cache-control", "no-store"), cookie])


def see_other(path: str, *cookies: tuple[str, str]) -> ASGIResponse:
    """303 to a page of our own. Raises ValueError for what could be another's: a path is written by us, never sent."""
    if not OWN_PATH.fullmatch(path):
        raise ValueError("not a path of our own")
    headers = [("location", path), ("cache-control", "no-store"), *cookies]
    return ASGIResponse(status_code=303, headers=headers)


def json_answer(document: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> ASGIResponse:
    """JSON that nobody may cache."""
    return ASGIResponse(body=encode(document), status_code=status, headers=NO_STORE | (headers or {}))


def public_json(document: Any) -> ASGIResponse:
    """JSON for anybody, from anywhere, for five minutes: metadata and public keys."""
    headers = {"cache-control": "public, max-age=300", "access-control-allow-origin": "*"}
    return ASGIResponse(body=encode(document), headers=headers)


def hand_out(
    target: AllowedRedirectUri,
    grant: AuthorizationCode,
    code: str | None,
    state: str | None,
    issuer: str,
    *,
    cookies: tuple[tuple[str, str], ...] = (),
    via_intent: bool = False,
) -> ASGIResponse:
    """303 to the app with its code (RFC 6749 section 4.1.2), or with its nonce, in Clerk's words."""
    if not grant.attempt:
        return to_app(target, cookies=cookies, via_intent=via_intent, code=code, state=state, iss=issuer)
    return to_app(
        target,
        cookies=cookies,
        via_intent=via_intent,
        rotating_token_nonce=code,
        created_session_id=None if grant.connects else grant.session_id,
        state=state,
    )
