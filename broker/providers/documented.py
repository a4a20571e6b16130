"""What a provider answers, as its documentation shows it. The simulator speaks by it, so that in development each
provider is met in its own dialect.

A text `{name}` stands for a person's own value and keeps its kind; `{name?}` leaves the entry out where there is none.
Names: `access_token refresh_token id_token token_type expires_in scope scopes` (a list), `subject` (text), `number` (the
same as a whole number), `email email_verified email_verified_text name given_name family_name username picture now`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STANDARD_TOKEN: Mapping[str, Any] = {  # RFC 6749 section 5.1
    "access_token": "{access_token}",
    "token_type": "Bearer",
    "expires_in": "{expires_in}",
    "refresh_token": "{refresh_token?}",
    "scope": "{scope}",
    "id_token": "{id_token?}",
}
STANDARD_CLAIMS: Mapping[str, Any] = {  # OpenID Connect Core section 5.1
    "sub": "{subject}",
    "email": "{email?}",
    "email_verified": "{email_verified?}",
    "name": "{name?}",
    "given_name": "{given_name?}",
    "family_name": "{family_name?}",
    "preferred_username": "{username?}",
}


@dataclass(frozen=True, kw_only=True)
class Documented:
    """`token` answers a code and, unless `refreshed` does, a refresh; `claims` stand in an ID token and at userinfo;
    `profile` has an answer for each of the provider's profile calls. Without `email_scope` or `name_scope` among the
    granted scopes a person's address or name is not told; None: it always is. `refresh_token` False: none ever comes,
    because of the kind of app that the catalogue expects."""

    token: Mapping[str, Any] = field(default_factory=lambda: STANDARD_TOKEN)
    refreshed: Mapping[str, Any] | None = None
    claims: Mapping[str, Any] = field(default_factory=lambda: STANDARD_CLAIMS)
    profile: Mapping[str, Any] = field(default_factory=dict)
    email_scope: str | None = None
    name_scope: str | None = None
    refresh_token: bool = True
