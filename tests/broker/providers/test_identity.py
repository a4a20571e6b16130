"""Who is who: the provider's subject decides, userinfo must speak of the same person, an e-mail joins nobody."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.broker.providers.outcome import assert_refused, kept, reason
from tests.conftest import connect
from tests.phone import Phone
from tests.provider_stub import Claims, ProviderStub, answer_json

MIXED = "userinfo speaks of another person than the ID token"


@pytest.fixture
def second(phone: Phone, provider: ProviderStub) -> Iterator[str]:
    """The same provider, connected a second time under another id."""
    connect(phone.broker, provider, "second_identity")
    yield "second_identity"
    phone.broker.admin("DELETE", "/v1/providers/second_identity")


@pytest.fixture
def quiet(provider: ProviderStub) -> ProviderStub:
    """The provider, with ID tokens that do not tell the e-mail, so that userinfo is asked."""
    provider.claims = without_email
    return provider


def without_email(claims: Claims) -> Claims:
    return {name: value for name, value in claims.items() if name not in {"email", "email_verified"}}


def profile(phone: Phone, **changes: str) -> dict[str, Any]:
    """Sign in, and what our own userinfo then says."""
    return dict(phone.userinfo(phone.sign_in(**changes)["access_token"]).json())


def test_oc_05_userinfo_of_the_same_person(phone: Phone, quiet: ProviderStub):
    """OC-05: Userinfo completes the ID token when its subject is the same; it is asked with the person's own token."""
    quiet.subject = "oc05"
    assert profile(phone)["email"] == "oc05@example.com"
    (headers,) = quiet.headers["/userinfo"]
    assert {k.lower(): v for k, v in headers.items()}["authorization"].startswith("Bearer at-canary-oc05-")
    assert quiet.asked("/userinfo") == [{}]


STRANGERS = {
    "of another person": lambda said: {**said, "sub": "victim", "email": "victim@example.com"},
    "of nobody": lambda said: {"email": said["email"]},
    "of null": lambda said: {**said, "sub": None},
    "in other case": lambda said: {**said, "sub": said["sub"].upper()},
    "of a list": lambda said: {**said, "sub": [said["sub"]]},
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_oc_05_userinfo_of_another(phone: Phone, quiet: ProviderStub, stranger: str):
    """OC-05: Userinfo of another subject than the ID token's ends the sign-in, and nothing of either is stored."""
    quiet.subject = "oc05mixed"
    quiet.userinfo = STRANGERS[stranger]
    before = kept(phone.broker)
    assert_refused(phone.land(), phone)
    assert kept(phone.broker) <= before  # what others left may expire meanwhile
    assert reason(phone.broker) == MIXED


@pytest.mark.parametrize("document", [[], "text", None, 7])
def test_oc_05_no_userinfo(phone: Phone, quiet: ProviderStub, document: object):
    """OC-05: Userinfo that is no object speaks of nobody."""
    quiet.answers["/userinfo"] = answer_json(document)
    assert_refused(phone.land(), phone)
    assert reason(phone.broker) == MIXED


def test_oc_05_signed_claims_win(phone: Phone, quiet: ProviderStub):
    """OC-05: A claim of the signed ID token is not replaced by userinfo's."""
    quiet.subject = "oc05both"
    quiet.claims = lambda claims: {**without_email(claims), "name": "Signed"}
    quiet.userinfo = lambda said: {**said, "name": "Unsigned", "iss": "https://evil.example.com", "exp": 0}
    assert profile(phone)["name"] == "Signed"


def test_oc_07_one_subject_at_two_providers(phone: Phone, provider: ProviderStub, second: str):
    """OC-07: The same subject with the same verified e-mail at two connections is two identities, and here two users."""
    provider.subject = "oc07"
    first, apart = profile(phone), phone.sign_in(provider=second)["access_token"]
    other, again = phone.userinfo(apart).json(), profile(phone)
    assert first["sub"] == again["sub"] != other["sub"]
    assert first["email"] == other["email"]
    assert first["email_verified"] is other["email_verified"] is True


def test_oc_07_changed_description(phone: Phone, provider: ProviderStub):
    """OC-07: Whoever changes name, login and e-mail at the provider stays the same user, newly described."""
    provider.subject = "oc07-renamed"
    before = profile(phone)
    provider.claims = lambda claims: {
        **claims,
        "email": "new@example.com",
        "name": "New",
        "preferred_username": "n",
    }
    after = profile(phone)
    assert after["sub"] == before["sub"]
    assert (after["email"], after["name"], after["preferred_username"]) == ("new@example.com", "New", "n")


def test_oc_07_same_email(phone: Phone, provider: ProviderStub):
    """OC-07: Another subject with a known person's verified e-mail, name and login is not taken for them."""
    provider.subject = "oc07-first"
    provider.claims = lambda claims: {
        **claims,
        "email": "shared@example.com",
        "name": "S",
        "preferred_username": "s",
    }
    first = profile(phone)
    provider.subject = "oc07-other"
    assert profile(phone)["sub"] != first["sub"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("oc07-a", "OC07-A"), ("oc07-a", "oc07-a "), ("é", "e\u0301"), ("1", "01"), ("a\0b", "a")],
)
def test_oc_07_subjects_that_look_alike(phone: Phone, provider: ProviderStub, one: str, other: str):
    """OC-07: Subjects are compared as they are: case, spaces, zeros and accents make different people."""
    found = []
    for subject in (one, other):
        provider.subject = "oc07-alike"
        told = {"sub": subject, "email_verified": False}
        provider.claims = lambda claims, told=told: {**claims, **told}
        found.append(profile(phone)["sub"])
    assert found[0] != found[1]
