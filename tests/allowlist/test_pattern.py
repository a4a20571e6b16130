"""What an entry may be and what it admits, against the rules written a second time and against a browser's
URL parser."""

import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allowlist import InvalidPattern, InvalidRedirectUri, Pattern, RedirectUri, lookup_keys
from tests.allowlist import oracle
from tests.allowlist.corpus import CASES

ALPHABET = "aZ09-._~:/?[]@!$&()*+,;=%#'\\ \u00e9{|^`\x00"
FRAGMENTS = [
    *ALPHABET,
    "//",
    "/./",
    "/../",
    "://",
    ":80",
    ":443",
    ":0",
    ":*",
    "*.exp.direct",
    "x.exp.direct",
    "@evil.example",
]
FRAGMENTS += [
    "%2F",
    "%2f",
    "%20",
    "%C3%A9",
    "%FF",
    "%41",
    "%5C",
    "?code=1",
    "&state=x",
    "?a=1",
    "exp",
    "http",
    "https",
    "127.0.0.1",
]
URLS = sorted({item.url for case in CASES for item in case.allow} | {case.candidate for case in CASES})


@st.composite
def edited(draw, base):
    """A URL with up to three pieces cut out or put in."""
    text = draw(base)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.sampled_from([0, 0, 1, 1, 2, 5]))
        text = text[:start] + draw(st.sampled_from(["", *FRAGMENTS])) + text[end:]
    return text


VALID = [
    (item.url, item.development) for case in CASES if case.expect != "invalid_entry" for item in case.allow
]
entries = st.sampled_from(sorted(set(VALID)))
bounded = settings(max_examples=500, deadline=None)


def parsed(text):
    try:
        return RedirectUri.parse(text)
    except InvalidRedirectUri:
        return None


def pattern(url, development):
    try:
        return Pattern.parse(url, development=development)
    except InvalidPattern:
        return None


@bounded
@given(edited(st.sampled_from(URLS)), st.booleans())
def test_entry_rules_equal_the_table(url, development):
    """What may be an entry is what the table of rules says, for any text near a URL of the corpus."""
    assert (pattern(url, development) is not None) == oracle.valid(url, development)


@bounded
@given(st.data())
def test_matching_equals_the_table(data):
    """An entry admits what the table of rules says it admits, for any address near it and any development
    flag."""
    url, development = data.draw(entries)
    filled = url.replace(":*", ":8081").replace("*.exp", "x1.exp")
    candidate = data.draw(edited(st.sampled_from([url, filled])))
    found, uri = pattern(url, development), parsed(candidate)
    assert bool(found and uri and found.matches(uri)) == oracle.admits(url, development, candidate)


@bounded
@given(st.data())
def test_edited_entry_admits_nothing_else(data):
    """An entry with an edit, where it is still an entry, admits no address of the one it was made from."""
    url, _ = data.draw(entries)
    other = data.draw(edited(st.just(url)))
    found, uri = pattern(other, True), parsed(url)
    if uri and found and found.matches(uri) and "*" not in other:
        assert other == url or uri.scheme == "http"


@pytest.fixture(scope="module")
def whatwg():
    """What a browser makes of a URL: its href, protocol, host and origin, or None where it does not parse."""
    program = """
      require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
        try {
          const { href, protocol, host, hostname, origin, username } = new URL(JSON.parse(line));
          console.log(JSON.stringify({ href, protocol, host, hostname, origin, username }));
        } catch { console.log("null"); }
      });
    """
    with subprocess.Popen(["node", "-e", program], stdin=-1, stdout=-1, text=True, bufsize=1) as node:

        def parse(url):
            node.stdin.write(json.dumps(url) + "\n")
            return json.loads(node.stdout.readline())

        yield parse
        node.stdin.close()


def same_place(candidate, entry):
    if entry["protocol"] == "https:":
        return candidate["origin"] == entry["origin"]
    if entry["protocol"] == "http:":
        return (candidate["protocol"], candidate["hostname"]) == (entry["protocol"], entry["hostname"])
    return (candidate["protocol"], candidate["host"]) == (entry["protocol"], entry["host"])


@bounded
@given(st.data())
def test_ru_01_browser_goes_where_the_entry_says(whatwg, data):
    """A browser takes no admitted address to another origin than its entry's, and rewrites none but a
    loopback `:80`."""
    url, development = data.draw(entries)
    filled = url.replace(":*", ":8081").replace("*.exp", "x1.exp")
    candidate = data.draw(edited(st.sampled_from([url, filled])))
    for text in {url, candidate, filled}:
        check_in_browser(whatwg, pattern(url, development), text)
    check_in_browser(whatwg, pattern(candidate, True), candidate)


def check_in_browser(whatwg, entry, candidate):
    uri = parsed(candidate)
    if not (entry and uri and entry.matches(uri)):
        return
    seen = whatwg(candidate)
    if seen is None:  # a label that only looks like an encoded name; it opens nothing
        assert "xn--" in candidate
        return
    assert seen["username"] == ""
    assert seen["href"] in {candidate, candidate.replace(":80/", "/")}
    if "*" not in entry.url:
        assert same_place(seen, whatwg(entry.url))
    else:
        assert seen["protocol"] == f"{entry.example.scheme}:"
        assert not entry.any_tunnel or seen["hostname"].endswith(".exp.direct")


@bounded
@given(edited(st.sampled_from(URLS)))
def test_d_10_few_keys(url):
    """However an address is written, one to four keys are looked up for it."""
    uri = parsed(url)
    assert uri is None or 1 <= len(set(lookup_keys(uri))) == len(lookup_keys(uri)) <= 4


def test_loopback_key_has_no_port():
    """Loopback entries that differ only in their port stand under one key, the query included."""
    one = Pattern.parse("http://127.0.0.1:3000/cb?a=1", development=False)
    other = Pattern.parse("http://127.0.0.1/cb?a=1", development=False)
    assert one.key == other.key == "http://127.0.0.1/cb?a=1"


def test_tunnel_keys():
    """A tunnel with a port is looked up exactly, with any port, under any tunnel, and with both."""
    assert lookup_keys(RedirectUri.parse("exp://x1.exp.direct:80/--/cb?a=1")) == (
        "exp://x1.exp.direct:80/--/cb?a=1",
        "exp://x1.exp.direct:*/--/cb?a=1",
        "exp://*.exp.direct:80/--/cb?a=1",
        "exp://*.exp.direct:*/--/cb?a=1",
    )


@pytest.mark.parametrize("url", ["myapp://callback", "myapp:/", "fb123://authorize"])
def test_short_scheme_warns(url):
    """A scheme that no domain owns is accepted with a warning, or refused where the operator says so."""
    assert "any app may also register" in Pattern.parse(url, development=False).warning
    with pytest.raises(InvalidPattern, match="any app may also register"):
        Pattern.parse(url, development=False, refuse_short_schemes=True)


@pytest.mark.parametrize(
    ("url", "development"),
    [
        ("com.example.app:/cb", False),
        ("https://a.example/", False),
        ("http://localhost/", False),
        ("exp+a://x", True),
    ],
)
def test_other_schemes_do_not_warn(url, development):
    """A reversed domain, a link, loopback and Expo's development schemes have no warning and are never too
    short."""
    assert Pattern.parse(url, development=development, refuse_short_schemes=True).warning is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "1 to 1024 characters"),
        ("https://a.example/" + "a" * 1007, "1 to 1024 characters"),
        ("https://a.example/c d", "U+0020"),
        ("https://a.example/%zz", "percent sign"),
        ("callback", "no scheme"),
        ("HTTPS://a.example/", "the scheme is not"),
        ("myapp:cb", "no slash behind the scheme"),
        ("javascript:/x", "not one that an app can own"),
        ("httpx://a", "not one that an app can own"),
        ("https://u@a.example/", "user name"),
        ("https://a.example:/", "port"),
        ("https://a.example:65536/", "port"),
        ("https://a.example:443/", "443"),
        ("https://a.example", "path is at least"),
        ("https://a/", "full domain name"),
        ("https://A.example/", "lower case"),
        ("http://a.example/", "other hosts need https"),
        ("http://localhost", "path is at least"),
        ("https://a.example/./b", "segment"),
        ("https://a.example//b", "two slashes"),
        ("https://a.example/[", "square bracket"),
        ("https://a.example/?[", "square bracket"),
        ("https://a.example/?", "query is empty"),
        ("https://a.example/?x&Code=1", "belongs to the answer"),
        ("https://a.example/%c3%a9", "upper case"),
        ("https://a.example/%41", "may not be escaped"),
        *[
            (f"https://a.example/%{digits}", "may not be escaped")
            for digits in ["5C", "2F", "25", "3F", "23", "00", "1F", "7F", "2E", "7E"]
        ],
        ("https://a.example/%FF", "not UTF-8"),
        ("https://a.example/*", "a `*` stands only"),
        ("exp://a:*:*/", "a `*` stands only"),
        ("exp://a/", "only a development entry"),
        ("myapp://a:1", "no port"),
        ("myapp://a~b", "other characters"),
        ("myapp://Expo-Development-Client", "command that loads code"),
    ],
)
def test_reason(url, reason):
    """A refused entry says what is wrong with it in words that name the part."""
    with pytest.raises(InvalidPattern) as refused:
        Pattern.parse(url, development=False)
    assert reason in refused.value.reason


def test_expo_host_reason():
    """A number that is no address is refused as the host of a development entry."""
    with pytest.raises(InvalidPattern, match="IPv4 address in plain decimals"):
        Pattern.parse("exp://192.168.1/", development=True)


@pytest.mark.parametrize("url", ["https://a.example/a*b", "https://a.example/?a=*"])
def test_candidate_has_no_star(url):
    """An address with a star is refused before any look-up."""
    with pytest.raises(InvalidRedirectUri, match="stands for nothing"):
        RedirectUri.parse(url)


@pytest.mark.parametrize("url", ["https://{}/", "exp://{}", "com.example.app://{}"])
def test_host_has_at_most_253_characters(url):
    """A host of 253 characters is the longest, for each kind of scheme that lets its host be chosen."""
    longest = ".".join(["a" * 61, "b" * 62, "c" * 62, "d" * 62, "ef"])
    assert len(longest) == 253
    assert Pattern.parse(url.format(longest), development=True).matches(
        RedirectUri.parse(url.format(longest))
    )
    with pytest.raises(InvalidPattern):
        Pattern.parse(url.format("x" + longest), development=True)
