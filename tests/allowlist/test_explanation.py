"""The one reason that a developer is told."""

import pytest

from allowlist import Entry, Pattern, RedirectUri, explain
from allowlist.explanation import differences
from tests.allowlist.corpus import CASES


def entry(url, *, development=False):
    return Entry(
        id=url, url=url, client_id="c", development=development, label=None, created_at=1, updated_at=1
    )


LINK = "https://app.example.com/cb"


@pytest.mark.parametrize(
    ("url", "candidate", "reason"),
    [
        (LINK, LINK, "the address is the entry, character for character"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99/cb", "leaves the port or the tunnel's name open"),
        (LINK, LINK + "/", "the path differs in a trailing slash"),
        (LINK, "https://app.example.com/CB", "the path differs in upper and lower case"),
        (LINK, "https://app.example.com/other", "the path is /other, the entry's is /cb"),
        (LINK, "https://app.example.com:8443/cb", "the port 8443 is not part of the entry"),
        ("https://a.example:8443/", "https://a.example/", "the port is missing, the entry's is 8443"),
        (LINK, "https://www.example.com/cb", "the host is www.example.com, the entry's is app.example.com"),
        (LINK, LINK + "?x=1", "the query x=1 is not part of the entry"),
        (LINK + "?x=1", LINK, "the query is missing, the entry's is x=1"),
        ("https://localhost.example/cb", "http://localhost/cb", "the scheme is http, the entry's is https"),
        ("myapp://cb", "myapp:///cb", "the host is missing, the entry's is cb"),
        ("myapp:/cb", "myapp:///cb", "the number of slashes behind the scheme differs"),
        ("myapp://", "myapp://cb", "the host cb is not part of the entry"),
        (LINK, "HTTPS://app.example.com/cb", "the scheme is not 3 to 64 lower-case"),
        (LINK, LINK + "#x", "U+0023"),
    ],
)
def test_reason(url, candidate, reason):
    """The reason names the one part that differs, or how the entry admits the address."""
    found = explain(candidate, [entry(url)], development=True)
    assert reason in found.reason
    assert found.entry.url == url
    assert found.redirect_uri == candidate


@pytest.mark.parametrize(
    ("url", "candidate", "reason"),
    [
        ("exp://10.0.0.1:*", "exp://10.0.0.1", "the port is missing; the entry admits any"),
        (
            "exp://*.exp.direct",
            "exp://a.b.exp.direct",
            "the entry's is *.exp.direct with one name for the star",
        ),
        ("exp://*.exp.direct:*/a", "exp://x.exp.direct:1/a", "leaves the port or the tunnel's name open"),
    ],
)
def test_development_reason(url, candidate, reason):
    """An Expo entry says what its open parts ask for."""
    assert reason in explain(candidate, [entry(url, development=True)], development=True).reason


def test_development_mode_is_off():
    """A development entry that would admit the address says that only the server's mode is in the way."""
    found = explain(LINK, [entry(LINK, development=True)], development=False)
    assert not found.allowed
    assert found.reason == "this entry is for development and this server is not in development mode"


def test_flag_is_missing():
    """An Expo entry without its flag, as only a hand can write it, is said to be invalid."""
    assert "not marked as one" in explain("exp://a/b", [entry("exp://a/b")], development=True).reason


def test_nearest():
    """Of several entries the one with the fewest differences is named, and the entry that admits before all."""
    entries = [entry("myapp://cb"), entry("https://app.example.com/callback"), entry(LINK), entry("rubbish")]
    assert explain(LINK + "/", entries, development=False).entry.url == LINK
    assert explain("myapp://cb", entries, development=False).allowed
    assert explain("https://app.example.com/callback#", entries, development=False).entry.url.endswith(
        "callback"
    )


@pytest.mark.parametrize("entries", [[], ["rubbish"]])
def test_no_entry(entries):
    """A client without a single valid entry is told so."""
    found = explain(LINK, [entry(url) for url in entries], development=True)
    assert (found.allowed, found.entry, found.reason) == (False, None, "this client has no redirect URL yet")


@pytest.mark.parametrize("case", [c for c in CASES if c.expect != "invalid_entry"], ids=lambda case: case.id)
def test_explanation_agrees_with_the_decision(case):
    """No difference is found exactly where the pattern matches."""
    for item in case.allow:
        pattern = Pattern.parse(item.url, development=item.development)
        try:
            candidate = RedirectUri.parse(case.candidate)
        except ValueError:
            continue
        assert pattern.matches(candidate) == (not list(differences(pattern, candidate)))
