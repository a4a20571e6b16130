"""A device's sessions: how they live, how they end, and whose they are."""

import time
from collections.abc import Callable

import httpx2
import pytest
import redis

from tests.broker.clerk.apps import make_app
from tests.clerk_sdk import Sdk, error_of
from tests.provider_stub import ProviderStub
from tests.running import LOCAL, RunningBroker

Devices = Callable[..., Sdk]
SIGNED_OUT = (401, "authentication_invalid")
NOT_FOUND = (404, "resource_not_found")


def as_if(broker: RunningBroker, session_id: str, **fields: int) -> None:
    with redis.Redis.from_url(broker.redis_url) as memory:
        assert memory.hset(f"session:{{user_{session_id[5:29]}}}:{session_id}", mapping=fields) == 0


def session_in(broker: RunningBroker, session_id: str) -> dict[bytes, bytes]:
    with redis.Redis.from_url(broker.redis_url) as memory:
        return dict(memory.hgetall(f"session:{{user_{session_id[5:29]}}}:{session_id}"))


@pytest.fixture
def session_id(sdk: Sdk) -> str:
    return str(sdk.sign_in()["created_session_id"])


def test_touch_chooses(sdk: Sdk, session_id: str):
    """`setActive` makes a session the active one and answers with it and its user."""
    form = {"active_organization_id": "", "intent": "select_session"}
    touched = sdk.ask("POST", f"/client/sessions/{session_id}/touch", form)
    assert (touched["id"], touched["status"]) == (session_id, "active")
    assert touched["user"]["email_addresses"][0]["email_address"].startswith("clerk-")
    assert sdk.client()["last_active_session_id"] == session_id


@pytest.mark.parametrize(("act", "status"), [("end", "ended"), ("remove", "removed")])
def test_signing_out(sdk: Sdk, session_id: str, broker: RunningBroker, act: str, status: str):
    """A session that the app ends is over everywhere, and the events say that its user did it."""
    answer = sdk.call("POST", f"/client/sessions/{session_id}/{act}").json()
    assert (answer["response"]["status"], answer["client"]["sessions"]) == (status, [])
    assert error_of(sdk.jwt(session_id)) == SIGNED_OUT
    assert broker.admin("GET", f"/v1/sessions/{session_id}").json()["status"] == "revoked"


@pytest.mark.parametrize("path", ["/client/sessions", "/client"])
def test_signing_out_of_all(sdk: Sdk, session_id: str, broker: RunningBroker, path: str):
    """DELETE ends every session of the device; of /client it forgets the device, too."""
    assert sdk.call("DELETE", path).status_code == 200
    assert broker.admin("GET", f"/v1/sessions/{session_id}").json()["status"] == "revoked"
    client = sdk.client()
    assert client is None if path == "/client" else client["sessions"] == []
    assert error_of(sdk.jwt(session_id)) == SIGNED_OUT


def test_rt_09_revoked_elsewhere(sdk: Sdk, session_id: str, broker: RunningBroker):
    """RT-09: a session that an admin, or its user on another device, has ended is over at once for this one."""
    access = sdk.jwt(session_id).json()["jwt"]
    bearer = {"authorization": f"Bearer {access}"}
    assert session_id in [each["id"] for each in broker.get("/v1/me/sessions", headers=bearer).json()]
    httpx2.delete(f"{broker.address}/v1/me/sessions/{session_id}", headers=bearer, **LOCAL)
    assert error_of(sdk.jwt(session_id)) == SIGNED_OUT
    assert error_of(sdk.call("POST", f"/client/sessions/{session_id}/touch")) == SIGNED_OUT
    assert error_of(sdk.call("GET", "/me")) == SIGNED_OUT
    assert sdk.client()["sessions"] == []


@pytest.mark.parametrize("end", ["idle_until", "expires_at"])
def test_rt_07_ends_by_itself(sdk: Sdk, session_id: str, broker: RunningBroker, end: str):
    """RT-07: a session that idled too long, or is over its absolute end, gives no token and is not woken by asking."""
    as_if(broker, session_id, **{end: int(time.time()) - 1})
    for _ in range(2):
        assert error_of(sdk.jwt(session_id)) == SIGNED_OUT
    assert sdk.client()["sessions"] == []


def test_rt_07_asking_keeps_it(sdk: Sdk, session_id: str, broker: RunningBroker):
    """RT-07: each token moves the idle end, and never the absolute one."""
    before = session_in(broker, session_id)
    as_if(broker, session_id, idle_until=int(time.time()) + 60)
    assert sdk.jwt(session_id).status_code == 200
    after = session_in(broker, session_id)
    assert int(after[b"idle_until"]) >= int(before[b"idle_until"])
    assert after[b"expires_at"] == before[b"expires_at"]


def test_whose_session_it_is(device: Devices, sdk: Sdk, session_id: str):
    """A session of another device is not there for this one, and without a client token there is none at all."""
    stranger = device()
    stranger.start()
    for path in ("tokens", "touch", "end", "remove"):
        assert error_of(stranger.call("POST", f"/client/sessions/{session_id}/{path}")) == NOT_FOUND
        assert (
            error_of(stranger.call("POST", f"/client/sessions/{session_id}/{path}", token="")) == SIGNED_OUT
        )
    query = {"_clerk_session_id": session_id}
    assert error_of(stranger.call("GET", "/me", query=query)) == NOT_FOUND
    assert sdk.jwt(session_id).status_code == 200


def test_several_people_on_one_device(sdk: Sdk, session_id: str, provider: ProviderStub):
    """Two people on a device have a session each; /me is whose session the SDK names, and one leaves without the other."""
    provider.subject += "-too"
    second = sdk.sign_in()["created_session_id"]
    assert [each["id"] for each in sdk.client()["sessions"]] == [session_id, second]
    for each in (session_id, second):
        assert sdk.ask("GET", "/me", query={"_clerk_session_id": each})["id"] == f"user_{each[5:29]}"
    sdk.ask("POST", f"/client/sessions/{second}/remove")
    assert [each["id"] for each in sdk.client()["sessions"]] == [session_id]
    assert sdk.jwt(session_id).status_code == 200


def test_no_token_templates(sdk: Sdk, session_id: str):
    """There are no token templates, and no other acts on a session."""
    assert error_of(sdk.call("POST", f"/client/sessions/{session_id}/tokens/supabase")) == NOT_FOUND
    assert error_of(sdk.call("POST", f"/client/sessions/{session_id}/verify")) == NOT_FOUND


def test_a_session_has_no_refresh_token(sdk: Sdk, session_id: str, broker: RunningBroker):
    """Nothing that the SDK is given is good at /token."""
    for text in (sdk.token, session_id, sdk.jwt(session_id).json()["jwt"]):
        form = {"grant_type": "refresh_token", "refresh_token": text[:256], "client_id": sdk.client_id}
        answer = httpx2.post(f"{broker.address}/token", data=form, **LOCAL)
        assert answer.json()["error"] == "invalid_grant"


def test_a_client_that_is_closed_to_the_sdk(device: Devices, broker: RunningBroker):
    """A client whose profile is changed is closed to the SDK at once, living sessions included."""
    client_id = make_app(broker)
    sdk = device(client_id=client_id)
    session_id = sdk.sign_in()["created_session_id"]
    broker.admin("PATCH", f"/v1/clients/{client_id}", {"token_profile": "rfc9068"})
    assert error_of(sdk.jwt(session_id)) == (400, "native_api_disabled")


def test_a_deleted_user(sdk: Sdk, session_id: str, broker: RunningBroker):
    """A user who was deleted is signed out everywhere."""
    broker.admin("DELETE", f"/v1/users/user_{session_id[5:29]}")
    assert error_of(sdk.jwt(session_id)) == SIGNED_OUT
    assert sdk.client()["sessions"] == []
