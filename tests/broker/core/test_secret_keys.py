"""Secret keys: what one may do, which others it may manage, and that none can be read back."""

import pytest

from broker.core.opaque import fingerprint
from broker.core.secret_keys import (
    SCOPES,
    SHAPE,
    EnvironmentKeys,
    SecretKey,
    make_secret_key,
    new_secret_key,
)

NOW = 1_790_000_000


def key(*scopes: str, ends: int | None = None) -> SecretKey:
    return make_secret_key(new_secret_key(), "k", scopes, NOW, ends)


def test_keys_of_the_environment_are_held_as_fingerprints():
    """A key of the environment opens, nothing near it does, and the object that checks it cannot show it."""
    one, other = new_secret_key(), new_secret_key()
    keys = EnvironmentKeys.of((one, other))
    found = [keys.find(fingerprint(text)) for text in (one, other)]
    assert [each and each.id for each in found] == ["env:1", "env:2"]
    near = ("", one[:-1], one + " ", one.upper(), fingerprint(one), "é")
    assert not any(keys.find(fingerprint(wrong)) for wrong in near)
    assert one not in repr(keys)
    assert one not in str(vars(keys))


def test_a_record_does_not_have_the_text():
    """What is kept of a key has the shape's fingerprint and not the text, and our own keys have the shape."""
    text = new_secret_key()
    made = make_secret_key(text, "k", ("*",), NOW, None)
    assert SHAPE.fullmatch(text)
    assert text.removeprefix("sk_") not in repr(made)
    assert made.id == "key_" + fingerprint(text)[:24]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_permits_itself_alone(scope: str):
    """A scope opens what it names and nothing else: writing is not reading; `*` opens all."""
    assert [each for each in SCOPES if key(scope).permits(each)] == [scope]
    assert key("*").permits(scope)


def test_what_a_key_lacks():
    """What it lacks is told by name, `*` too, which only a key with `*` has."""
    assert key("users:read", "keys:write").lacks(("users:read", "users:write", "*")) == ["users:write", "*"]
    assert key("*").lacks(("users:write", "*")) == []


@pytest.mark.parametrize(
    ("mine", "other", "outlived"),
    [
        (None, None, False),
        (None, 60, False),
        (60, 60, False),
        (60, 30, False),
        (60, 61, True),
        (60, None, True),
    ],
)
def test_who_outlives_whom(mine: int | None, other: int | None, outlived: bool):
    """A key without an end outlives every key with one; of two with an end, the later."""
    assert key("*", ends=mine).outlived_by(key("*", ends=other)) is outlived


def test_a_key_ends_at_its_time():
    """It is alive until the second it ends, and dead from then on."""
    short = key("*", ends=60)
    assert short.alive(NOW + 59)
    assert not short.alive(NOW + 60)
    assert key("*").alive(NOW + 10**9)
