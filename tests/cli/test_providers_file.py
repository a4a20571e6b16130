"""`broker providers apply`: a TOML file that says what providers are; all of it holds, or nothing of it."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub, answer_json
from tests.running import RunningBroker

IDS = ("acme", "plain", "google_two")


@pytest.fixture(autouse=True)
def _tidy(broker: RunningBroker) -> Iterator[None]:
    yield
    for provider in IDS:
        broker.admin("DELETE", f"/v1/providers/{provider}")


def three(provider: ProviderStub) -> str:
    """One of each kind."""
    credentials = f'client_id = "{CLIENT_ID}"\nclient_secret = "{CLIENT_SECRET}"'
    return f"""
[providers.acme]
issuer = "{provider.issuer}"
scopes = ["openid", "email"]
{credentials}

[providers.plain]
name = "Plain"
authorization_endpoint = "{provider.issuer}/authorize"
token_endpoint = "{provider.issuer}/token"
userinfo_endpoint = "{provider.issuer}/userinfo"
{credentials}

[providers.plain.attributes]
subject = "data.id"

[providers.google_two]
preset = "google"
{credentials}
"""


def stored(broker: RunningBroker) -> dict[str, Any]:
    """All that is configured, by id."""
    return {each["id"]: each for each in broker.admin("GET", "/v1/providers").json() if each["source"]}


def test_applied(broker_command: Run, broker: RunningBroker, provider: ProviderStub, phone: Phone):
    """What a file says is so for the running broker, people sign in by it, and the audit log has who did it."""
    told = broker_command("providers", "apply", "-", said=three(provider))
    assert (told.code, told.error) == (0, "")
    assert told.output == "acme: created\nplain: created\ngoogle_two: created\n"
    found = stored(broker)
    assert (found["acme"]["issuer"], found["acme"]["scopes"]) == (provider.issuer, ["openid", "email"])
    assert found["google_two"]["preset"] == "google"
    provider.answers["/userinfo"] = answer_json({"data": {"id": 4711}})
    own = Phone(broker, "default", HTTPS_REDIRECT, provider="plain", browser=phone.browser)
    assert own.sign_in()["token_type"] == "Bearer"
    events = broker.admin("GET", "/v1/events?limit=100").json()
    events = events["data"] if isinstance(events, dict) else events
    mine = [each for each in events if each["type"] == "provider.configured" and each["data"]["id"] in IDS]
    assert {each["actor"] for each in mine[:3]} == {"cli"}
    assert CLIENT_SECRET not in str(events)


def test_applied_twice(broker_command: Run, broker: RunningBroker, provider: ProviderStub):
    """A second time nothing changes, nobody is asked, and that is said."""
    broker_command("providers", "apply", "-", said=three(provider))
    before, asked = stored(broker), dict(provider.requests)
    again = broker_command("providers", "apply", "-", said=three(provider))
    assert again.output == "acme: unchanged\nplain: unchanged\ngoogle_two: unchanged\n"
    assert stored(broker) == before
    assert provider.requests == asked


def test_dry_run(broker_command: Run, broker: RunningBroker, provider: ProviderStub):
    """A dry run says what would change, member by member without values, and changes nothing."""
    nothing = stored(broker)
    told = broker_command("providers", "apply", "--dry-run", "-", said=three(provider))
    assert told.output == "acme: would be created\nplain: would be created\ngoogle_two: would be created\n"
    assert stored(broker) == nothing
    broker_command("providers", "apply", "-", said=three(provider))
    before = stored(broker)
    other = three(provider).replace(CLIENT_SECRET, "hush-hush").replace('"data.id"', '"data.uid"')
    told = broker_command("providers", "apply", "--dry-run", "-", said=other.replace('name = "Plain"', ""))
    assert told.output == (
        "acme: would change: client_secret\n"
        "plain: would change: attributes, name, client_secret\n"
        "google_two: would change: client_secret\n"
    )
    assert "hush-hush" not in told.everything
    assert stored(broker) == before


def test_a_table_is_the_whole(broker_command: Run, broker: RunningBroker, provider: ProviderStub):
    """What a table leaves out is as if never told, but for a secret that is there; who has no table stays as it is."""
    broker_command("providers", "apply", "-", said=three(provider))
    bare = f'[providers.acme]\nissuer = "{provider.issuer}"\nclient_id = "{CLIENT_ID}"\n'
    told = broker_command("providers", "apply", "-", said=bare)
    assert told.output == "acme: changed: scopes\n"
    found = stored(broker)
    assert found["acme"]["scopes"] == ["openid", "email", "profile"]
    assert found["acme"]["credentials_set"] == ["client_secret"]
    assert found["plain"]["name"] == "Plain"


def test_secrets_from_files(
    broker_command: Run, broker: RunningBroker, provider: ProviderStub, tmp_path: Path
):
    """A secret may stand in a file that others cannot read, and is then the one that the provider is told."""
    file = tmp_path / "secret"
    file.write_text(f"{CLIENT_SECRET}\n")
    file.chmod(0o400)
    text = three(provider).replace(f'client_secret = "{CLIENT_SECRET}"', f'client_secret_file = "{file}"')
    (tmp_path / "providers.toml").write_text(text)
    told = broker_command("providers", "apply", "providers.toml")
    assert (told.code, told.error) == (0, "")
    broker_command("providers", "test", "plain")
    assert provider.asked("/token")[-1]["client_secret"] == CLIENT_SECRET
    assert stored(broker)["plain"]["credentials_set"] == ["client_secret"]


@pytest.mark.parametrize(
    ("mode", "content", "reference", "words"),
    [
        (0o444, b"hush-hush", None, "is open to others"),
        (0o420, b"hush-hush", None, "is open to others"),
        (0o400, b"\xff\xfehush-hush", None, "it is not text"),
        (0o400, b"", None, "client_secret"),
        (0o400, b"hush-hush" * 1000, None, "client_secret"),
        (0o400, b"", "/nowhere/secret", "No such file"),
        (0o400, b"", "secret", "whole path"),
        (0o400, b"", "/", "Is a directory"),
        (0o400, b"", "/a\\u0000b", "cannot be read"),
    ],
)
def test_unusable_files(
    broker_command: Run,
    broker: RunningBroker,
    tmp_path: Path,
    mode: int,
    content: bytes,
    reference: str | None,
    words: str,
):
    """A file that is open to others, or holds no secret, is refused by the name of its member, and shows nothing."""
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(mode)
    text = f'[providers.google_two]\npreset = "google"\nclient_id = "x"\nclient_secret_file = "{reference or file}"\n'
    before = stored(broker)
    told = broker_command("providers", "apply", "-", said=text)
    assert (told.code, told.output) == (1, "")
    assert "providers.google_two: client_secret" in told.error
    assert words in told.error
    assert "hush-hush" not in told.everything
    assert stored(broker) == before


GOOD = '[providers.google_two]\npreset = "google"\nclient_id = "x"\nclient_secret = "hush-hush"\n'
MISTAKES = {
    "no TOML": ("[providers", "not TOML"),
    "two tables": (GOOD + GOOD, "not TOML"),
    "bytes": ("\x00", "not TOML"),
    "nothing": ("", "[providers.ID]"),
    "another table": (GOOD + "[clients.x]\n", "[providers.ID]"),
    "a text": ('providers = "x"', "[providers.ID]"),
    "no table": ("[providers]\nacme = 1", "providers.acme: must be a table"),
    "an id": (GOOD + 'id = "x"\n', "providers.google_two: id is the table's name"),
    "a bad id": (GOOD.replace("google_two", "Google"), "providers.Google: id"),
    "a typo": (GOOD + "enabeld = true\n", "providers.google_two: enabeld is not a parameter"),
    "a wrong kind": (
        GOOD + 'enabled = "yes"\n',
        "providers.google_two: enabled: Input should be a valid boolean",
    ),
    "a date": (GOOD + "name = 2026-11-25\n", "providers.google_two: name: Input should be a valid string"),
    "no client id": (GOOD.replace("client_id", "name"), "providers.google_two: client_id is missing"),
    "no secret": (GOOD.replace("client_secret", "name"), "providers.google_two: client_secret is missing"),
    "secret twice": (GOOD + 'client_secret_file = "/x"\n', "client_secret_file: client_secret is told twice"),
    "a file for what is no secret": (GOOD + 'client_id_file = "/x"\n', "client_id_file is not a parameter"),
    "a number as file": (GOOD.replace("secret =", "secret_file = 7 #"), "client_secret_file: it is the path"),
    "an unknown preset": (
        GOOD.replace('"google"', '"nowhere"'),
        "providers.google_two: preset: the catalogue has no",
    ),
    "a dead issuer": (
        GOOD
        + '[providers.acme]\nissuer = "http://127.0.0.1:1"\nclient_id = "x"\nclient_secret = "hush-hush"\n',
        "providers.acme: issuer: ",
    ),
    "a private endpoint": (
        GOOD
        + '[providers.acme]\nissuer = "https://10.0.0.1"\nclient_id = "x"\nclient_secret = "hush-hush"\n',
        "providers.acme: issuer: https://10.0.0.1 is not a public address",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_named(broker_command: Run, broker: RunningBroker, case: str):
    """A mistake is told by table and member without a value, exit code 1, and nothing of the file is kept."""
    text, words = MISTAKES[case]
    before = stored(broker)
    told = broker_command("providers", "apply", "-", said=text)
    assert (told.code, told.output) == (1, "")
    assert told.error.startswith("Error: nothing was changed\n")
    assert words in told.error
    assert "hush-hush" not in told.error
    assert stored(broker) == before


def test_all_mistakes_at_once(broker_command: Run):
    """Who has made mistakes in three tables is told of all of them."""
    text = '[providers.a]\nissuer = "x"\n[providers.b]\nclient_id = "x"\n[providers.c]\npreset = "google"\nclient_id = "x"\n'
    told = broker_command("providers", "apply", "-", said=text)
    assert [line.partition(" is missing")[0] for line in told.error.splitlines()[1:]] == [
        "providers.a: client_id",
        "providers.b: issuer",
        "providers.b: client_secret",
        "providers.c: client_secret",
    ]


def test_no_file(broker_command: Run):
    """A file that is not there is the mistake that is named."""
    told = broker_command("providers", "apply", f"{secrets.token_hex(4)}.toml")
    assert (told.code, told.output) == (2, "")
    assert "Invalid value for 'FILE'" in told.error
