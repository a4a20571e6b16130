"""Refresh tokens as text: read without Redis, made again from key, token and salt, told from garbage."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core import refresh_token
from broker.core.opaque import fingerprint, new_id, new_session_id
from broker.core.refresh_token import PresentedRefreshToken

bounded = settings(max_examples=60, deadline=None)

KEY, OLDER, STRANGERS = (bytes([n]) * 32 for n in (1, 2, 3))
RING = (KEY, OLDER)


def read(text: str) -> PresentedRefreshToken:
    shown = refresh_token.read(text)
    assert shown is not None
    return shown


def first() -> str:
    """The first token of somebody's new session."""
    user_id = new_id("user")
    return refresh_token.first(user_id, new_session_id(user_id), RING)


@pytest.fixture
def token() -> str:
    return first()


def test_rt_01_two_hundred_and_fifty_six_random_bits():
    """RT-01: the secret part has 43 base64url characters of its own, in a thousand tokens of one session too."""
    user_id = new_id("user")
    session_id = new_session_id(user_id)
    tokens = [refresh_token.first(user_id, session_id, RING) for _ in range(1000)]
    assert len({token[53:96] for token in tokens}) == 1000
    assert {(len(token), read(token).user_id, read(token).session_id) for token in tokens} == {
        (118, user_id, session_id)
    }


@bounded
@given(st.text(max_size=140) | st.from_regex(refresh_token.SHAPE))
def test_reading_never_fails(text: str):
    """Any text is read or is None; what is read is whole, with nothing before or behind."""
    shown = refresh_token.read(text)
    assert shown is None or (shown.text == text and text.isascii() and len(text) == 118)


def test_a_line_break_behind_is_no_token(token: str):
    """A token with anything before or behind it is not read."""
    assert [refresh_token.read(text) for text in (f"{token}\n", f" {token}", token[:-1], token.upper())] == [
        None
    ] * 4


def test_rt_04_a_successor_can_be_made_again(token: str):
    """RT-04: key, token and salt give the same successor each time; another salt, token or key gives another."""
    other = first()
    made = refresh_token.successor(read(token), "salt", KEY)
    assert made == refresh_token.successor(read(token), "salt", KEY)
    others = [("pepper", token, KEY), ("salt", other, KEY), ("salt", token, OLDER)]
    assert made not in [refresh_token.successor(read(text), salt, key) for salt, text, key in others]
    assert (read(made).user_id, read(made).session_id) == (read(token).user_id, read(token).session_id)


def test_rt_04_repeated_by_whichever_key_made_it(token: str):
    """RT-04: the successor is found again with any key of the ring, and not with a ring that lacks its key."""
    made = refresh_token.successor(read(token), "salt", OLDER)
    assert refresh_token.repeated(read(token), "salt", fingerprint(made), RING) == made
    assert refresh_token.repeated(read(token), "salt", fingerprint(made), (KEY,)) is None
    assert refresh_token.repeated(read(token), "pepper", fingerprint(made), RING) is None


def test_rt_02_once_ours(token: str):
    """RT-02: a token this broker made is known as its own by any key of the ring, also when it was a successor."""
    successor = refresh_token.successor(read(token), "salt", OLDER)
    assert refresh_token.once_ours(read(token), RING)
    assert refresh_token.once_ours(read(token), (STRANGERS, KEY))
    assert refresh_token.once_ours(read(successor), RING)
    assert not refresh_token.once_ours(read(token), (STRANGERS,))


@pytest.mark.parametrize("position", [3, 26, 28, 51, 53, 95, 96, 117])
def test_rt_02_an_altered_token_was_never_ours(token: str, position: int):
    """RT-02: one character changed in user, session, secret or mark, and the token was never made here."""
    changed = token[:position] + ("0" if token[position] != "0" else "1") + token[position + 1 :]
    assert not refresh_token.once_ours(read(changed), RING)
