"""The table of whose an account is: every row by a case of its own, the comparison of addresses, and the page about it."""

from pathlib import Path

import pytest

from broker.core.account_rules import (
    TABLE,
    Facts,
    Outcome,
    Owner,
    Policy,
    Purpose,
    comparable,
    is_subaddress,
    judge,
    listed,
    owner_of,
)
from broker.core.identity import ExternalAccount, Identity

DOCUMENT = Path(__file__).parents[3] / "docs" / "accounts.md"
ADA = Identity(subject="s", email="ada@example.com", email_verified=True)
SURE = Identity(subject="s", email="ada@gmail.com", email_verified=True, email_authoritative=True)
UNSURE = Identity(subject="s", email="ada@example.com", email_verified=False)
PLUS = Identity(subject="s", email="ada+1@example.com", email_verified=True)
OTHER = Owner("user_old", False, ("github",))
SECOND = Owner("user_older", False, ("apple",))
HERE = Owner("user_old", True, ("google",))
CONNECT = Purpose(kind="connect", user_id="user_me", session_id="sess")
RECONNECT = Purpose(kind="reconnect", account_id="eac_mine")
PROVE = Purpose(kind="prove", owners=("user_old", "user_older"))
APART = Purpose(apart=True)
PROVING, OFF = Policy(linking="prove"), Policy(linking="off")
CLOSED, RESTRICTED = Policy(sign_up="closed"), Policy(sign_up="restricted", allowed=("example.com",))
BLOCKING = Policy(block_subaddresses=True)

CASES = {
    "connect, of another": (Facts(identity=ADA, purpose=CONNECT, user_id="user_x"), "connect-anothers"),
    "connect, one's own": (Facts(identity=ADA, purpose=CONNECT, user_id="user_me"), "connect-own"),
    "connect, new": (Facts(identity=ADA, purpose=CONNECT), "connect-new"),
    "connect, new, whatever owns its address": (
        Facts(identity=SURE, purpose=CONNECT, owners=(OTHER,)),
        "connect-new",
    ),
    "connect, new, sign-up closed": (Facts(identity=ADA, purpose=CONNECT, policy=CLOSED), "connect-new"),
    "connect, not for signing in": (Facts(identity=ADA, purpose=CONNECT, may_sign_in=False), "connect-new"),
    "reconnect, that account": (
        Facts(identity=ADA, purpose=RECONNECT, user_id="user_me", account_id="eac_mine"),
        "reconnect-same",
    ),
    "reconnect, that account, not for signing in": (
        Facts(identity=ADA, purpose=RECONNECT, user_id="u", account_id="eac_mine", may_sign_in=False),
        "reconnect-same",
    ),
    "reconnect, another of the same user": (
        Facts(identity=ADA, purpose=RECONNECT, user_id="user_me", account_id="eac_other"),
        "reconnect-other",
    ),
    "reconnect, unknown": (Facts(identity=SURE, purpose=RECONNECT), "reconnect-other"),
    "reconnect, nothing named": (Facts(identity=SURE, purpose=Purpose(kind="reconnect")), "reconnect-other"),
    "not for signing in, known": (Facts(identity=ADA, may_sign_in=False, user_id="u"), "connect-only"),
    "not for signing in, new": (Facts(identity=ADA, may_sign_in=False), "connect-only"),
    "not for signing in, as proof": (
        Facts(identity=ADA, purpose=PROVE, user_id="user_old", may_sign_in=False),
        "connect-only",
    ),
    "proof, the owner": (Facts(identity=ADA, purpose=PROVE, user_id="user_old"), "proof-given"),
    "proof, one of two owners": (Facts(identity=ADA, purpose=PROVE, user_id="user_older"), "proof-given"),
    "proof, somebody else": (Facts(identity=ADA, purpose=PROVE, user_id="user_x"), "proof-failed"),
    "proof, a new identity with that address": (Facts(identity=SURE, purpose=PROVE), "proof-failed"),
    "proof, of nobody": (Facts(identity=ADA, purpose=Purpose(kind="prove"), user_id="u"), "proof-failed"),
    "known": (Facts(identity=ADA, user_id="user_me", account_id="eac_mine"), "known"),
    "known, address of another": (Facts(identity=SURE, user_id="user_me", owners=(OTHER,)), "known"),
    "known, sign-up closed": (Facts(identity=PLUS, user_id="user_me", policy=CLOSED), "known"),
    "known, a sub-address": (Facts(identity=PLUS, user_id="user_me", policy=BLOCKING), "known"),
    "same provider, other subject": (Facts(identity=SURE, owners=(HERE,)), "told-anew"),
    "same provider among several": (Facts(identity=SURE, owners=(OTHER, HERE)), "told-anew"),
    "several owners": (Facts(identity=SURE, owners=(OTHER, SECOND)), "several-owners"),
    "linking is prove": (Facts(identity=SURE, owners=(OTHER,), policy=PROVING), "prove-always"),
    "authoritative": (Facts(identity=SURE, owners=(OTHER,)), "authoritative"),
    "authoritative, sign-up closed": (Facts(identity=SURE, owners=(OTHER,), policy=CLOSED), "authoritative"),
    "verified, not authoritative": (Facts(identity=ADA, owners=(OTHER,)), "not-authoritative"),
    "closed": (Facts(identity=ADA, policy=CLOSED), "closed"),
    "closed, unverified address of somebody": (
        Facts(identity=UNSURE, owners=(OTHER,), policy=CLOSED),
        "closed",
    ),
    "restricted, another domain": (Facts(identity=SURE, policy=RESTRICTED), "not-listed"),
    "restricted, listed but unverified": (Facts(identity=UNSURE, policy=RESTRICTED), "not-listed"),
    "restricted, no address": (Facts(identity=Identity(subject="s"), policy=RESTRICTED), "not-listed"),
    "restricted, listed": (Facts(identity=ADA, policy=RESTRICTED), "new"),
    "sub-address": (Facts(identity=PLUS, policy=BLOCKING), "sub-address"),
    "plain address": (Facts(identity=ADA, policy=BLOCKING), "new"),
    "new, nobody owns it": (Facts(identity=ADA), "new"),
    "new, unverified": (Facts(identity=UNSURE, owners=(OTHER,)), "new"),
    "new, not said to be verified": (
        Facts(identity=Identity(subject="s", email="ada@example.com"), owners=(OTHER,)),
        "new",
    ),
    "new, no address": (Facts(identity=Identity(subject="s", email_verified=True), owners=(OTHER,)), "new"),
    "new, linking is off": (Facts(identity=SURE, owners=(OTHER,), policy=OFF), "new"),
    "new, kept apart": (Facts(identity=SURE, owners=(OTHER,), purpose=APART), "new"),
    "kept apart, sign-up closed": (Facts(identity=SURE, purpose=APART, policy=CLOSED), "closed"),
    "kept apart, known meanwhile": (Facts(identity=SURE, purpose=APART, user_id="u"), "known"),
}


@pytest.mark.parametrize(("facts", "row"), CASES.values(), ids=CASES)
def test_row(facts: Facts, row: str):
    """The first row that holds decides, whatever else is true."""
    assert judge(facts).name == row


def test_every_row_has_a_case():
    """No row of the table is without a case, and none is named twice."""
    names = [row.name for row in TABLE]
    assert {row for _, row in CASES.values()} == set(names)
    assert len(set(names)) == len(names)


def test_refusals_say_what_to_do():
    """Exactly the rows that refuse have a sentence, which the app gets as it is: ASCII, no percent sign."""
    for row in TABLE:
        assert bool(row.sentence) is (row.outcome is Outcome.REFUSE)
        assert row.sentence.isascii()
        assert "%" not in row.sentence


def test_the_document_is_the_table():
    """docs/accounts.md shows each row of the table, in its order and its words."""
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    shown = [f"| `{row.name}` | {row.when} | {row.outcome} | {row.why} |" for row in TABLE]
    assert lines[: len(shown)] == shown


ADDRESSES = {
    "plain": ("ada@example.com", "ada@example.com"),
    "other case": ("Ada@EXAMPLE.com", "ada@example.com"),
    "dots are kept": ("a.da@gmail.com", "a.da@gmail.com"),
    "sub-address is kept": ("ada+1@example.com", "ada+1@example.com"),
    "homograph": ("\u0430da@example.com", None),
    "kelvin sign": ("\u212aim@example.com", None),
    "full-width at": ("ada\uff20example.com", None),
    "accent": ("ad\u00e1@example.com", None),
    "two at": ("ada@evil.example@example.com", None),
    "quoted at": ('"ada@evil"@example.com', None),
    "no at": ("ada.example.com", None),
    "nobody": ("@example.com", None),
    "nowhere": ("ada@", None),
    "space": ("ada @example.com", None),
    "space before": (" ada@example.com", None),
    "line break": ("ada@example.com\n", None),
    "null": ("ada\0@example.com", None),
    "empty": ("", None),
    "none": (None, None),
}


@pytest.mark.parametrize(("email", "expected"), ADDRESSES.values(), ids=ADDRESSES)
def test_lk_01_comparable(email: str | None, expected: str | None):
    """LK-01: addresses are compared in lower case and by nothing else; what is not plain ASCII with one at never matches."""
    assert comparable(email) == expected


def account(provider: str, email: str | None, verified: bool | None) -> ExternalAccount:
    identity = Identity(subject="s", email=email, email_verified=verified)
    return ExternalAccount(
        id="eac",
        user_id="user_old",
        provider=provider,
        identity=identity,
        scope=(),
        created_at=1,
        updated_at=1,
    )


def test_lk_01_only_the_record_makes_an_owner():
    """LK-01: an owner has the address verified in an account now; one who merely once had it, or says so, is none."""
    owning = account("github", "Ada@Example.com", True)
    told = account("apple", None, None)
    assert owner_of("ada@example.com", "google", [told, owning]) == Owner(
        "user_old", False, ("apple", "github")
    )
    assert owner_of("ada@example.com", "github", [owning]) == Owner("user_old", True, ("github",))
    for verified in (False, None):
        assert owner_of("ada@example.com", "google", [account("github", "ada@example.com", verified)]) is None
    for email in ("ada@example.org", None, "\u212aim@example.com"):
        assert owner_of("kim@example.com", "google", [account("github", email, True)]) is None
    assert owner_of("ada@example.com", "google", []) is None


@pytest.mark.parametrize(
    ("email", "verified", "expected"),
    [
        ("ada@example.com", True, True),
        ("Ada@Example.Com", True, True),
        ("grace@example.org", True, True),
        ("ada@example.org", True, False),
        ("ada@sub.example.com", True, False),
        ("ada@example.com.evil.example", True, False),
        ("example.com@evil.example", True, False),
        ("ada@example.com", None, False),
        ("ada@ex\u0430mple.com", True, False),
        (None, True, False),
    ],
)
def test_listed(email: str | None, verified: bool | None, expected: bool):
    """A verified address is on the list by itself or by exactly its domain."""
    identity = Identity(subject="s", email=email, email_verified=verified)
    assert listed(identity, ("example.com", "grace@example.org")) is expected


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("ada+x@example.com", True),
        ("ada=x@example.com", True),
        ("ada#x@example.com", True),
        ("ada.x-y_z@example.com", False),
        ("ada@exam+ple.com", False),
        ("a+b@c@example.com", True),
        (None, False),
    ],
)
def test_is_subaddress(email: str | None, expected: bool):
    """A plus, equals or number sign counts before the last at, not behind it."""
    assert is_subaddress(email) is expected
