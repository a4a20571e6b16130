"""The gate before every page: the scopes of the API, forms of ours alone, headers that let nobody in between."""

import secrets
from collections.abc import Iterator

import pytest

from broker.app import create_app
from broker.dashboard.shell import OPEN
from broker.settings import Settings
from tests.broker.dashboard.conftest import Desk, make_key, text_of
from tests.running import RunningBroker, keys

PAGES = {
    "/dashboard/clients": "clients:read",
    "/dashboard/clients/default": "clients:read",
    "/dashboard/clients/new": "clients:write",
    "/dashboard/clients/default/delete": "clients:write",
    "/dashboard/allowlist": "allowlist:read",
    "/dashboard/allowlist/refused": "allowlist:read",
    "/dashboard/allowlist/test": "allowlist:read",
    "/dashboard/allowlist/new": "allowlist:write",
    "/dashboard/providers": "providers:read",
    "/dashboard/providers/google": "providers:read",
    "/dashboard/providers/new-provider": "providers:write",
    "/dashboard/keys": "keys:read",
}
FORMS = {
    "/dashboard/clients/new": "clients",
    "/dashboard/clients/default": "clients",
    "/dashboard/clients/default/delete": "clients",
    "/dashboard/clients/default/secret": "clients",
    "/dashboard/allowlist/new": "allowlist",
    "/dashboard/allowlist/entries/ru_0": "allowlist",
    "/dashboard/allowlist/entries/ru_0/delete": "allowlist",
    "/dashboard/allowlist/refused/0/forget": "allowlist",
    "/dashboard/providers/new-provider": "providers",
    "/dashboard/providers/stub": "providers",
    "/dashboard/providers/stub/test": "providers",
    "/dashboard/providers/stub/delete": "providers",
    "/dashboard/keys": "keys",
    "/dashboard/keys/key_0/revoke": "keys",
}


@pytest.fixture(scope="module")
def reader(broker: RunningBroker) -> Iterator[Desk]:
    """Signed in with a key that may read everything here, and change nothing."""
    key = make_key(broker, "clients:read", "allowlist:read", "providers:read", "keys:read")
    desk = Desk(broker).sign_in(key["secret"])
    yield desk
    desk.browser.close()


@pytest.fixture(scope="module")
def other(broker: RunningBroker) -> Iterator[Desk]:
    """Signed in with a key of another part."""
    desk = Desk(broker).sign_in(make_key(broker, "webhooks:read")["secret"], "/dashboard")
    yield desk
    desk.browser.close()


@pytest.mark.parametrize(("path", "scope"), PAGES.items())
def test_a_page_takes_its_scope(path: str, scope: str, desk: Desk, reader: Desk, other: Desk):
    """Each page is shown with the scope that the API takes for the same, and refused without."""
    assert desk.get(path).status_code == 200
    assert reader.get(path).status_code == (200 if scope.endswith("read") else 403)
    refused = other.get(path)
    assert refused.status_code == 403
    assert f"lacks the scope {scope}" in text_of(refused)


@pytest.mark.parametrize(("path", "area"), FORMS.items())
def test_who_only_reads_changes_nothing(path: str, area: str, reader: Desk):
    """A form that changes something is refused without the scope to write, though it is well made."""
    answer = reader.post(path)
    assert answer.status_code == 403
    assert f"lacks the scope {area}:write" in text_of(answer)


@pytest.mark.parametrize("path", [path for path, scope in PAGES.items() if scope.endswith("read")])
def test_who_only_reads_sees_no_way_to_change(path: str, reader: Desk):
    """Buttons that a key may not use are not there: all that is posted is to sign out, and no link asks to change."""
    shown = reader.get(path).text
    assert shown.count('method="post"') == 1
    for change in ("/new", "/delete", "/revoke", "/secret", "/new-provider"):
        assert f'{change}"' not in shown


def test_the_places_are_those_that_one_may_see(other: Desk):
    """The navigation has what the key may read, and nothing else."""
    shown = other.get("/dashboard/clients")
    assert "Webhooks" in text_of(shown)
    for hidden in ("Providers", "Keys", "Users"):
        assert hidden not in text_of(shown)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "https://sibling.example"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site"},
    ],
    ids=["foreign", "sibling", "address-bar", "says-ours"],
)
def test_a_form_of_another_site(headers: dict[str, str], desk: Desk):
    """Any form that another site sends is refused, with the right cookie and the right field in it."""
    for path in FORMS:
        answer = desk.post(path, **headers)
        assert answer.status_code == 403, path
        assert "not sent from a page of this dashboard" in text_of(answer)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_older_browsers_are_asked_for_their_origin(origin: str, desk: Desk):
    """A browser that does not say `Sec-Fetch-Site` must say an origin of ours."""
    own = {"csrf": desk.csrf, "name": "Mine", "type": "public"}
    headers = {"origin": origin} if origin else {}
    answer = desk.browser.post(desk.url("/dashboard/clients/new"), data=own, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/dashboard/sign-in", "/dashboard/sign-out", "/dashboard/sign-in/provider"])
def test_nobody_is_signed_in_or_out_from_elsewhere(path: str, desk: Desk):
    """Another site can neither sign a browser in with a key of its own, nor sign it out."""
    key = {"secret_key": desk.broker.secret_key}
    assert desk.post(path, key, **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert desk.get("/dashboard/keys").status_code == 200


@pytest.mark.parametrize("csrf", ["", "0" * 64, "ü"])
def test_a_form_repeats_what_only_its_session_knows(csrf: str, desk: Desk):
    """Without the field of this very session any form is refused, wherever it says it comes from."""
    for path in FORMS:
        answer = desk.post(path, {"csrf": csrf})
        assert answer.status_code == 403, path
        assert "another session" in text_of(answer)


def test_the_field_of_another_session_is_not_taken(desk: Desk, stranger: Desk):
    """The field is bound to one session: another's of the same key does not do."""
    stranger.sign_in()
    assert stranger.csrf != desk.csrf
    assert desk.post("/dashboard/clients/new", {"csrf": stranger.csrf, "name": "Mine"}).status_code == 403


@pytest.mark.parametrize("path", ["/dashboard", *PAGES])
def test_headers(path: str, desk: Desk):
    """No page may be framed, cached, or run what is not ours; each says its origin to us alone."""
    answer = desk.get(path)
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert " onclick" not in answer.text


@pytest.mark.parametrize("body", [{"name": ["a", "b"], "csrf": "{csrf}"}, {"csrf": ["{csrf}", "{csrf}"]}])
def test_a_field_that_comes_twice(body: dict[str, object], desk: Desk):
    """A field that is given twice is refused: two readers of one form would differ."""
    filled = {name: [each.replace("{csrf}", desk.csrf) for each in ([v] if isinstance(v, str) else v)] for name, v in body.items()}  # type: ignore[attr-defined]  # fmt: skip
    own = {"origin": desk.broker.issuer, "sec-fetch-site": "same-origin"}
    answer = desk.browser.post(desk.url("/dashboard/clients/new"), data=filled, headers=own)
    assert answer.status_code == 400


def test_json_is_no_form(desk: Desk):
    """What is not form-encoded is refused."""
    own = {"origin": desk.broker.issuer, "sec-fetch-site": "same-origin"}
    answer = desk.browser.post(desk.url("/dashboard/clients/new"), json={"csrf": desk.csrf}, headers=own)
    assert answer.status_code == 415


def test_every_route_stands_behind_the_gate():
    """Each route of the dashboard says what it takes, and the few that are open are those of the sign-in."""
    issuer = f"http://127.0.0.1:{secrets.randbelow(1000) + 8000}"
    given = {
        **keys(),
        "BROKER_ISSUER": issuer,
        "BROKER_DEVELOPMENT": "1",
        "BROKER_REDIS_URL": "unix:///nowhere",
    }
    app = create_app(Settings.from_env(given, {}))
    found = [route for route in app.routes if route.path.startswith("/dashboard")]
    handlers = [
        (route.path, each)
        for route in found
        for each in route.route_handlers
        if each.http_methods != {"OPTIONS"}
    ]
    assert len(handlers) > 25
    assert all(each.opt.get("scope") or each.opt.get("area") for _, each in handlers)
    opened = {path for path, each in handlers if each.opt.get("scope") == OPEN}
    assert opened == {
        *("/dashboard", "/dashboard/sign-in"),
        *("/dashboard/sign-in/provider", "/dashboard/sign-out"),
    }
