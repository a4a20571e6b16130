"""From what a provider says of a person to an Identity: which attribute stands where. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from broker.core.identity import Identity

Claims = Mapping[str, Any]
TEXTS = ("email", "name", "given_name", "family_name", "username", "picture")
ATTRIBUTES = ("subject", "number", "email_verified", *TEXTS)
PATH = re.compile(r"[^.\s]{1,100}(\.[^.\s]{1,100}){0,9}")


def mapped(**paths: str) -> Callable[[Claims], Identity]:
    """A reader by paths, such as `subject="user.data.id"`, `email="emails.0.address"`.

    The subject is text or a whole number, and where its path is given as `number` nothing but digits. The reader raises
    TypeError without one. What else is missing or of another kind was not told.
    """
    if paths.keys() - set(ATTRIBUTES) or ("subject" in paths) == ("number" in paths):
        raise ValueError(f"attributes are {', '.join(ATTRIBUTES)}, and one of the first two is needed")

    def read(claims: Claims) -> Identity:
        verified = truth(at(claims, paths["email_verified"])) if "email_verified" in paths else None
        subject = subject_of(at(claims, paths.get("subject") or paths["number"]))
        if "number" in paths and not (subject.isascii() and subject.isdigit()):
            raise TypeError("number")
        who = Identity(subject=subject, email_verified=verified)
        texts = {name: as_text(at(claims, paths[name])) for name in TEXTS if name in paths}
        return msgspec.structs.replace(who, **texts)

    return read


OPENID_CLAIMS = {
    "subject": "sub",
    "email": "email",
    "email_verified": "email_verified",
    "name": "name",
    "given_name": "given_name",
    "family_name": "family_name",
    "username": "preferred_username",
    "picture": "picture",
}
"""OpenID Connect's standard claims (Core section 5.1)."""

from_openid_claims = mapped(**OPENID_CLAIMS)


def at(document: Any, path: str) -> Any:
    """What stands at a path of names and list positions; None where it leads nowhere."""
    for step in path.split("."):
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def subject_of(value: object) -> str:
    """A provider's own id of a person: text or a whole number. Raises TypeError."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError("subject")
    if not 1 <= len(str(value)) <= 255:
        raise TypeError("subject")
    return str(value)


def as_text(value: object) -> str | None:
    """Text of a sane length; providers send null, numbers and essays too."""
    return value if isinstance(value, str) and 0 < len(value) <= 1024 else None


def text(claims: Claims, name: str) -> str | None:
    return as_text(claims.get(name))


def truth(value: object) -> bool | None:
    """Apple says "true" where others say true; anything else was not said."""
    return (
        {True: True, "true": True, False: False, "false": False}.get(value)
        if isinstance(value, bool | str)
        else None
    )
