"""`/v1/secret_keys`: making, changing and revoking keys, and that nobody gains by it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import redis

from tests.broker.backend_api.conftest import Api
from tests.running import LOCAL, RunningBroker

KEYS = "/v1/secret_keys"


@contextmanager
def holder(broker: RunningBroker, text: str) -> Iterator[Api]:
    """Who calls with the key of this text."""
    headers = {"authorization": f"Bearer {text}"}
    with httpx2.Client(base_url=broker.address, headers=headers, **LOCAL) as http:
        yield Api(http)


def made(api: Api, *scopes: str, **body: Any) -> dict[str, Any]:
    return dict(api.good("POST", KEYS, {"name": "App", "scopes": list(scopes), **body}))


def seconds_until_refused(holder: Api, path: str) -> float:
    """How long the key is still taken."""
    start = time.monotonic()
    while holder.call("GET", path).status_code != 401:
        assert time.monotonic() < start + 7
        time.sleep(0.05)
    return time.monotonic() - start


def test_life_of_a_key(api: Api, broker: RunningBroker):
    """A key works from its making on; its text is shown once; revoked it is refused at once and gone from the list."""
    key = made(api, "clients:read", "clients:read", name="Warehouse")
    text = key.pop("secret")
    assert text.startswith("sk_")
    assert (key["name"], key["scopes"], key["read_only"]) == ("Warehouse", ["clients:read"], False)
    assert abs(key["created_at"] / 1000 - time.time()) < 60
    assert (key["expires_at"], key["last_used_at"]) == (None, None)
    with holder(broker, text) as app:
        app.good("GET", "/v1/clients")
        assert app.refused("GET", KEYS)[:2] == (403, "authorization_invalid")
        assert api.good("DELETE", f"{KEYS}/{key['id']}") == {
            "object": "secret_key",
            "id": key["id"],
            "deleted": True,
        }
        assert app.refused("GET", "/v1/clients")[:2] == (401, "clerk_key_invalid")
    assert api.refused("GET", f"{KEYS}/{key['id']}")[:2] == (404, "resource_not_found")
    assert api.refused("DELETE", f"{KEYS}/{key['id']}")[:2] == (404, "resource_not_found")
    assert key["id"] not in [each["id"] for each in api.good("GET", f"{KEYS}?limit=500")]


def test_last_use_is_shown(api: Api, broker: RunningBroker):
    """When a key was last used is seen in the list and at the key, for those of the environment too."""
    key = made(api, "clients:read")
    with holder(broker, key["secret"]) as app:
        app.good("GET", "/v1/clients")
    shown = api.good("GET", f"{KEYS}/{key['id']}")
    assert abs(shown["last_used_at"] / 1000 - time.time()) < 60
    listed = {each["id"]: each for each in api.good("GET", f"{KEYS}?limit=500")}
    assert listed[key["id"]] == shown
    assert listed["env:1"]["last_used_at"] is not None


def test_change(api: Api, broker: RunningBroker):
    """Name and scopes can be changed, each alone; the new scopes hold at once and the old are gone."""
    key = made(api, "clients:read")
    with holder(broker, key["secret"]) as app:
        assert app.refused("GET", "/v1/providers")[0] == 403
        assert api.good("PATCH", f"{KEYS}/{key['id']}", {"name": "New"})["scopes"] == ["clients:read"]
        changed = api.good("PATCH", f"{KEYS}/{key['id']}", {"scopes": ["providers:read"]})
        assert (changed["name"], changed["scopes"]) == ("New", ["providers:read"])
        app.good("GET", "/v1/providers")
        assert app.refused("GET", "/v1/clients")[0] == 403
    assert "secret" not in changed


def test_an_end_comes(api: Api, broker: RunningBroker):
    """A key with an end is refused from that second on, though it was at hand; the list still shows why."""
    key = made(api, "clients:read", expires_in_seconds=2)
    assert key["expires_at"] == key["created_at"] + 2000
    with holder(broker, key["secret"]) as app:
        app.good("GET", "/v1/clients")
        assert seconds_until_refused(app, "/v1/clients") < 3
        assert app.refused("GET", "/v1/clients")[:2] == (401, "clerk_key_invalid")
    assert api.good("GET", f"{KEYS}/{key['id']}")["expires_at"] < time.time() * 1000


def test_revoked_elsewhere(api: Api, broker: RunningBroker):
    """A key that another process revoked is refused within five seconds, though this one had it at hand."""
    key = made(api, "clients:read")
    with holder(broker, key["secret"]) as app, redis.Redis.from_url(broker.redis_url) as server:
        app.good("GET", "/v1/clients")
        assert server.hdel("secret_keys", key["id"]) == 1
        assert seconds_until_refused(app, "/v1/clients") < 6


def test_keys_of_the_environment(api: Api, broker: RunningBroker):
    """Keys of the environment stand first in the list, without their text, and are changed only there."""
    first = api.good("GET", f"{KEYS}?limit=1&paginated=true")
    assert first["total_count"] >= 1
    (key,) = first["data"]
    assert (key["id"], key["name"], key["scopes"]) == ("env:1", "BROKER_SECRET_KEYS", ["*"])
    assert (key["read_only"], key["created_at"]) == (True, None)
    assert api.good("GET", f"{KEYS}/env:1")["id"] == "env:1"
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        assert api.refused(method, f"{KEYS}/env:1", body) == (422, "form_param_value_invalid", "id")


def test_newest_first_and_in_parts(api: Api):
    """The list is paged; the newest key comes right after those of the environment."""
    before = api.good("GET", f"{KEYS}?paginated=true")["total_count"]
    key = made(api, "users:read")
    answer = api.good("GET", f"{KEYS}?limit=500&paginated=true")
    assert answer["total_count"] == before + 1
    newest = [each for each in answer["data"] if each["created_at"] == key["created_at"]]
    assert key["id"] in [each["id"] for each in newest]
    assert answer["data"][1] in newest
    assert len(api.good("GET", f"{KEYS}?limit=2&offset=1")) <= 2


def test_no_key_gives_what_it_lacks(api: Api, broker: RunningBroker):
    """A key makes keys with its own scopes and no others, `*` least of all, and none that lives longer than itself."""
    mine = made(api, "keys:write", "clients:read", expires_in_seconds=600)
    refused = (403, "authorization_invalid")
    with holder(broker, mine["secret"]) as app:
        short = {"expires_in_seconds": 60}
        assert made(app, "clients:read", **short)["scopes"] == ["clients:read"]
        for scopes in (["*"], ["keys:read"], ["clients:read", "tokens:read"]):
            body = {"name": "x", "scopes": scopes, **short}
            assert app.refused("POST", KEYS, body) == (*refused, "scopes")
        for ends in ({}, {"expires_in_seconds": 1200}):
            body = {"name": "x", "scopes": ["clients:read"], **ends}
            assert app.refused("POST", KEYS, body) == (*refused, "expires_in_seconds")
        assert app.refused("PATCH", f"{KEYS}/{mine['id']}", {"scopes": ["*"]}) == (*refused, "scopes")


def test_no_key_touches_a_greater_one(api: Api, broker: RunningBroker):
    """A key neither changes nor revokes one that may do more or lives longer; itself it may revoke."""
    mine = made(api, "keys:write", "clients:read", expires_in_seconds=600)
    greater = made(api, "clients:read", "tokens:read", expires_in_seconds=60)
    longer = made(api, "clients:read")
    lesser = made(api, "clients:read", expires_in_seconds=60)
    with holder(broker, mine["secret"]) as app:
        for other, param in ((greater, "scopes"), (longer, "expires_in_seconds")):
            path = f"{KEYS}/{other['id']}"
            for method, body in (("PATCH", {"scopes": ["clients:read"]}), ("DELETE", None)):
                assert app.refused(method, path, body) == (403, "authorization_invalid", param)
        app.good("PATCH", f"{KEYS}/{lesser['id']}", {"name": "Renamed"})
        app.good("DELETE", f"{KEYS}/{lesser['id']}")
        app.good("DELETE", f"{KEYS}/{mine['id']}")
        assert app.refused("GET", KEYS)[0] == 401


BAD = {
    "no name": ({"scopes": ["*"]}, "form_param_missing", "name"),
    "no scopes": ({"name": "x"}, "form_param_missing", "scopes"),
    "empty scopes": ({"name": "x", "scopes": []}, "form_param_format_invalid", "scopes"),
    "unknown scope": ({"name": "x", "scopes": ["users:all"]}, "form_param_format_invalid", "scopes.0"),
    "scope in capitals": ({"name": "x", "scopes": ["Users:read"]}, "form_param_format_invalid", "scopes.0"),
    "scopes as text": (
        {"name": "x", "scopes": "users:read users:write"},
        "form_param_format_invalid",
        "scopes",
    ),
    "ended already": (
        {"name": "x", "scopes": ["*"], "expires_in_seconds": 0},
        "form_param_format_invalid",
        "expires_in_seconds",
    ),
    "a key of one's own": (
        {"name": "x", "scopes": ["*"], "secret": "sk_mine"},
        "form_param_unknown",
        "secret",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_bodies_are_named(api: Api, case: str):
    """A body that does not fit is refused with the field's name, and no key is made."""
    body, code, param = BAD[case]
    before = api.good("GET", f"{KEYS}?paginated=true")["total_count"]
    assert api.refused("POST", KEYS, body) == (422, code, param)
    assert api.good("GET", f"{KEYS}?paginated=true")["total_count"] == before


def test_no_text_of_a_key_is_kept(api: Api, broker: RunningBroker):
    """A key's text is in no record, no log line and no later answer; its making and end are in the log by id."""
    key = made(api, "clients:read", "keys:read", name="Canary")
    text = key["secret"].removeprefix("sk_")
    with holder(broker, key["secret"]) as app:
        answers = [app.call("GET", f"{KEYS}?limit=500").text, app.call("GET", "/v1/providers").text]
    api.good("PATCH", f"{KEYS}/{key['id']}", {"name": "Bird"})
    answers.append(api.call("GET", f"{KEYS}/{key['id']}").text)
    api.good("DELETE", f"{KEYS}/{key['id']}")
    with redis.Redis.from_url(broker.redis_url) as server:
        kept = [server.hgetall("secret_keys"), server.hgetall("secret_key_uses"), server.xrange("events")]
    assert key["id"] in repr(kept)
    assert not any(text in each for each in (repr(kept), broker.log(), *answers))
    for what in ("created", "updated", "deleted"):
        (line,) = [
            each for each in broker.log().splitlines() if f"secret_key.{what}" in each and key["id"] in each
        ]
        assert '"actor": "env:1"' in line


def test_a_backend_introspects_with_the_scope_for_it(api: Api, broker: RunningBroker):
    """IN-01: a secret key that may read sessions asks /introspect about every token; one that may not is no client."""
    reader, other = made(api, "sessions:read"), made(api, "clients:read")
    asked = {"data": {"token": "none"}}
    for key, status in ((reader, 200), (other, 401)):
        headers = {"authorization": f"Bearer {key['secret']}"}
        assert broker.post("/introspect", **asked, headers=headers).status_code == status
