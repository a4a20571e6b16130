"""`broker check --app`: an Expo app and the broker are compared, and every mismatch is a sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.running import RunningBroker

HOST = "links.example.com"
EXAMPLE = Path(__file__).parents[2] / "mobile_example" / "app.json"
APP: dict[str, Any] = {
    "scheme": "com.example.app",
    "ios": {
        "bundleIdentifier": "com.example.app",
        "associatedDomains": [f"applinks:{HOST}", f"webcredentials:{HOST}?mode=developer"],
    },
    "android": {
        "package": "com.example.app",
        "intentFilters": [
            {"autoVerify": True, "data": [{"scheme": "https", "host": HOST, "pathPrefix": "/app/"}]}
        ],
    },
}
INSTALLED = {
    "ios": {"team_id": "ABCDE12345", "bundle_id": "com.example.app"},
    "android": {"package": "com.example.app", "sha256_cert_fingerprints": [":".join(["AB"] * 32)]},
}


@pytest.fixture
def client_id(broker: RunningBroker) -> str:
    """A client that fits APP."""
    made = str(broker.make_client(**INSTALLED)["client_id"])
    for url in (
        "com.example.app:/callback",
        f"https://{HOST}/app/callback",
        "exp://127.0.0.1:8081/--/callback",
    ):
        broker.allow(url, made, dev=url.startswith("exp:"))
    return made


@pytest.fixture
def checked(
    broker_command: Run, broker: RunningBroker, client_id: str, tmp_path: Path
) -> Callable[[dict[str, Any]], tuple[int, str]]:
    """Compare a config with that client: exit code and output."""

    def check(config: dict[str, Any]) -> tuple[int, str]:
        file = tmp_path / "app.json"
        file.write_text(json.dumps({"expo": config}))
        told = broker_command("check", "--app", str(file), "--client-id", client_id)
        return told.code, told.output

    return check


def changed(**changes: Any) -> dict[str, Any]:
    """APP with other members of `ios` and `android`; `scheme` in their place."""
    scheme = {"scheme": changes.pop("scheme")} if "scheme" in changes else {}
    return {**APP, **{name: {**APP[name], **value} for name, value in changes.items()}, **scheme}


def test_what_fits(checked: Callable[[dict[str, Any]], tuple[int, str]]):
    """A config that fits is said to; and who serves the association files of a foreign host is reminded."""
    code, output = checked(APP)
    assert code == 0, output
    assert "agree" in output
    assert f"association files of {HOST} must be served there" in output


OTHER_LINK = [{"autoVerify": True, "data": {"scheme": "https", "host": HOST, "path": "/other"}}]
UNVERIFIED = [{"data": [{"scheme": "https", "host": HOST, "pathPrefix": "/app/"}]}]
MISMATCHES = {
    "another scheme": (changed(scheme="myapp"), "no redirect URL of {client} begins with it"),
    "a scheme less": (changed(scheme=[]), None),
    "upper case": (changed(scheme=["com.example.app", "MyApp"]), "the scheme MyApp: Android matches"),
    "another bundle": (changed(ios={"bundleIdentifier": "com.other"}), "the client's is com.example.app"),
    "another package": (changed(android={"package": "com.other"}), "android.package is com.other"),
    "no domains": (changed(ios={"associatedDomains": []}), f"lacks applinks:{HOST}"),
    "no credentials": (
        changed(ios={"associatedDomains": [f"applinks:{HOST}"]}),
        f"lacks webcredentials:{HOST}",
    ),
    "a domain too many": (
        changed(ios={"associatedDomains": [*APP["ios"]["associatedDomains"], "applinks:other.example"]}),
        "has applinks:other.example",
    ),
    "no link": (changed(android={"intentFilters": []}), f"for https://{HOST}/app/callback"),
    "unverified link": (changed(android={"intentFilters": UNVERIFIED}), "none with autoVerify"),
    "another path": (changed(android={"intentFilters": OTHER_LINK}), f"opens the app for {HOST}"),
}


@pytest.mark.parametrize(("config", "sentence"), MISMATCHES.values(), ids=MISMATCHES)
def test_each_mismatch_is_named(
    checked: Callable[[dict[str, Any]], tuple[int, str]],
    client_id: str,
    config: dict[str, Any],
    sentence: str | None,
):
    """One thing that differs is one sentence that names it, and exit code 1; iOS registers the bundle id by itself."""
    code, output = checked(config)
    if sentence is None:
        assert (code, "wrong" in output) == (0, False), output
    else:
        assert code == 1
        assert sentence.format(client=client_id) in output


def test_a_client_without_records(broker_command: Run, broker: RunningBroker, tmp_path: Path):
    """https redirect URLs open no app while the broker does not know what Apple and Android call it."""
    bare = str(broker.make_client()["client_id"])
    for url in ("com.example.app:/callback", f"https://{HOST}/app/callback", "com.forgotten:/x"):
        broker.allow(url, bare)
    file = tmp_path / "app.json"
    file.write_text(json.dumps(APP))
    told = broker_command("check", "--app", str(file), "--client-id", bare)
    assert told.code == 1
    for sentence in ("no ios record", "no android record", "registers no scheme com.forgotten"):
        assert sentence in told.output


def test_links_that_would_take_the_sign_in_itself(broker_command: Run, broker: RunningBroker, tmp_path: Path):
    """A filter without a path on the broker's own host takes /authorize into the app, and nobody could sign in."""
    client = str(broker.make_client(**INSTALLED)["client_id"])
    broker.allow("https://auth.example.com/app/callback", client)
    filters = [{"autoVerify": True, "data": [{"scheme": "https", "host": "auth.example.com"}]}]
    domains = ["applinks:auth.example.com", "webcredentials:auth.example.com"]
    config = changed(ios={"associatedDomains": domains}, android={"intentFilters": filters}, scheme=[])
    file = tmp_path / "app.json"
    file.write_text(json.dumps(config))
    settings = {"ISSUER": "https://auth.example.com", "DEVELOPMENT": "0"}
    told = broker_command("check", "--app", str(file), "--client-id", client, **settings)
    assert told.code == 1
    assert "takes /authorize of auth.example.com into the app" in told.output


def test_the_example_app(broker_command: Run, broker: RunningBroker):
    """The example's app.json fits a client that was made as its README says."""
    records = {
        "ios": {"team_id": "ABCDE12345", "bundle_id": "com.example.broker"},
        "android": {**INSTALLED["android"], "package": "com.example.broker"},
    }
    client = str(broker.make_client(**records)["client_id"])
    for url in ("brokerexample://callback", "https://auth.example.com/app/callback"):
        broker.allow(url, client)
    settings = {"ISSUER": "https://auth.example.com", "DEVELOPMENT": "0"}
    told = broker_command("check", "--app", str(EXAMPLE), "--client-id", client, **settings)
    assert told.code == 0, told.output


@pytest.mark.parametrize(
    "content", ["[]", "{", '{"expo": {"ios": "x"}}', '{"android": {"intentFilters": 7}}']
)
def test_what_is_no_config(broker_command: Run, client_id: str, tmp_path: Path, content: str):
    """A file that cannot be read is named, without a stack."""
    file = tmp_path / "app.json"
    file.write_text(content)
    told = broker_command("check", "--app", str(file), "--client-id", client_id)
    assert told.code == 1
    assert f"{file} is not an Expo config" in told.output


def test_an_unknown_client(broker_command: Run):
    """A client id that nobody has is no agreement."""
    told = broker_command("check", "--app", str(EXAMPLE), "--client-id", "app_nobody")
    assert told.code == 2
    assert "no client has this id" in told.error
