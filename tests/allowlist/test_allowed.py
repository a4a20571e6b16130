"""The proof that an address is allowed, and how an answer is written behind it."""

import pytest

from allowlist import AllowedRedirectUri


@pytest.mark.parametrize(
    ("text", "extended"),
    [
        ("https://app.example.com/cb", "https://app.example.com/cb?code=c&state=s"),
        ("https://app.example.com/cb?a=1", "https://app.example.com/cb?a=1&code=c&state=s"),
        ("https://app.example.com/cb?flag", "https://app.example.com/cb?flag&code=c&state=s"),
        ("https://app.example.com/cb?a=1&", "https://app.example.com/cb?a=1&&code=c&state=s"),
        (
            "https://app.example.com/my%20cb?x=%C3%A9+y",
            "https://app.example.com/my%20cb?x=%C3%A9+y&code=c&state=s",
        ),
        ("myapp://", "myapp://?code=c&state=s"),
        ("myapp:///x", "myapp:///x?code=c&state=s"),
        ("myapp:/", "myapp:/?code=c&state=s"),
        ("myapp://LoginCallback", "myapp://LoginCallback?code=c&state=s"),
        ("myapp://?source=login", "myapp://?source=login&code=c&state=s"),
        ("com.example.app:/oauth2redirect", "com.example.app:/oauth2redirect?code=c&state=s"),
        ("http://[::1]:61023/cb?app=1", "http://[::1]:61023/cb?app=1&code=c&state=s"),
        ("exp://192.168.1.20:8081", "exp://192.168.1.20:8081?code=c&state=s"),
    ],
)
def test_ru_09_extended_as_text(text, extended):
    """The answer stands behind the address byte for byte, with `?` or `&` as its own query asks for."""
    assert AllowedRedirectUri(text, text.partition(":")[0]).with_parameters(code="c", state="s") == extended


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("&code=x#'\"<>", "%26code%3Dx%23%27%22%3C%3E"),
        ("\r\nLocation: x", "%0D%0ALocation%3A%20x"),
        ("https://broker.example/", "https%3A%2F%2Fbroker.example%2F"),
        ("%41", "%2541"),
        ("\u00e9\U0001f600", "%C3%A9%F0%9F%98%80"),
        ("-._~aZ9", "-._~aZ9"),
        ("", ""),
    ],
)
def test_ru_09_values_are_escaped(value, written):
    """A value is written so that nothing in it can be taken for anything but that value."""
    assert AllowedRedirectUri("myapp://", "myapp").with_parameters(state=value) == f"myapp://?state={written}"


def test_ru_09_nothing_to_add():
    """A parameter without a value is left out, and with none left the address is what it was."""
    allowed = AllowedRedirectUri("https://a.example/?x=1", "https")
    assert allowed.with_parameters(state=None) == "https://a.example/?x=1"
    assert allowed.with_parameters(error="e", state=None) == "https://a.example/?x=1&error=e"


def test_only_https_is_a_verified_link():
    """An operating system checks the owner of an https link and of nothing else."""
    assert AllowedRedirectUri("https://a.example/", "https").verified_link
    for scheme in ("http", "myapp", "com.example.app", "exp", "exps"):
        assert not AllowedRedirectUri(f"{scheme}://x", scheme).verified_link
