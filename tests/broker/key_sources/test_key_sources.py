"""Ring entries that refer to a file, AWS KMS or Vault: opened at the start, refused with a reason, silent about keys."""

import socket
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from broker.cli.settings import PROVIDER_FIELDS
from broker.core.encryption_keys import new_encryption_key, new_key
from broker.key_sources import open_ring, source
from broker.key_sources.unopened import Unopened
from broker.provider_settings import SettingsError
from broker.settings import Settings
from tests.key_services import WRAPPING_KEY
from tests.running import keys

KEY = new_key()
PLAIN = new_encryption_key("plain")
CARE = {"aws-kms": WRAPPING_KEY, "vault": "broker"}  # who wraps, with which of its keys
each_service = pytest.mark.parametrize("name", CARE)


def entry(name: str, key_id: str = "k1", care: str | None = None) -> str:
    """A ring entry with KEY in the care of a service."""
    return f"{key_id}:{name}:{source(name).wrap(key_id, KEY, care or CARE[name])}"


def assert_refused(ring: str, words: str) -> None:
    """The ring is no setting: the message names the variable and says `words`, and nothing of what was given."""
    made = keys() | {"BROKER_ISSUER": "https://a.example", "BROKER_REDIS_URL": "unix:///r"}
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env(made | {"BROKER_ENCRYPTION_KEYS": ring}, PROVIDER_FIELDS)
    told = str(refusal.value)
    assert told.startswith("BROKER_ENCRYPTION_KEYS: ")
    assert words in told
    given = ring.rpartition(":")[2]
    assert not [secret for secret in (KEY, given) if len(secret) > 9 and secret in told]


@pytest.mark.usefixtures("kms", "vault")
@each_service
def test_a_wrapped_key_opens(name: str):
    """What a service wrapped is the same key again, under its id, and the entry shows nothing of it."""
    made = entry(name)
    assert open_ring(made).keys == {"k1": b64decode(KEY)}
    assert KEY not in made


@pytest.mark.usefixtures("kms", "vault")
def test_sources_stand_side_by_side(tmp_path: Path):
    """One ring may take its keys from everywhere, in the order of the setting: moving from one to another is a rotation."""
    file = source("file").wrap("f", new_key(), str(tmp_path / "f"))
    kms = f"k:aws-kms:{source('aws-kms').wrap('k', new_key(), WRAPPING_KEY)}"
    ring = open_ring(f"{kms}, {entry('vault', 'v')}, f:file:{file}, {PLAIN}")
    assert list(ring.keys) == ["k", "v", "f", "plain"]
    assert ring.newest == "k"


@pytest.mark.usefixtures("kms", "vault")
@each_service
def test_tv_01_a_wrapped_key_is_bound_to_its_id(name: str):
    """TV-01: an entry does not open under another id, so entries cannot trade places."""
    assert_refused("k2" + entry(name).removeprefix("k1"), "the key k2")


@pytest.mark.usefixtures("kms", "vault")
@each_service
def test_tv_02_a_changed_wrapping_is_refused(name: str):
    """TV-02: a wrapped key of which one byte changed does not open."""
    front, colon, wrapped = entry(name).rpartition(":")
    blob = bytearray(b64decode(wrapped))
    blob[-1] ^= 1
    assert_refused(front + colon + b64encode(blob).decode(), "the key k1")


@pytest.mark.usefixtures("vault")
def test_vault_below_another_mount():
    """A transit engine that is mounted elsewhere is named with its mount, and its keys are others."""
    made = entry("vault", care="secrets/transit/broker")
    assert made.startswith("k1:vault:secrets/transit/broker:vault:v1:")
    assert open_ring(made).keys == {"k1": b64decode(KEY)}
    assert_refused(made.replace("secrets/transit/", ""), "the key k1 (InvalidRequest)")


@pytest.mark.usefixtures("kms", "vault")
@each_service
def test_a_service_that_is_down(name: str, monkeypatch: pytest.MonkeyPatch):
    """A service that does not answer stops the start, named with its key."""
    made = entry(name)
    with socket.create_server(("127.0.0.1", 0)) as once:
        nobody = f"http://127.0.0.1:{once.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", nobody)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("VAULT_ADDR", nobody)
    assert_refused(made, "Connect")


@pytest.mark.usefixtures("vault")
def test_a_refused_token(monkeypatch: pytest.MonkeyPatch):
    """A token that Vault does not take is said to be forbidden, and is not shown."""
    made = entry("vault")
    monkeypatch.setenv("VAULT_TOKEN", "hush-hush")
    assert_refused(made, "Vault did not decrypt the key k1 (Forbidden)")


@pytest.mark.usefixtures("kms")
def test_an_unknown_kms_key():
    """A KMS key that does not exist is told by KMS's own code."""
    with pytest.raises(Unopened, match="NotFoundException"):
        source("aws-kms").wrap("k1", KEY, "alias/nobody")


@pytest.mark.parametrize(("name", "library"), [("aws-kms", "boto3"), ("vault", "hvac")])
def test_a_missing_extra_is_named(name: str, library: str, monkeypatch: pytest.MonkeyPatch):
    """Without the packages of a source the message says which extra to install."""
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"broker.key_sources.{name.replace('-', '_')}", raising=False)
    monkeypatch.delitem(sys.modules, "broker.key_sources.aws_kms", raising=False)
    extra = name.removesuffix("-kms")
    assert_refused(f"k1:{name}:x", f"install mobile-oauth-broker[{extra}]")


def test_sources_are_imported_when_an_entry_names_them():
    """A ring without a service costs no import of that service's libraries."""
    asked = (
        "import sys, broker.settings; sys.exit(any(m in sys.modules for m in ('boto3', 'hvac', 'requests')))"
    )
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_a_file_holds_the_key(tmp_path: Path):
    """A file is written once, for its owner alone, and opens as the key; the line's end does not matter."""
    path = tmp_path / "key"
    assert source("file").wrap("k1", KEY, str(path)) == str(path)
    assert path.stat().st_mode & 0o777 == 0o400
    assert open_ring(f"k1:file:{path}").keys == {"k1": b64decode(KEY)}
    with pytest.raises(Unopened, match="File exists"):
        source("file").wrap("k1", KEY, str(path))


@pytest.mark.parametrize("mode", [0o404, 0o604, 0o644, 0o402, 0o401, 0o620], ids=oct)
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int):
    """A key that others may read or change is not taken."""
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(mode)
    assert_refused(f"k1:file:{path}", "open to others")


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640], ids=oct)
def test_a_file_closed_to_others_is_taken(tmp_path: Path, mode: int):
    """Its owner may write it and its group may read it, as Kubernetes mounts secrets."""
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    path.chmod(mode)
    assert open_ring(f"k1:file:{path}").newest == "k1"


UNUSABLE = {
    "a file that is not there": ("k1:file:/nowhere/key", "No such file"),
    "a relative path": ("k1:file:key", "whole path"),
    "a folder": ("k1:file:/", "Is a directory"),
    "an unknown source": ("k1:gcp:key", "file, aws-kms, vault"),
    "a mistyped key": (f"k1:{KEY[:20]}:{KEY[20:]}", "none of"),
    "no source": (f"k1::{KEY}", "none of"),
    "kms without base64": ("k1:aws-kms:hush hush", "not base64"),
    "vault without ciphertext": ("k1:vault:broker", "vault:v1"),
    "vault with other text": ("k1:vault:broker:hush-hush", "vault:v1"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable_references(case: str):
    """A reference that cannot be right is refused in words, without asking anybody."""
    assert_refused(*UNUSABLE[case])


@pytest.mark.parametrize("content", [b"", b"hush-hush", b"\xff" * 40, b"A" * 2000])
def test_a_file_without_a_key(tmp_path: Path, content: bytes):
    """A file that holds no 32 random bytes in base64 is refused like a setting that does not."""
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    assert_refused(f"k1:file:{path}", "the key k1")
