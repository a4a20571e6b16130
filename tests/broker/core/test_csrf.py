"""What a form of a session repeats."""

from broker.core.csrf import is_csrf_of, new_csrf


def test_of_one_cookie():
    """It is of the cookie it was made of, and of no other."""
    shown = new_csrf("cookie")
    assert is_csrf_of("cookie", shown)
    assert not is_csrf_of("cookie2", shown)


def test_another_in_each_page():
    """Two pages of a session have two, and both are good."""
    first, second = new_csrf("cookie"), new_csrf("cookie")
    assert first != second
    assert is_csrf_of("cookie", first)
    assert is_csrf_of("cookie", second)


def test_nonsense():
    """What is cut off, empty or not text of ours is none."""
    whole = new_csrf("cookie")
    salt, _, proof = whole.partition(".")
    for wrong in ("", ".", salt, f"{salt}.", f".{proof}", f"{salt}x.{proof}", f"{whole}0", "é.é"):
        assert not is_csrf_of("cookie", wrong)
