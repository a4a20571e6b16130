"""The people one can sign in as. Each is the same person after a restart, because the broker keeps its users."""

import re
from dataclasses import dataclass
from hashlib import sha256

from broker.core.errors import ErrorCode, OAuthError

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


@dataclass(frozen=True, kw_only=True)
class Persona:
    """Somebody. `about` is why one would choose them."""

    key: str
    name: str
    email: str | None
    email_verified: bool = True
    about: str = ""

    def subject(self, provider_id: str) -> str:
        """A number, because GitHub's ids are; below 2**53, because JSON readers may hold it in a float."""
        digest = sha256(f"{provider_id}:{self.key}".encode()).digest()
        return str(int.from_bytes(digest[:6]))

    @property
    def username(self) -> str:
        return self.key.partition("@")[0]


PERSONAS = (
    Persona(key="ada", name="Ada Lovelace", email="ada@example.com"),
    Persona(key="grace", name="Grace Hopper", email="grace@example.com"),
    Persona(
        key="unverified",
        name="Una Proven",
        email="una@example.com",
        email_verified=False,
        about="the provider never checked this e-mail",
    ),
    Persona(key="hidden", name="Hedy Lamarr", email=None, about="tells no e-mail"),
    Persona(key="markup", name='<b>"Zoë" & co</b>', email="zoe@example.com", about="a name full of markup"),
)
BY_KEY = {persona.key: persona for persona in PERSONAS}


def find_persona(wanted: str) -> Persona:
    """One of ours, or anybody by e-mail. Raises OAuthError invalid_request."""
    if wanted in BY_KEY:
        return BY_KEY[wanted]
    if not EMAIL.fullmatch(wanted):
        raise OAuthError(
            ErrorCode.INVALID_REQUEST, f"persona must be an e-mail or one of: {', '.join(BY_KEY)}"
        )
    email = wanted.lower()
    return Persona(key=email, name=email.partition("@")[0].title(), email=email)
