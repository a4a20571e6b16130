"""`broker keys`, `allowlist`, `clients`, `providers`: what an admin types, right and wrong."""

import re
import secrets

import pytest

from broker.cli import COMMANDS
from broker.core.client import DEFAULT_CLIENT
from tests.cli.conftest import Run
from tests.running import RunningBroker
from tests.valkey import running_valkey

FEW = {"REDIS_URL": None, "ISSUER": None, "DEVELOPMENT": None}


def fresh(prefix: str = "https://app.example.com/") -> str:
    """A redirect URL that no other test has."""
    return prefix + secrets.token_hex(6)


def entry_id(line: str) -> str:
    return line.split(maxsplit=1)[0]


@pytest.mark.parametrize("arguments", [["--help"], *([command, "-h"] for command in COMMANDS)])
def test_help(broker_command: Run, arguments: list[str]):
    """Every command explains itself, and needs no setting for that."""
    told = broker_command(*arguments, **FEW)
    assert told.code == 0
    assert told.output.startswith("Usage: ")


@pytest.mark.parametrize(
    "command", [["nonsense"], ["keys", "old"], ["allowlist", "drop"], ["providers", "x"]]
)
def test_unknown_commands(broker_command: Run, command: list[str]):
    """A command that does not exist is repeated in the message."""
    told = broker_command(*command)
    assert told.code == 2
    assert f"No such command '{command[-1]}'" in told.error


def test_keys_new(broker_command: Run):
    """The printed lines are settings that a broker takes as they are, and differ each time."""
    first, second = (broker_command("keys", "new", "--id", "y2026", **FEW) for _ in range(2))
    made = [dict(line.split("=", 1) for line in told.output.splitlines()) for told in (first, second)]
    assert list(made[0]) == ["BROKER_ENCRYPTION_KEYS", "BROKER_SIGNING_KEYS", "BROKER_SECRET_KEYS"]
    assert not set(made[0].values()) & set(made[1].values())
    assert made[0]["BROKER_ENCRYPTION_KEYS"].startswith("y2026:")
    settings = {name.removeprefix("BROKER_"): value for name, value in made[0].items()}
    with running_valkey() as empty:
        assert broker_command("check", **settings, REDIS_URL=empty).code == 0


@pytest.mark.parametrize("key_id", ["A b", "", "-x", "a:b", "a,b", "x" * 33])
def test_keys_new_with_a_bad_id(broker_command: Run, key_id: str):
    """An id that the setting would refuse is refused before a key is printed."""
    told = broker_command("keys", "new", "--id", key_id, **FEW)
    assert (told.code, told.output) == (2, "")
    assert "--id" in told.error


def test_allowlist_life(broker_command: Run):
    """An entry that was added is listed, tested, refused a second time, removed, and gone."""
    url = fresh()
    added = broker_command("allowlist", "add", url, "--label", "iPhone")
    assert (added.code, added.error) == (0, "")
    assert "# iPhone" in added.output
    tested = broker_command("allowlist", "test", url)
    assert tested.code == 0
    assert tested.output.startswith("allowed: ")
    assert entry_id(added.output) in broker_command("allowlist", "list").output
    twice = broker_command("allowlist", "add", url)
    assert (twice.code, twice.output) == (1, "")
    removed = broker_command("allowlist", "remove", entry_id(added.output))
    assert removed.output.startswith("removed ")
    assert broker_command("allowlist", "test", url).code == 1
    assert url not in broker_command("allowlist", "list", "--client-id", DEFAULT_CLIENT).output


def test_allowlist_test_names_the_nearest(broker_command: Run):
    """Who asks why an address is refused is shown the nearest entry and the one reason, and gets exit code 1."""
    url = fresh()
    broker_command("allowlist", "add", url)
    told = broker_command("allowlist", "test", f"{url}/")
    assert told.code == 1
    assert told.output.startswith("refused: ")
    assert "nearest: " in told.output
    assert url in told.output


def test_allowlist_test_of_what_is_no_address(broker_command: Run, broker: RunningBroker):
    """What is no address is refused with its reason, for an app without entries too, here and at /authorize."""
    client_id = broker.make_client()["client_id"]
    told = broker_command("allowlist", "test", "no address", "--client-id", client_id)
    assert (told.code, told.error) == (1, "")
    assert "U+0020" in told.output
    asked = {"client_id": client_id, "redirect_uri": "no address"}
    assert broker.get("/authorize", params=asked).status_code == 400


def test_short_scheme_is_added_with_a_note(broker_command: Run):
    """A scheme that any app may take is allowed, and the note about it goes to standard error."""
    scheme = f"app{secrets.token_hex(4)}"
    told = broker_command("allowlist", "add", f"{scheme}://cb")
    assert told.code == 0
    assert told.error.startswith("Note: ")
    strict = broker_command("allowlist", "add", f"{scheme}x://cb", REFUSE_SHORT_SCHEMES="1")
    assert (strict.code, strict.output) == (2, "")


BAD = {
    "no URL": (["allowlist", "add"], "URL"),
    "not a URL": (["allowlist", "add", "nowhere"], "URL"),
    "wildcard host": (["allowlist", "add", "https://*.example.com/cb"], "URL"),
    "development scheme": (["allowlist", "add", "exp://127.0.0.1:8081"], "URL"),
    "unknown app": (["allowlist", "add", "https://a.example/cb", "--client-id", "app_0"], "--client-id"),
    "app id with a space": (
        ["allowlist", "add", "https://a.example/cb", "--client-id", "a b"],
        "--client-id",
    ),
    "long label": (["allowlist", "add", "https://a.example/cb", "--label", "x" * 201], "--label"),
    "empty label": (["allowlist", "add", "https://a.example/cb", "--label", ""], "--label"),
    "unknown entry": (["allowlist", "remove", "ru_0"], "ENTRY_ID"),
    "list of a bad app id": (["allowlist", "list", "--client-id", "a b"], "--client-id"),
    "test of a bad app id": (["allowlist", "test", "https://a.example", "--client-id", "a b"], "--client-id"),
    "empty name": (["clients", "add", ""], "NAME"),
    "long name": (["clients", "add", "x" * 101], "NAME"),
    "no type": (["clients", "add", "App", "--type", "secret"], "--type"),
    "http origin": (["clients", "add", "App", "--web-origin", "http://a.example"], "--web-origin"),
    "origin with a path": (["clients", "add", "App", "--web-origin", "https://a.example/x"], "--web-origin"),
    "unknown client": (["clients", "remove", "app_0"], "CLIENT_ID"),
    "client id with a space": (["clients", "remove", "a b"], "CLIENT_ID"),
    "default client": (["clients", "remove", DEFAULT_CLIENT], "CLIENT_ID"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(broker_command: Run, broker: RunningBroker, case: str):
    """A wrong argument or option is named, exit code 2, and nothing is written."""
    arguments, name = BAD[case]
    before = [broker.admin("GET", f"/v1/{kind}?limit=500").json() for kind in ("clients", "redirect_urls")]
    told = broker_command(*arguments)
    assert (told.code, told.output) == (2, "")
    assert re.search(rf"(Invalid value for|Missing argument) '?{name}\b", told.error), told.error
    after = [broker.admin("GET", f"/v1/{kind}?limit=500").json() for kind in ("clients", "redirect_urls")]
    assert after == before


@pytest.mark.parametrize(
    "command",
    [
        ["allowlist", "list"],
        ["allowlist", "add", "https://a.example/cb"],
        ["clients", "list"],
        ["clients", "add", "App"],
        ["clients", "remove", "app_0"],
        ["providers", "list"],
        ["providers", "show", "google"],
        ["providers", "test", "google"],
    ],
)
def test_dead_redis_is_named(broker_command: Run, command: list[str]):
    """Without Redis each command names the setting, says nothing of its value, and pretends no success."""
    told = broker_command(*command, REDIS_URL="redis://:hush-hush@127.0.0.1:1")
    assert (told.code, told.output) == (1, "")
    assert "BROKER_REDIS_URL" in told.error
    assert "hush-hush" not in told.error


def test_clients_life(broker_command: Run, broker: RunningBroker):
    """An app that was added is there for the running broker; removed, it is gone with its redirect URLs."""
    added = broker_command(
        "clients", "add", "Field app", "--development", "--web-origin", "https://a.example"
    )
    assert re.fullmatch(r"client_id=app_\w+\n", added.output)
    client_id = added.output.strip().removeprefix("client_id=")
    known = broker.admin("GET", f"/v1/clients/{client_id}").json()
    assert (known["name"], known["type"], known["development"]) == ("Field app", "public", True)
    assert known["web_origins"] == ["https://a.example"]
    assert f"{client_id}  public  Field app (development)" in broker_command("clients", "list").output
    url = fresh()
    assert broker_command("allowlist", "add", url, "--client-id", client_id).code == 0
    assert broker_command("clients", "remove", client_id).output == f"removed {client_id}\n"
    assert broker.admin("GET", f"/v1/clients/{client_id}").status_code == 404
    assert url not in broker_command("allowlist", "list").output


def test_a_client_of_clerk_s_profile(broker_command: Run, broker: RunningBroker):
    """An app that is added with Clerk's profile is open to Clerk's SDK."""
    added = broker_command("clients", "add", "Field app", "--token-profile", "clerk")
    client_id = added.output.strip().removeprefix("client_id=")
    assert broker.get(f"/clerk/{client_id}/v1/environment?_is_native=1").status_code == 200
    broker_command("clients", "remove", client_id)


def test_confidential_client(broker_command: Run, broker: RunningBroker):
    """A confidential app's secret is printed once, and proves it."""
    added = broker_command("clients", "add", "Desk", "--type", "confidential")
    shown = dict(line.split("=", 1) for line in added.output.splitlines())
    assert set(shown) == {"client_id", "client_secret"}
    answer = broker.post("/introspect", data={**shown, "token": "x"})
    assert (answer.status_code, answer.json()) == (200, {"active": False})
    assert shown["client_secret"] not in broker_command("clients", "list").output
    broker_command("clients", "remove", shown["client_id"])
