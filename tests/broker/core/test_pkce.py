"""Proof Key for Code Exchange, against the standard's own example and everything near it."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import OAuthError
from broker.core.pkce import challenge_of, check_challenge, verifies
from tests.phone import challenge_of as fitting  # of any text, in UTF-8

bounded = settings(max_examples=60, deadline=None)

# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
UNRESERVED = string.ascii_letters + string.digits + "-._~"


def test_the_standards_example():
    """The example of RFC 7636 verifies."""
    assert challenge_of(VERIFIER) == CHALLENGE
    assert verifies(VERIFIER, CHALLENGE)


@bounded
@given(st.text(UNRESERVED, min_size=43, max_size=128))
def test_each_good_verifier_verifies_its_challenge_alone(verifier: str):
    """Any verifier of the right shape has a usable challenge, which no other verifier fits."""
    challenge = check_challenge(challenge_of(verifier), "S256")
    assert verifies(verifier, challenge)
    other = verifier[:-1] + ("a" if verifier[-1] != "a" else "b")
    assert not verifies(other, challenge)


@bounded
@given(
    st.text(max_size=200).filter(lambda text: not (43 <= len(text) <= 128 and set(text) <= set(UNRESERVED)))
)
def test_tk_09_a_fitting_hash_is_not_enough(verifier: str):
    """TK-09: whatever is not 43 to 128 unreserved characters is refused even if its hash fits."""
    assert not verifies(verifier, fitting(verifier))


@pytest.mark.parametrize("verifier", [VERIFIER + "\n", "\n" + VERIFIER, VERIFIER + "\x00", "\uff41" * 43])
def test_tk_09_no_line_break_or_look_alike(verifier: str):
    """TK-09: a line break at the end, a zero byte and full-width letters are not part of a verifier."""
    assert not verifies(verifier, fitting(verifier))


def test_tk_10_the_challenge_is_no_verifier():
    """TK-10: the challenge itself, which travelled in the open, does not verify."""
    assert not verifies(CHALLENGE, CHALLENGE)
    assert not verifies("", CHALLENGE)


@pytest.mark.parametrize("method", ["plain", "", "s256", "S256 ", "S512", None])
def test_tk_07_s256_by_name(method: str | None):
    """TK-07: S256 must be named, exactly so."""
    with pytest.raises(OAuthError, match="code_challenge_method must be S256"):
        check_challenge(CHALLENGE, method)


@pytest.mark.parametrize(
    "challenge", [None, "", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "+", CHALLENGE + "\n"]
)
def test_tk_08_the_shape_of_a_challenge(challenge: str | None):
    """TK-08: a challenge is exactly 43 base64url characters, with nothing behind them."""
    with pytest.raises(OAuthError, match="code_challenge"):
        check_challenge(challenge, "S256")
