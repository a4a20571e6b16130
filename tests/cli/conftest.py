"""The `broker` command as a person runs it: a process with an environment, a folder, and what it says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import Command, run

Run = Callable[..., Command]


@pytest.fixture
def broker_command(valkey: str, tmp_path: Path) -> Run:
    """Runs `broker ...` with the settings of a development broker; keywords change settings, None leaves one out. `said`
    is its standard input."""

    def with_settings(*arguments: str, said: str | None = None, **changes: str | None) -> Command:
        return run(arguments, tmp_path, {"REDIS_URL": valkey, **changes}, said)

    return with_settings
