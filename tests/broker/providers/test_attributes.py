"""The reader of `attributes`: whatever a provider answers and wherever an admin points, it says who came or refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.errors import OAuthError
from broker.core.identity import Identity
from broker.core.records import ProviderConfiguration
from broker.providers.attributes import PATH, TEXTS, at, mapped
from broker.providers.custom import ATTRIBUTES, custom_provider, reader

NAMES = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="."), min_size=1, max_size=5)
STEPS = st.one_of(NAMES, st.integers(0, 3).map(str))
PATHS = st.lists(STEPS, min_size=1, max_size=5).map(".".join).filter(PATH.fullmatch)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=20,
)
OTHERS = st.dictionaries(st.sampled_from(["email_verified", *TEXTS]), PATHS)


def placed(path: str, value: object) -> object:
    """A document with the value at a path of names."""
    for step in reversed(path.split(".")):
        value = {step: value}
    return value


@given(DOCUMENTS, PATHS, OTHERS)
def test_any_answer_at_any_path(document: object, subject: str, others: dict[str, str]):
    """Of any document any paths give an identity whose members are what stands there, or no identity at all; no e-mail of
    it is authoritative, and no kind of value slips through."""
    read = mapped(subject=subject, **others)
    try:
        who = read(document)
    except TypeError:
        found = at(document, subject)
        assert isinstance(found, bool) or not isinstance(found, str | int) or not 1 <= len(str(found)) <= 255
        return
    assert who.subject == str(at(document, subject))
    assert who.email_authoritative is False
    for name in TEXTS:
        found = at(document, others[name]) if name in others else None
        assert getattr(who, name) == (found if isinstance(found, str) and found else None)
    assert who.email_verified in (None, True, False)


@given(PATHS, st.one_of(st.integers(), st.text(min_size=1, max_size=255)))
def test_what_was_put_there_is_read(path: str, value: object):
    """A subject at a path is found by that path, at any depth and of either kind."""
    assert mapped(subject=path)(placed(path, value)) == Identity(subject=str(value))


@given(st.text(max_size=300), DOCUMENTS)
def test_what_is_no_path_is_refused(text: str, document: object):
    """A text that is taken as a path has no empty step and no space, and leads somewhere or nowhere in any answer."""
    if PATH.fullmatch(text):
        assert all(text.split("."))
        assert not any(map(str.isspace, text))
        at(document, text)


@pytest.mark.parametrize(
    ("told", "flag"),
    [
        ({}, True),
        ({"email": "mail"}, None),
        ({"email": "mail", "email_verified": "checked"}, False),
        ({"name": "nick"}, True),
    ],
)
def test_a_flag_stays_with_its_address(told: dict[str, str], flag: bool | None):
    """The standard's `email_verified` speaks of the standard's `email`: an address read elsewhere needs its own flag."""
    configuration = ProviderConfiguration(
        id="acme", issuer="https://idp.example.com", attributes=told or None
    )
    claims = {
        "sub": "1",
        "email": "a@a.example",
        "email_verified": True,
        "mail": "b@b.example",
        "checked": False,
    }
    assert reader(configuration)(claims).email_verified is flag


@pytest.mark.parametrize("issuer", [None, "https://idp.example.com"])
def test_no_custom_address_is_authoritative(issuer: str | None):
    """No custom provider can be told to be the authority of an address."""
    home = "https://idp.example.com"
    configuration = ProviderConfiguration(
        id="acme",
        issuer=issuer,
        authorization_endpoint=home,
        token_endpoint=home,
        userinfo_endpoint=home,
        jwks_uri=home,
        attributes=dict.fromkeys(ATTRIBUTES, "x"),
    )
    claims = {"x": "1", "sub": "1", "email_authoritative": True}
    who = custom_provider(configuration).to_identity({**claims, "userinfo": claims})
    assert (who.subject, who.email_authoritative) == ("1", False)
    assert "email_authoritative" not in ATTRIBUTES


def test_half_a_provider_is_none():
    """A record without endpoints or discovery is refused, not sent anywhere."""
    for told in ({"issuer": "https://idp.example.com"}, {"token_endpoint": "https://idp.example.com"}):
        with pytest.raises(OAuthError):
            custom_provider(ProviderConfiguration(id="acme", **told))
