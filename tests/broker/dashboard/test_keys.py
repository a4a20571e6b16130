"""Secret keys in the dashboard, and how old the keys of the settings are."""

import re

from tests.broker.dashboard.conftest import Desk, make_key, text_of
from tests.running import RunningBroker


def test_a_key_is_made_shown_once_and_revoked(desk: Desk):
    """A key made here works, its text is in that one answer, and it is revoked here."""
    answer = desk.post("/dashboard/keys", {"name": "CI", "scopes": ["users:read"], "ends": "week"})
    assert answer.status_code == 200
    found = re.search(r"<pre>(sk_[A-Za-z0-9_-]{43})</pre>", answer.text)
    assert found
    text = found[1]
    identifier = re.search(r"key_[0-9a-f]{24}", answer.text)
    assert identifier
    assert text not in desk.get("/dashboard/keys").text
    bearer = {"authorization": f"Bearer {text}"}
    assert desk.broker.get("/v1/users", headers=bearer).status_code == 200
    told = desk.broker.admin("GET", f"/v1/secret_keys/{identifier[0]}").json()
    assert told["expires_at"] - told["created_at"] == 7 * 86_400_000
    assert "Revoke the key CI?" in text_of(desk.get(f"/dashboard/keys/{identifier[0]}/revoke"))
    assert "is revoked" in desk.done(f"/dashboard/keys/{identifier[0]}/revoke")
    assert desk.broker.get("/v1/users", headers=bearer).status_code == 401


def test_nobody_gains_by_making_a_key(broker: RunningBroker, visitor: Desk):
    """Who has some scopes is offered these alone, and refused a key with others, or one that outlives the own."""
    mine = make_key(broker, "keys:read", "keys:write", "users:read", expires_in_seconds=3600)
    visitor.sign_in(mine["secret"])
    shown = visitor.get("/dashboard/keys").text
    assert 'value="users:read"' in shown
    assert 'value="clients:write"' not in shown
    assert 'value="*"' not in shown
    for form, words in (
        ({"scopes": ["clients:write"], "ends": "day"}, "lacks clients:write itself"),
        ({"scopes": ["users:read"], "ends": ""}, "ends before that one would"),
    ):
        answer = visitor.post("/dashboard/keys", {"name": "More", **form})
        assert answer.status_code == 422
        assert words in text_of(answer)
    strong = make_key(broker, "*")
    assert f"/keys/{strong['id']}/revoke" not in visitor.get("/dashboard/keys").text
    assert visitor.post(f"/dashboard/keys/{strong['id']}/revoke").status_code == 403
    broker.admin("DELETE", f"/v1/secret_keys/{strong['id']}")
    broker.admin("DELETE", f"/v1/secret_keys/{mine['id']}")


def test_revoking_the_own_key_signs_out(broker: RunningBroker, visitor: Desk):
    """Whoever revokes the key that they are signed in with is told so before, and is out after."""
    mine = make_key(broker, "keys:read", "keys:write")
    visitor.sign_in(mine["secret"])
    assert "you are signed out at once" in text_of(visitor.get(f"/dashboard/keys/{mine['id']}/revoke"))
    assert visitor.post(f"/dashboard/keys/{mine['id']}/revoke").status_code == 303
    assert 'name="secret_key"' in visitor.get("/dashboard/keys").text


def test_keys_of_the_settings(desk: Desk):
    """The ring's ids and the signing keys' ids are there with what they do and since when; no key is."""
    shown = desk.get("/dashboard/keys")
    text = text_of(shown)
    assert "test Newest: seals" in text
    for key in desk.broker.get("/.well-known/jwks.json").json()["keys"]:
        assert f"{key['kid']} {key['alg']} Signs" in text
    assert text.count("just now") + text.count("minute") + text.count("second") >= 3
    assert f'href="{desk.broker.issuer}/.well-known/jwks.json"' in shown.text
    for name in ("BROKER_ENCRYPTION_KEYS", "BROKER_SIGNING_KEYS", "BROKER_SECRET_KEYS"):
        for part in desk.broker.environment[name].split(","):
            assert part.rpartition(":")[2] not in shown.text


def test_a_key_of_the_settings_is_not_revoked_here(desk: Desk):
    """Keys of the environment are changed only there."""
    answer = desk.post("/dashboard/keys/env:1/revoke")
    assert answer.status_code == 422
    assert "BROKER_SECRET_KEYS" in text_of(answer)
