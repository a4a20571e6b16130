"""Where a command gets its settings: from the environment, or from the folder of `broker dev`. Only here is
`os.environ` read."""

import os
from pathlib import Path

import click

from broker.provider_settings import PREFIX, SettingsError
from broker.providers import CATALOGUE
from broker.settings import Settings

DEVELOPMENT_FOLDER = Path(".broker")
KEYS_FILE = "keys.env"
ISSUER_FILE = "issuer"  # of the last start; its port is the caller's choice
PROVIDER_FIELDS = {provider.id: provider.fields for provider in CATALOGUE.values()}


def settings_from_environment() -> Settings:
    """Raises click.ClickException with a line for each variable that is wrong."""
    return read(dict(os.environ))


def settings_for_admin() -> Settings:
    """The environment's settings; when it has none, those of the development broker in this folder."""
    folder = DEVELOPMENT_FOLDER
    if any(name.startswith(PREFIX) for name in os.environ) or not (folder / KEYS_FILE).exists():
        return settings_from_environment()
    issuer = folder / ISSUER_FILE
    return development_settings(folder, issuer.read_text() if issuer.exists() else "http://127.0.0.1")


def development_settings(folder: Path, issuer: str) -> Settings:
    """Settings of `broker dev`, whose keys stand in the folder; provider credentials may come from the environment."""
    keys = folder / KEYS_FILE
    try:
        made = dict(line.split("=", 1) for line in keys.read_text().splitlines())
    except (OSError, ValueError):
        raise click.ClickException(f"{keys} is not readable as NAME=value lines") from None
    ours = {
        "BROKER_ISSUER": issuer,
        "BROKER_REDIS_URL": f"unix://{socket_path(folder)}",
        "BROKER_DEVELOPMENT": "1",
        "BROKER_SIMULATED_PROVIDERS": "1",
    }
    return read({**os.environ, **made, **ours}, f"settings are not usable; the keys are those of {keys}")


def socket_path(folder: Path) -> Path:
    return folder.resolve() / "valkey.sock"


def read(environ: dict[str, str], problem: str = "settings are not usable") -> Settings:
    try:
        return Settings.from_env(environ, PROVIDER_FIELDS)
    except SettingsError as error:
        raise click.ClickException(f"{problem}\n{error}") from None
