"""Requests that no well-behaved client sends: repeated and undecodable parameters, unescaped addresses, odd paths."""

from itertools import product
from urllib.parse import quote, urlencode

import httpx2
import pytest

from tests.broker.endpoints.raw import RawAnswer, request, send_raw
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.running import RunningBroker

SINGLE = ("redirect_uri", "client_id", "state", "code_challenge", "scope", "response_type", "provider", "foo")


def ask(phone: Phone, query: str) -> httpx2.Response:
    return phone.browser.get(f"{phone.broker.address}/authorize?{query}")


def assert_shown(answer: httpx2.Response) -> None:
    assert answer.status_code == 400
    assert "invalid_request" in answer.text
    assert "location" not in answer.headers


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("again", ["{}", "{}[]", "{}%5B%5D", "UPPER", "Title"])
def test_ru_12_repeated(phone: Phone, name: str, again: str):
    """RU-12: a parameter that comes twice, the same or another, in other case or as a list, is an error."""
    asked = phone.request(foo="1")
    spelled = {"UPPER": name.upper(), "Title": name.title()}.get(again, again.format(name))
    assert ask(phone, urlencode(asked)).status_code == 303
    for value in (asked[name], "https://evil.example.net/"):
        extra = f"{spelled}={quote(value, safe='')}"
        assert_shown(ask(phone, f"{urlencode(asked)}&{extra}"))
        assert_shown(ask(phone, f"{extra}&{urlencode(asked)}"))


@pytest.mark.parametrize(
    "spelled", ["redirect_uri[]", "redirect_uri[0]", "REDIRECT_URI", "Redirect_Uri", "redirect_uri "]
)
def test_ru_12_another_spelling_is_another_name(phone: Phone, spelled: str):
    """RU-12: a redirect_uri under another spelling is none."""
    asked = phone.request(redirect_uri=None) | {spelled: HTTPS_REDIRECT}
    assert_shown(ask(phone, urlencode(asked)))


def test_ru_12_query_and_body(phone: Phone):
    """RU-12: a body adds nothing to /authorize, and a posted request takes nothing from its URL."""
    query = urlencode(phone.request(redirect_uri=None))
    target = f"/authorize?{query}"
    body = urlencode({"redirect_uri": HTTPS_REDIRECT})
    answer = send_raw(phone.broker.address, request("GET", target, "Host: x", body=body))
    assert answer.status == 400
    posted = send_raw(phone.broker.address, request("POST", target, "Host: x", body=body))
    assert posted.status == 405
    pushed = phone.broker.post(f"/par?{urlencode({'redirect_uri': HTTPS_REDIRECT})}", data=phone.request())
    assert (pushed.status_code, pushed.json()["error"]) == (400, "invalid_request")


NOT_UTF8 = {
    "stray byte": "%ff",
    "overlong slash": "%c0%af",
    "overlong slash of three": "%e0%80%af",
    "surrogate": "%ed%a0%80",
    "beyond Unicode": "%f4%90%80%80",
    "cut": "%e2%82",
    "continuation": "%80",
}


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("encoded", NOT_UTF8.values(), ids=NOT_UTF8)
def test_ru_13_values_are_utf8(phone: Phone, name: str, encoded: str):
    """RU-13: bytes that are not UTF-8, in the value of any parameter, are refused."""
    asked = phone.request()
    for value in (encoded, quote(asked.get(name, ""), safe="") + encoded):
        rest = urlencode({other: kept for other, kept in asked.items() if other != name})
        assert_shown(ask(phone, f"{rest}&{name}={value}"))


@pytest.mark.parametrize("encoded", NOT_UTF8.values(), ids=NOT_UTF8)
def test_ru_13_names_are_utf8(phone: Phone, encoded: str):
    """RU-13: a name that is not UTF-8 is refused."""
    assert_shown(ask(phone, f"{urlencode(phone.request())}&a{encoded}=b"))


def test_ru_13_raw_bytes(phone: Phone):
    """RU-13: bytes above ASCII that are not percent-encoded at all start no flow."""
    for raw in ("\xff", "\xc3\xa9"):
        target = f"/authorize?{urlencode(phone.request(state=None))}&state={raw}"
        assert send_raw(phone.broker.address, request("GET", target, "Host: x")).status == 400


SLASHES, DOTS = ("/", "%2F", "%252F", "\\", "%5C"), ("..", "%2e%2e", "%252e%252e", ".")
CONFUSING = [
    *(f"{slash}elsewhere" for slash in SLASHES),
    *(f"{slash}{dots}{slash}elsewhere" for slash, dots in product(SLASHES, DOTS)),
    *(f"{slash}elsewhere{slash}{dots}" for slash, dots in product(SLASHES, DOTS)),
    *(
        f"{start}{slash}{dots}{slash}{dots}{slash}elsewhere"
        for start in ("/;", "/%3B", ";", "%3B", "%253B", "%0A%0D", "%0D%0A", "%250A%250D", "%00", "%09")
        for slash, dots in product(SLASHES, DOTS)
    ),
    *("/", "//", "?", "?a=1", ";", "%20", "+", "%23", "%23a", "#", "#elsewhere", "@elsewhere", ":443", "%2e"),
    *(".evil.example.net", "%00", "%0d%0aLocation:%20https://evil.example.net", "\t", "\x00", "\x0b", "\x7f"),
]


def shows_no_flow(answer: RawAnswer) -> bool:
    return answer.status == 400 and answer.header("location") is None


def test_ru_11_path_confusion(phone: Phone):
    """RU-11: an admitted address with any confusing end, sent just as it is, starts no flow."""
    rest = urlencode(phone.request(redirect_uri=None))
    address = phone.broker.address
    good = send_raw(address, request("GET", f"/authorize?redirect_uri={HTTPS_REDIRECT}&{rest}", "Host: x"))
    assert good.status == 303
    passed = [
        end
        for end in CONFUSING
        if not shows_no_flow(
            send_raw(
                address, request("GET", f"/authorize?redirect_uri={HTTPS_REDIRECT}{end}&{rest}", "Host: x")
            )
        )
    ]
    assert passed == []


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r\nX-Header: a", " ", " HTTP/1.1\r\nHost: y\r\n\r\n"])
def test_ru_11_broken_request_lines(phone: Phone, end: str):
    """RU-11: a line break or a space inside the address breaks the request and not the check."""
    rest = urlencode(phone.request(redirect_uri=None))
    target = f"/authorize?redirect_uri={HTTPS_REDIRECT}{end}&{rest}"
    assert shows_no_flow(send_raw(phone.broker.address, request("GET", target, "Host: x")))


def spellings(door: str) -> list[str]:
    """Paths that a careless router or proxy takes for the door."""
    return [
        *(f"/{door}", f"//{door}", f"/{door}/", f"/{door}//", f"/./{door}", f"/x/../{door}", f"/{door}/."),
        *(
            f"/{door};x",
            f"/{door};/",
            f"/{door}%20",
            f"/{door}%00",
            f"/{door}.json",
            f"/{door}%2f",
            f"/%2f{door}",
        ),
        *(f"/%{ord(door[0]):02x}{door[1:]}", f"/%25{ord(door[0]):02x}{door[1:]}", f"/{door.upper()}"),
        *(
            f"/{door.title()}",
            f"\\{door}",
            f"/{door}\\",
            f"/..;/{door}",
            f"/{door}%3f",
            f"http://evil/{door}",
        ),
    ]


def assert_harmless(answer: RawAnswer, like: RawAnswer, path: str) -> None:
    """Nothing found there, or the same answer as at the door itself."""
    if answer.status in {404, 405}:
        return
    if like.status == answer.status and answer.headers == like.headers and answer.body == like.body:
        return
    assert answer.status == 400, (path, answer)
    assert answer.body == b"Invalid HTTP request received.", (path, answer)


@pytest.mark.parametrize("door", ["token", "revoke", "introspect", "par"])
def test_ad_03_odd_paths_of_posted_doors(broker: RunningBroker, door: str):
    """AD-03: an odd spelling of a posted door's path is not found, or meets the same checks and limits."""
    small, large = "grant_type=password&client_id=nobody&token=x", "a=" + "b" * 20_000
    for body, status in ((small, None), (large, 413)):
        like = send_raw(broker.address, request("POST", f"/{door}", "Host: x", body=body))
        assert like.status == status or (status is None and 400 <= like.status < 402)
        for path in spellings(door):
            answer = send_raw(broker.address, request("POST", path, "Host: x", body=body))
            assert_harmless(answer, like, path)


def test_ad_03_odd_paths_of_authorize(phone: Phone):
    """AD-03: an odd spelling of /authorize checks the redirect URL as /authorize does."""
    evil = urlencode(phone.request(redirect_uri="https://evil.example.net/"))
    for path in spellings("authorize"):
        answer = send_raw(phone.broker.address, request("GET", f"{path}?{evil}", "Host: x"))
        assert answer.status in {400, 404}, path
        assert answer.header("location") is None, path


@pytest.mark.parametrize("door", ["v1/clients", "v1/redirect_urls", "v1/providers"])
def test_ad_03_odd_paths_of_the_admin_api(broker: RunningBroker, door: str):
    """AD-03: no spelling of an admin path does without the secret key."""
    inside = (door.replace("/", slash) for slash in ("//", "%2f", "/./", "/x/../", "\\", ";/", "/;/"))
    for path in [*spellings(door), *(f"/{each}" for each in inside)]:
        answer = send_raw(broker.address, request("GET", path, "Host: x"))
        assert answer.status in {400, 401, 404}, path
        assert b"client_id" not in answer.body, path
