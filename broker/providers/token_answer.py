"""What a token endpoint's answer says (RFC 6749 sections 5.1 and 5.2), at a sign-in and at a refresh. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import msgspec

from broker.core.identity import ProviderTokens
from broker.providers.attributes import at
from broker.providers.errors import GrantRefused, Unavailable, broken
from broker.providers.provider import Errors, Provider

# RFC 6749 section 5.2, and what some say beside it. Another's word is not repeated: it may hold anything.
STANDARD_WORDS = {
    *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"),
    *("invalid_scope", "redirect_uri_mismatch", "access_denied", "invalid_token"),
}


class Answer(NamedTuple):
    """Status, headers (names in lower case) and content of an HTTP answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def read_json(answer: Answer) -> Any:
    """A good answer's JSON. 5xx and 429 pass, so try again later; everything else is wrong."""
    if answer.status >= 500 or answer.status == 429:
        raise Unavailable(f"status {answer.status}", retry_after=retry_after(answer))
    if answer.status != 200:
        raise broken(f"status {answer.status}")
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise broken("the answer is not JSON") from None


def read_tokens(answer: Any, now: int) -> ProviderTokens:
    """A token answer. GitHub says `error` with status 200."""
    if not isinstance(answer, dict) or "error" in answer or not isinstance(answer.get("access_token"), str):
        raise broken("the token endpoint gave no access token")
    expires_in = answer.get("expires_in")
    try:
        return ProviderTokens(
            access_token=answer["access_token"],
            token_type=str(answer.get("token_type") or "Bearer"),
            refresh_token=optional_text(answer, "refresh_token"),
            id_token=optional_text(answer, "id_token"),
            expires_at=now + min(int(expires_in), 10**9) if expires_in is not None else None,
            scope=read_scope(answer.get("scope")),
        )
    except (TypeError, ValueError, OverflowError):
        raise broken("the token answer is malformed") from None


def read_scope(said: Any) -> tuple[str, ...]:
    """Separated by spaces (RFC 6749), by commas, or a list; nothing where it says nothing."""
    if isinstance(said, list):
        return tuple(each for each in said if isinstance(each, str))
    return tuple(str(said or "").replace(",", " ").split())


def read_refresh(answer: Answer, now: int, provider: Provider) -> ProviderTokens:
    """The tokens of a refresh. Raises GrantRefused, which is for good, or Unavailable, which is not; the two never mix.

    Only a JSON answer that names a final error condemns a grant: not an outage's HTML page with status 400, not a
    limit, not our own wrong secret. A 200 that cannot be read may have spent the refresh token (`heard`).
    """
    said = decoded(answer)
    refused = said_of(answer, provider.errors, provider.errors.bad_refresh_token)
    if refused and answer.status < 500 and answer.status != 429:
        raise GrantRefused(refused)
    if answer.status != 200 or error_of(answer, provider.errors):
        raise Unavailable(worded(answer, provider.errors), retry_after=retry_after(answer))
    try:
        return read_tokens(provider.read_answer(said) if provider.read_answer else said, now)
    except Exception:  # noqa: BLE001 - whatever it was, the provider took our token and we have none
        raise Unavailable("the answer has no access token", heard=True) from None


def was_revoked(answer: Answer, errors: Errors) -> bool:
    """Whether the provider ended the grant; False: it knows no such token, which Google and Meta say with 400, GitHub
    with 404, and RFC 7009 section 2.2 not at all. Raises Unavailable for everything else."""
    error = error_of(answer, errors)
    if answer.status in (200, 202, 204) and not error:
        return True
    unknown = error == "invalid_token" or said_of(answer, errors, errors.bad_refresh_token)
    if answer.status == 404 or (answer.status <= 400 and unknown):
        return False
    raise Unavailable(worded(answer, errors), retry_after=retry_after(answer))


def decoded(answer: Answer) -> Any:
    """Its JSON, or None."""
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def error_of(answer: Answer, errors: Errors) -> str:
    """The error's code as the provider says it, or nothing. To be compared with words that we know, never repeated."""
    error = at(decoded(answer), errors.at)
    return "" if error is None or error is False else str(error).partition(":")[0].strip()


def said_of(answer: Answer, errors: Errors, known: tuple[str, ...]) -> str | None:
    """Which of the words that we know the provider says, if any; one for programs, whatever the provider made of it."""
    word, prose = error_of(answer, errors), str(at(decoded(answer), errors.described_at))
    for each in known:
        name, _, beginning = each.partition(": ")
        if word == name and prose.startswith(beginning):
            return name if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name) else "invalid_grant"
    return None


def worded(answer: Answer, errors: Errors) -> str:
    """The status and the error's code, for our log: of a provider whose words may be known to hold nothing else."""
    word = error_of(answer, errors)
    ours = (*errors.bad_code, *errors.bad_refresh_token, *errors.bad_client)
    known = STANDARD_WORDS.union(each.partition(": ")[0] for each in ours)
    return f"status {answer.status} {word if word in known else word and 'unknown'}".rstrip()


def retry_after(answer: Answer) -> float | None:
    """Seconds (RFC 9110 section 10.2.3): a number or a date."""
    said = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", said):
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def optional_text(answer: dict[str, Any], name: str) -> str | None:
    value = answer.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(name)
    return value
