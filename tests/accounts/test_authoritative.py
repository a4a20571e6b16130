"""Who is authoritative for an address: the providers' own claims, and what they join at the simulated ones (nOAuth)."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest

from broker.core.account_rules import Facts, Owner, judge
from broker.providers import CATALOGUE
from tests.accounts.people import ASKED
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.running import LOCAL, RunningBroker

CLAIMS: dict[str, tuple[str, dict[str, Any], bool, bool | None]] = {
    "google, gmail": ("google", {"email": "a@gmail.com", "email_verified": True}, True, True),
    "google, googlemail": ("google", {"email": "A@GoogleMail.com", "email_verified": True}, True, True),
    "google, workspace": (
        "google",
        {"email": "a@corp.example", "email_verified": True, "hd": "corp.example"},
        True,
        True,
    ),
    "google, any other": ("google", {"email": "a@corp.example", "email_verified": True}, False, True),
    "google, gmail unverified": ("google", {"email": "a@gmail.com", "email_verified": False}, False, False),
    "google, gmail not said": ("google", {"email": "a@gmail.com"}, False, None),
    "google, hd unverified": ("google", {"email": "a@corp.example", "hd": "corp.example"}, False, None),
    "google, hd empty": (
        "google",
        {"email": "a@corp.example", "email_verified": True, "hd": ""},
        False,
        True,
    ),
    "google, hd null": (
        "google",
        {"email": "a@corp.example", "email_verified": True, "hd": None},
        False,
        True,
    ),
    "google, like gmail": ("google", {"email": "a@notgmail.com", "email_verified": True}, False, True),
    "google, gmail in front": (
        "google",
        {"email": "a@gmail.com.evil.example", "email_verified": True},
        False,
        True,
    ),
    "google, no address": ("google", {"email_verified": True}, False, True),
    "apple, relay": (
        "apple",
        {"email": "x@privaterelay.appleid.com", "email_verified": "true", "is_private_email": "true"},
        True,
        True,
    ),
    "apple, relay by its flag": (
        "apple",
        {"email": "x@other.example", "email_verified": True, "is_private_email": True},
        True,
        True,
    ),
    "apple, relay by its domain": (
        "apple",
        {"email": "x@privaterelay.appleid.com", "email_verified": True},
        True,
        True,
    ),
    "apple, one's own": (
        "apple",
        {"email": "a@corp.example", "email_verified": "true", "is_private_email": "false"},
        False,
        True,
    ),
    "apple, relay unverified": (
        "apple",
        {"email": "x@privaterelay.appleid.com", "email_verified": "false", "is_private_email": "true"},
        False,
        False,
    ),
    "apple, like the relay": (
        "apple",
        {"email": "x@evilprivaterelay.appleid.com.example", "email_verified": True},
        False,
        True,
    ),
    "microsoft, checked": ("microsoft", {"email": "a@corp.example", "xms_edov": True}, True, True),
    "microsoft, checked in text": ("microsoft", {"email": "a@corp.example", "xms_edov": "1"}, True, True),
    "microsoft, not checked": ("microsoft", {"email": "a@corp.example", "xms_edov": False}, False, None),
    "microsoft, not checked in text": (
        "microsoft",
        {"email": "a@corp.example", "xms_edov": "0"},
        False,
        None,
    ),
    "microsoft, not said": ("microsoft", {"email": "a@corp.example"}, False, None),
    "microsoft, a tenant's own word": (
        "microsoft",
        {"email": "a@corp.example", "email_verified": True},
        False,
        None,
    ),
    "microsoft, a tenant's own word and hd": (
        "microsoft",
        {"email": "a@gmail.com", "email_verified": True, "hd": "gmail.com"},
        False,
        None,
    ),
}


@pytest.mark.parametrize(("provider", "claims", "authoritative", "verified"), CLAIMS.values(), ids=CLAIMS)
def test_claims(provider: str, claims: dict[str, Any], authoritative: bool, verified: bool | None):
    """A provider is authoritative for what it runs or whose owner it checked, and never for an unverified address."""
    identity = CATALOGUE[provider].to_identity({"sub": "s", "tid": "t", **claims})
    assert (identity.email_authoritative, identity.email_verified) == (authoritative, verified)


RECORDED = Path(__file__).parents[1] / "vectors/profiles"
SELF_ASSURED = {"google", "apple", "microsoft", "entra"}  # Entra is Microsoft with one tenant
SIGNS = {"email_verified": True, "hd": "gmail.com", "xms_edov": True, "is_private_email": True}


@pytest.mark.parametrize("provider", sorted(set(CATALOGUE) - SELF_ASSURED))
def test_no_other_is(provider: str):
    """No other provider of the catalogue can say so, whatever it says."""
    claims = json.loads((RECORDED / f"{provider}.json").read_text())["claims"]
    told = {name: {**each, **SIGNS} if isinstance(each, dict) else each for name, each in claims.items()}
    identity = CATALOGUE[provider].to_identity({**told, **SIGNS})
    assert identity.email_authoritative is False


def test_lk_01_noauth():
    """LK-01: a Microsoft tenant's admin who writes a victim's address into an account, with `email_verified` of his own, is
    a new user; only Microsoft's word on the domain's owner joins (nOAuth)."""
    owner = (Owner("user_victim", False, ("google",)),)
    to_identity = CATALOGUE["microsoft"].to_identity
    forged = to_identity({"sub": "s", "tid": "t", "email": "victim@corp.example", "email_verified": True})
    assert judge(Facts(identity=forged, owners=owner)).name == "new"
    proven = to_identity({"sub": "s", "tid": "t", "email": "victim@corp.example", "xms_edov": True})
    assert judge(Facts(identity=proven, owners=owner)).name == "authoritative"


def come(broker: RunningBroker, provider: str, persona: str) -> tuple[str | None, str]:
    """The user's id after a sign-in at a simulated provider, or None and the page that stopped it."""
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        phone = Phone(broker, "default", HTTPS_REDIRECT, browser=browser)
        answer = phone.authorize(provider=provider)
        while "location" in answer.headers and not answer.headers["location"].startswith(HTTPS_REDIRECT):
            place = answer.headers["location"]
            if "/simulator/" in place:
                answer = browser.post(place, data={"persona": persona, "outcome": "approve"})
            else:
                answer = browser.get(place)
        if "location" not in answer.headers:
            return None, answer.text
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        tokens = phone.exchange(code).json()
    return jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"], ""


def accounts(broker: RunningBroker, user_id: str) -> set[str]:
    listed = broker.admin("GET", f"/v1/users/{user_id}/external_accounts").json()
    return {each["provider"] for each in listed}


def test_google_joins_its_own_mailboxes(simulating: RunningBroker):
    """Who is here with GitHub under a Gmail address, and comes with Google, is signed in as that user: Google runs the
    mailbox. The two accounts are one user's from then on."""
    user_id, _ = come(simulating, "github", "joined@gmail.com")
    assert user_id is not None
    assert come(simulating, "google", "joined@gmail.com") == (user_id, "")
    assert accounts(simulating, user_id) == {"oauth_github", "oauth_google"}
    assert come(simulating, "github", "joined@gmail.com") == (user_id, "")


def test_github_does_not_join_google(simulating: RunningBroker):
    """The other way round the person is asked: GitHub verified the address once, and runs nothing."""
    user_id, _ = come(simulating, "google", "asked@gmail.com")
    nobody, page = come(simulating, "github", "asked@gmail.com")
    assert (nobody, ASKED in page) == (None, True)
    assert accounts(simulating, user_id or "") == {"oauth_google"}


def test_lk_01_noauth_end_to_end(simulating: RunningBroker):
    """LK-01: at Microsoft an address without `xms_edov` is a new user's though a user owns it, and with it joins them."""
    victim, _ = come(simulating, "google", "una@example.com")
    thief, _ = come(
        simulating, "microsoft", "unverified"
    )  # has the same address, whose domain nobody checked
    assert thief not in (None, victim)
    assert accounts(simulating, victim or "") == {"oauth_google"}
    joined, _ = come(simulating, "microsoft", "una@example.com")
    assert joined == victim
    assert accounts(simulating, victim or "") == {"oauth_google", "oauth_microsoft"}


def test_google_is_asked_for_what_was_granted(simulating: RunningBroker):
    """Google's answers hold what was granted before, because it is asked for that every time."""
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        away = Phone(simulating, "default", HTTPS_REDIRECT, browser=browser).authorize(provider="google")
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    assert (asked["include_granted_scopes"], asked["access_type"]) == (["true"], ["offline"])
