"""`/v1` belongs to holders of a secret key, whatever the path (AD-01)."""

import pytest

from tests.broker.backend_api.conftest import Api
from tests.phone import Phone
from tests.running import RunningBroker

ROUTES = [
    ("GET", "/v1/clients"),
    ("POST", "/v1/clients"),
    ("GET", "/v1/clients/default"),
    ("PATCH", "/v1/clients/default"),
    ("DELETE", "/v1/clients/default"),
    ("GET", "/v1/providers"),
    ("POST", "/v1/providers"),
    ("GET", "/v1/providers/stub"),
    ("PATCH", "/v1/providers/stub"),
    ("DELETE", "/v1/providers/stub"),
    ("GET", "/v1/redirect_urls"),
    ("POST", "/v1/redirect_urls"),
    ("POST", "/v1/redirect_urls/explain"),
    ("GET", "/v1/redirect_urls/ru_1"),
    ("PATCH", "/v1/redirect_urls/ru_1"),
    ("DELETE", "/v1/redirect_urls/ru_1"),
    ("GET", "/v1/secret_keys"),
    ("POST", "/v1/secret_keys"),
    ("GET", "/v1/secret_keys/env:1"),
    ("PATCH", "/v1/secret_keys/env:1"),
    ("DELETE", "/v1/secret_keys/env:1"),
]
UNKNOWN = [
    ("GET", "/v1"),
    ("GET", "/v1/"),
    ("GET", "/v1/nothing"),
    ("GET", "/v1/clients/default/secret"),
    ("PUT", "/v1/clients"),
    ("POST", "/v1/clients/default"),
    ("GET", "/v1//clients"),
    ("GET", "/v1/Clients"),
    ("GET", "/V1/clients"),
    ("GET", "/v1/%63lients"),
    ("GET", "/v1/../v1/clients"),
]


def keys_that_are_none(broker: RunningBroker, access_token: str) -> dict[str, str | None]:
    """What somebody without a secret key might send."""
    key = broker.secret_key
    return {
        "nothing": None,
        "empty": "",
        "no key": "Bearer",
        "wrong key": f"Bearer {key[:-1]}{'A' if key[-1] != 'A' else 'B'}",
        "half a key": f"Bearer {key[:-1]}",
        "two keys": f"Bearer {key} {key}",
        "key without a scheme": key,
        "Basic": f"Basic {key}",
        "an app's access token": f"Bearer {access_token}",
        "a client id": "Bearer default",
    }


def test_ad_01_no_route_without_a_secret_key(stranger: Api, broker: RunningBroker, phone: Phone):
    """AD-01: no route answers without a key, with a wrong one, or with an app's access token: 401, and nothing else."""
    for name, header in keys_that_are_none(broker, phone.sign_in()["access_token"]).items():
        headers = {} if header is None else {"authorization": header}
        for method, path in ROUTES:
            status, code, _ = stranger.refused(method, path, headers=headers)
            assert status == 401, (name, method, path)
            assert code in {"authorization_header_format_invalid", "clerk_key_invalid"}, (name, method, path)


def test_ad_01_a_key_elsewhere_is_not_a_key(stranger: Api, broker: RunningBroker):
    """AD-01: a secret key in the query, a cookie or the body is not believed: those places end up in logs."""
    key = broker.secret_key
    assert stranger.refused("GET", f"/v1/clients?secret_key={key}&access_token={key}")[0] == 401
    assert stranger.refused("GET", "/v1/clients", headers={"cookie": f"__session={key}"})[0] == 401
    assert stranger.refused("POST", "/v1/clients", {"name": "x", "secret_key": key})[0] == 401


@pytest.mark.parametrize(("method", "path"), UNKNOWN)
def test_ad_01_unknown_paths_tell_nothing(stranger: Api, method: str, path: str):
    """AD-01: beside the routes there is nothing: no odd spelling of a path is answered without a key."""
    answer = stranger.call(method, path)
    assert answer.status_code in {401, 404, 405}, answer.text
    assert "default" not in answer.text


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/clients/default/secret"])
def test_unknown_paths_have_the_envelope(api: Api, path: str):
    """A mistyped path is an error that Clerk's clients can read."""
    assert api.refused("GET", path)[:2] == (404, "resource_not_found")


def test_wrong_method(api: Api):
    """A method that a path does not have is an error that Clerk's clients can read, with the allowed ones."""
    answer = api.call("PUT", "/v1/clients")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert answer.json()["errors"][0]["code"] == "method_not_allowed"


def test_jw_03_a_secret_key_is_no_access_token(phone: Phone, broker: RunningBroker):
    """JW-03: the key of the backend API opens none of the doors for apps."""
    assert phone.userinfo(broker.secret_key).status_code == 401
    assert phone.refresh(broker.secret_key).json()["error"] == "invalid_grant"
