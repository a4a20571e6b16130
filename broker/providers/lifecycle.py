"""How the tokens of a provider live, as data: what custody must know to keep them fresh and to give them back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from broker.providers.calls import TokenCall

TokenKind = Literal["refresh_token", "access_token"]
DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """Times are in seconds, and None says that the provider documents nothing; what it is silent on is not guessed.

    `sources` names for each page of the provider's documentation the facts that stand on it.
    """

    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rotates: bool | None = None  # a refresh gives a new refresh token and ends the old one
    grace: int | None = None  # in which a spent refresh token may be sent again; 0: none
    access_lifetime: int | None = None  # of an access token whose answer has no `expires_in`
    refresh_lifetime: int | None = None
    refresh_idle: int | None = None  # without use, after which a refresh token ends
    margin: float = 0.1  # share of an access token's life, at its end, in which it is renewed
    renewable_after: int = 0  # age that a token must have before a renewal is taken
    offline_scope: str | None = None  # which brings a refresh token
    offline_params: Mapping[str, str] = field(default_factory=dict)  # always sent, to get a refresh token
    consent_params: Mapping[str, str] = field(default_factory=dict)  # sent when custody holds no live one
    renewal: TokenKind | None = "refresh_token"  # what a new access token is got with
    exchange: TokenCall | None = None  # a short-lived access token into a long-lived one, after the sign-in
    renewal_call: TokenCall | None = None  # where `renewal` is the access token itself
    revokes: TokenKind | None = None  # the token that ends the whole grant; None: there is no call
    revocation_call: TokenCall | None = None  # where it is not RFC 7009 with client authentication


def may_repeat(lifecycle: Lifecycle, spent_for: int, repeated: int = 0) -> bool:
    """Whether a refresh token may be sent again, when the answer to it was lost `spent_for` seconds ago.

    One that stays may be sent again at will. One that changes may be sent in its declared grace, and never after:
    strict providers take a replay for theft and end the whole grant. Where nothing is documented it is sent once more,
    because the alternative is certain: a grant that only its person can mend.
    """
    if lifecycle.renewal != "refresh_token" or lifecycle.rotates is False:
        return True
    if lifecycle.grace is not None:
        return spent_for < lifecycle.grace
    return lifecycle.rotates is None and repeated == 0


def offline_parameters(lifecycle: Lifecycle, *, holds_live_refresh_token: bool | None) -> dict[str, str]:
    """What the authorization request needs to bring a refresh token. None: nobody knows yet who is coming, and a
    person who was here before is not asked for consent again on suspicion."""
    if holds_live_refresh_token is False:
        return {**lifecycle.offline_params, **lifecycle.consent_params}
    return dict(lifecycle.offline_params)
