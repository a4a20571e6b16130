"""`broker keys new --source ...`: an entry that is already in a source's care."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.cli.keys import new
from broker.key_sources import open_ring
from tests.key_services import WRAPPING_KEY


def made(*arguments: str) -> Result:
    return CliRunner().invoke(new, ["--id", "k9", *arguments])


def entry_of(result: Result) -> str:
    """The value of the first of the three settings."""
    assert result.exit_code == 0, result.output
    first, signing, secret = result.stdout.splitlines()
    assert signing.startswith("BROKER_SIGNING_KEYS=")
    assert secret.startswith("BROKER_SECRET_KEYS=sk_")
    return first.removeprefix("BROKER_ENCRYPTION_KEYS=")


@pytest.mark.usefixtures("kms", "vault")
@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        ([], "k9:"),
        (["--source", "aws-kms", "--kms-key", WRAPPING_KEY], "k9:aws-kms:"),
        (["--source", "vault", "--transit-key", "broker"], "k9:vault:broker:vault:v1:"),
        (
            ["--source", "vault", "--transit-key", "secrets/transit/broker"],
            "k9:vault:secrets/transit/broker:vault:v1:",
        ),
    ],
)
def test_a_new_entry_opens_as_it_is_printed(arguments: list[str], begins: str):
    """What is printed stands in the setting as it is, and each time it is another key."""
    one, two = (entry_of(made(*arguments)) for _ in range(2))
    assert one.startswith(begins)
    assert open_ring(one).newest == "k9"
    assert open_ring(one).keys != open_ring(two).keys


def test_a_new_file(tmp_path: Path):
    """A key in a file is written there and not printed; a file that is there stays."""
    path = tmp_path / "k9"
    entry = entry_of(made("--source", "file", "--key-file", str(path)))
    assert entry == f"k9:file:{path}"
    assert open_ring(entry).newest == "k9"
    again = made("--source", "file", "--key-file", str(path))
    assert again.exit_code == 1
    assert "File exists" in again.output
    assert open_ring(entry).newest == "k9"


@pytest.mark.parametrize(
    "arguments", [["--source", "vault"], ["--kms-key", "x"], ["--source", "gcp", "--kms-key", "x"]]
)
def test_source_and_its_key_go_together(arguments: list[str]):
    """A source without the name of its key, a key without its source, or an unknown source prints nothing."""
    told = made(*arguments)
    assert told.exit_code == 2
    assert "BROKER_" not in told.output
    assert "--source" in told.output
