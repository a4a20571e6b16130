"""Whose an account is: one table from what is known of an arrival to what becomes of it. First match wins. Pure.

An e-mail address joins people only by the rows that say so (OC-07, LK-01). docs/accounts.md shows the table to people.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

from broker.core.identity import ExternalAccount, Identity

SignUpMode = Literal["open", "restricted", "closed"]
Linking = Literal["verified", "prove", "off"]
SUBADDRESS_MARKS = "+=#"


class Outcome(StrEnum):
    """What becomes of an arrival."""

    SIGN_IN = "sign in"
    SIGN_UP = "sign up"
    CONNECT = "connect"  # the account is added to the user whose session asked
    RENEW = "renew"  # the account is where it belongs; its tokens are new
    LINK = "link"  # the account is added to the user who owns its address
    ASK = "ask for proof"
    REFUSE = "refuse"


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow was begun for. `user_id` and `session_id`: who connects; `account_id`: what is reconnected; `owners`:
    any of whom must be proven; `apart`: the person was asked, and is nobody who is here."""

    kind: Literal["sign_in", "connect", "prove", "reconnect"] = "sign_in"
    user_id: str | None = None
    session_id: str | None = None
    account_id: str | None = None
    owners: tuple[str, ...] = ()
    apart: bool = False


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided. `allowed` are domains and addresses, in lower case."""

    sign_up: SignUpMode = "open"
    allowed: tuple[str, ...] = ()
    block_subaddresses: bool = False
    linking: Linking = "verified"


class Owner(NamedTuple):
    """A user who has the arriving address, verified, in an account. `here`: in one at the very provider that now tells it
    of somebody else. `providers` are all at which the user has accounts."""

    user_id: str
    here: bool
    providers: tuple[str, ...]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the table looks at. `user_id` and `account_id` are whose the identity is known to be."""

    purpose: Purpose = msgspec.field(default_factory=Purpose)
    policy: Policy = msgspec.field(default_factory=Policy)
    may_sign_in: bool = True  # False: the connection is for connecting only
    user_id: str | None = None
    account_id: str | None = None
    identity: Identity
    owners: tuple[Owner, ...] = ()

    @property
    def joining_address(self) -> str | None:
        """The address by which this arrival may be asked to join somebody. None: it has none that counts."""
        settled = self.user_id or self.purpose.apart or self.purpose.kind != "sign_in"
        return None if settled or self.policy.linking == "off" else proven_address(self.identity)

    @property
    def met(self) -> bool:
        return bool(self.joining_address and self.owners)


class Row(NamedTuple):
    """`sentence` is what a refused person is told: what to do, in ASCII without `%`."""

    name: str
    when: str
    holds: Callable[[Facts], bool]
    outcome: Outcome
    why: str
    sentence: str = ""


TABLE = (
    Row(
        "connect-anothers",
        "connecting; the identity is another user's",
        lambda f: f.purpose.kind == "connect" and f.user_id not in (None, f.purpose.user_id),
        Outcome.REFUSE,
        "an account has one user; both keep what they have until one lets go",
        "this account belongs to another user here; sign in with it and disconnect it there first",
    ),
    Row(
        "connect-own",
        "connecting; the identity is this user's already",
        lambda f: f.purpose.kind == "connect" and f.user_id is not None,
        Outcome.RENEW,
        "asking again is how a person grants more",
    ),
    Row(
        "connect-new",
        "connecting; nobody has this identity",
        lambda f: f.purpose.kind == "connect",
        Outcome.CONNECT,
        "session and account are proven by one person; the address means nothing here",
    ),
    Row(
        "reconnect-same",
        "reconnecting; the identity is that account's",
        lambda f: f.purpose.kind == "reconnect" and f.account_id in {f.purpose.account_id} - {None},
        Outcome.RENEW,
        "the link names the account, the person proves it",
    ),
    Row(
        "reconnect-other",
        "reconnecting; any other identity",
        lambda f: f.purpose.kind == "reconnect",
        Outcome.REFUSE,
        "whoever opens such a link must not put their own account in the place of another",
        "another account was used than the one to reconnect, so nothing was changed; try again with that one",
    ),
    Row(
        "connect-only",
        "the connection is not for signing in",
        lambda f: not f.may_sign_in,
        Outcome.REFUSE,
        "the operator said so",
        "one cannot sign in with this provider here; sign in another way and connect it then",
    ),
    Row(
        "proof-given",
        "proving; the identity is one of an owner's",
        lambda f: f.purpose.kind == "prove" and f.user_id in {*f.purpose.owners},
        Outcome.LINK,
        "one browser has proven both sides, the new account and the old",
    ),
    Row(
        "proof-failed",
        "proving; any other identity",
        lambda f: f.purpose.kind == "prove",
        Outcome.REFUSE,
        "an account of somebody else, or a new one, proves nothing",
        "that is not the account which has this address, so nothing was joined; sign in again",
    ),
    Row(
        "known",
        "the identity is known",
        lambda f: f.user_id is not None,
        Outcome.SIGN_IN,
        "identity is connection and subject; whatever the address says now (OC-07)",
    ),
    Row(
        "told-anew",
        "the address met; this provider once told it of another identity",
        lambda f: f.met and any(each.here for each in f.owners),
        Outcome.ASK,
        "by the provider's own word it is another person: an address that was given to somebody else",
    ),
    Row(
        "several-owners",
        "the address met; several users own it",
        lambda f: f.met and len(f.owners) > 1,
        Outcome.ASK,
        "which one is not ours to choose",
    ),
    Row(
        "prove-always",
        "the address met; linking is `prove`",
        lambda f: f.met and f.policy.linking == "prove",
        Outcome.ASK,
        "the operator believes no provider's word alone",
    ),
    Row(
        "authoritative",
        "the address met; its provider is authoritative for it",
        lambda f: f.met and f.identity.email_authoritative,
        Outcome.LINK,
        "who runs the mailbox or checked the domain's owner knows whose it is, and the old side was verified too",
    ),
    Row(
        "not-authoritative",
        "the address met; its provider only says that it is verified",
        lambda f: f.met,
        Outcome.ASK,
        "a verification of once is no proof of now (LK-01)",
    ),
    Row(
        "closed",
        "nobody is known; sign-up is `closed`",
        lambda f: f.policy.sign_up == "closed",
        Outcome.REFUSE,
        "the operator said so",
        "new accounts are not taken here; sign in with an account that you used before",
    ),
    Row(
        "not-listed",
        "nobody is known; sign-up is `restricted` and no verified address is on its list",
        lambda f: f.policy.sign_up == "restricted" and not listed(f.identity, f.policy.allowed),
        Outcome.REFUSE,
        "an address that nobody verified is on no list",
        "this address is not invited here; use an account whose verified e-mail address is, or ask the operator",
    ),
    Row(
        "sub-address",
        "nobody is known; sub-addresses are blocked and the address is one",
        lambda f: f.policy.block_subaddresses and is_subaddress(f.identity.email),
        Outcome.REFUSE,
        "one mailbox would make users without end",
        "an address with a plus, equals or number sign before the at is not taken here; use the plain address",
    ),
    Row(
        "new",
        "nobody is known, and no verified address met a verified one",
        lambda _: True,
        Outcome.SIGN_UP,
        "an address that is unverified on either side gains nothing and joins nothing (LK-01, LK-03)",
    ),
)


def judge(facts: Facts) -> Row:
    """The row that decides. There is always one: the last holds for all."""
    return next(row for row in TABLE if row.holds(facts))


def comparable(email: str | None) -> str | None:
    """An address as it may be held against another: plain ASCII, one `@`, in lower case. None: it matches nothing, itself
    included. Nothing else is folded: what is alike to the eye or to Unicode is not the same mailbox."""
    if not email or not email.isascii() or not email.isprintable() or " " in email:
        return None
    local, at, domain = email.partition("@")
    return email.lower() if local and at and domain and "@" not in domain else None


def proven_address(identity: Identity) -> str | None:
    """The comparable address, if the provider says that it is verified. Nothing said is not verified."""
    return comparable(identity.email) if identity.email_verified is True else None


def owner_of(address: str, provider: str, accounts: Iterable[ExternalAccount]) -> Owner | None:
    """The user of these accounts as an owner of `address`, which arrives from `provider`. An index only pointed here, so
    the records themselves are compared."""
    held = list(accounts)
    owning = [each for each in held if proven_address(each.identity) == address]
    if not owning:
        return None
    providers = tuple(dict.fromkeys(each.provider for each in held))
    return Owner(owning[0].user_id, any(each.provider == provider for each in owning), providers)


def listed(identity: Identity, allowed: Iterable[str]) -> bool:
    """Whether the proven address or its domain is among these."""
    address = proven_address(identity)
    return address is not None and not {address, address.partition("@")[2]}.isdisjoint(allowed)


def is_subaddress(email: str | None) -> bool:
    return any(mark in (email or "").rpartition("@")[0] for mark in SUBADDRESS_MARKS)
