"""Each provider's own way of speaking, made of what its file documents (broker/providers/documented.py)."""

import re
import time
from collections.abc import Mapping
from typing import Any

from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Provider
from broker.simulator.memory import Grant

PERSONAL_ACCOUNTS = (
    "9188040d-6c67-4c5b-b112-36a304b66dad"  # the tenant of every simulated person at Microsoft
)
WHOLE = re.compile(r"\{([a-z_]+)(\??)\}")


def is_offline(provider: Provider, asked: Parameters, scopes: tuple[str, ...]) -> bool:
    """Whether a refresh token comes: for a parameter, for a scope, always or never."""
    lifecycle = provider.lifecycle
    if lifecycle.renewal != "refresh_token" or not provider.documented.refresh_token:
        return False
    if lifecycle.offline_scope:
        return lifecycle.offline_scope in scopes
    return all(asked.get(name) == value for name, value in lifecycle.offline_params.items())


def asks_consent(lifecycle: Lifecycle, asked: Parameters) -> bool:
    return all(value in asked.get(name, "").split() for name, value in lifecycle.consent_params.items())


def gives_id_token(provider: Provider, scopes: tuple[str, ...]) -> bool:
    """For the scope `openid`; Apple knows no such scope and always gives one."""
    return provider.issuer is not None and ("openid" in scopes or "openid" not in provider.scopes)


def issuer_of(provider: Provider) -> str:
    return (provider.issuer or "").replace("{tid}", PERSONAL_ACCOUNTS)


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """A documented answer with a person's own values in it."""
    match template:
        case str():
            whole = WHOLE.fullmatch(template)
            return values[whole[1]] if whole else WHOLE.sub(lambda found: str(values[found[1]]), template)
        case Mapping():
            kept = {name: each for name, each in template.items() if not left_out(each, values)}
            return {name: filled(each, values) for name, each in kept.items()}
        case list():
            return [filled(each, values) for each in template]
        case _:
            return template


def left_out(template: Any, values: Mapping[str, Any]) -> bool:
    whole = WHOLE.fullmatch(template) if isinstance(template, str) else None
    return whole is not None and whole[2] == "?" and values[whole[1]] is None


def person(provider: Provider, grant: Grant) -> dict[str, Any]:
    """The values that a documented answer may hold of a person, as far as the granted scopes allow."""
    persona, told = grant.persona, provider.documented
    email = persona.email if told.email_scope in (None, *grant.scopes) else None
    name = persona.name if told.name_scope in (None, *grant.scopes) else None
    given, _, family = (name or "").rpartition(" ")
    subject = persona.subject(provider.id)
    return {
        "subject": subject,
        "number": int(subject),
        "email": email,
        "email_told": email is not None,
        "email_verified": None if email is None else persona.email_verified,
        "email_verified_text": None if email is None else str(persona.email_verified).lower(),
        "verified_email": email if persona.email_verified else None,
        "name": name,
        "given_name": given or family or None,
        "family_name": family or None,
        "username": None if name is None else persona.username,
        "picture": None,
        "now": int(time.time()),
        "scope": provider.scope_separator.join(grant.scopes),
        "scope_spaces": " ".join(grant.scopes),
        "scope_commas": ",".join(grant.scopes),
        "scopes": list(grant.scopes),
    }


def refusal(provider: Provider, error: OAuthError, *, of_refresh: bool = False) -> tuple[int, dict[str, Any]]:
    """Status and body by which the provider says no. An outage is an outage everywhere."""
    errors = provider.errors
    if error.status >= 500:
        return error.status, {"error": error.code.wire, "error_description": error.description}
    words = {
        ErrorCode.INVALID_GRANT: (errors.bad_refresh_token if of_refresh else errors.bad_code)[0],
        ErrorCode.INVALID_CLIENT: errors.bad_client[0],
    }
    status = error.status if errors.status == 400 else errors.status
    word, _, prose = words.get(error.code, error.code.wire).partition(": ")
    return status, placed(errors.described_at, prose or error.description) | placed(errors.at, word)


def placed(path: str, word: str) -> Any:
    """The word at its place, in otherwise empty objects and lists."""
    at: Any = int(word) if word.isdecimal() else word
    for step in reversed(path.split(".")):
        at = [at] if step.isdecimal() else {step: at}
    return at
