"""Whether a client id and its secret are good, proven without a person: the provider is sent a code that it never gave,
and what it complains of is judged. Pure."""

from typing import Literal, NamedTuple

import jwt

from broker.core.opaque import new_secret
from broker.providers.provider import Connection, Errors
from broker.providers.token_answer import Answer, said_of, worded
from broker.providers.token_requests import Request, code_request

STANDARD = Errors()


class Proof(NamedTuple):
    """`detail` is for an admin; it holds the provider's own word, and nothing that we sent."""

    verdict: Literal["accepted", "refused", "unclear", "unreachable"]
    detail: str


UNUSABLE = Proof("refused", "no client secret can be made of these credentials")


def bogus_request(connection: Connection, now: int) -> Request:
    """As at a sign-in, with a code of our own. Raises ValueError for a key with which nothing can be signed."""
    try:
        return code_request(connection, new_secret(), new_secret(), now)
    except (jwt.PyJWTError, TypeError) as error:
        raise ValueError(str(error)) from None


def judged(answer: Answer, errors: Errors) -> Proof:
    """By the provider's words and RFC 6749's. Who refuses the code has let the client in. One that says the same of both
    has said nothing."""
    client = said_of(answer, errors, errors.bad_client) or said_of(answer, STANDARD, STANDARD.bad_client)
    code = said_of(answer, errors, errors.bad_code) or said_of(answer, STANDARD, STANDARD.bad_code)
    said = worded(answer, errors)
    if client and not code:
        return Proof("refused", f"the provider refuses this client id or secret ({said})")
    if code and not client:
        return Proof("accepted", "credentials are good: the provider refuses only the code that was made up")
    return Proof("unclear", f"it is not clear: the provider answers {said}")
