"""`broker secret-keys`: what an admin types, right and wrong."""

import re

import pytest

from tests.cli.conftest import Run
from tests.running import RunningBroker


def test_life_of_a_key(broker_command: Run, broker: RunningBroker):
    """A key that was added opens what its scopes say; it is listed without its text; revoked it is gone, and both are
    in the audit log."""
    arguments = ["Night job", "--scope", "clients:read", "--scope", "users:read", "--expires-in-days", "30"]
    added = broker_command("secret-keys", "add", *arguments)
    found = re.fullmatch(r"id=(key_\w+)\nsecret=(sk_[\w-]{43})\n", added.output)
    assert found, added.everything
    identifier, text = found.groups()
    headers = {"authorization": f"Bearer {text}"}
    assert broker.get("/v1/clients", headers=headers).status_code == 200
    assert broker.get("/v1/providers", headers=headers).status_code == 403
    listed = broker_command("secret-keys", "list").output
    assert re.search(
        rf"{identifier} +used \d{{4}}-.* ends \d{{4}}-.* clients:read users:read  Night job", listed
    )
    assert listed.startswith("env:1 ")
    assert text not in listed
    assert broker_command("secret-keys", "revoke", identifier).output == f"revoked {identifier}\n"
    assert identifier not in broker_command("secret-keys", "list").output
    told = [each for each in broker.admin("GET", "/v1/events").json() if each["data"].get("id") == identifier]
    assert [(each["type"], each["actor"]) for each in told] == [
        ("secret_key.deleted", "cli"),
        ("secret_key.created", "cli"),
    ]


BAD = {
    "no scope": (["add", "App"], "--scope"),
    "unknown scope": (["add", "App", "--scope", "everything"], "--scope"),
    "no time": (["add", "App", "--scope", "*", "--expires-in-days", "0"], "--expires-in-days"),
    "key of the environment": (["revoke", "env:1"], "ID"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(broker_command: Run, case: str):
    """A wrong argument or option is named, exit code 2, and no key is printed."""
    arguments, name = BAD[case]
    told = broker_command("secret-keys", *arguments)
    assert (told.code, told.output) == (2, "")
    assert f"Invalid value for {name}" in told.error


def test_dead_redis_is_named(broker_command: Run):
    """Without Redis no key is printed: one that is not kept would open nothing."""
    told = broker_command("secret-keys", "add", "App", "--scope", "*", REDIS_URL="redis://127.0.0.1:1")
    assert (told.code, told.output) == (1, "")
    assert "BROKER_REDIS_URL" in told.error
