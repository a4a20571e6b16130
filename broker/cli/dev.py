"""`broker dev`: a broker to try at once, with no variable set."""

import json
from pathlib import Path

import click

from broker.app import create_app
from broker.cli.embedded_valkey import embedded_valkey
from broker.cli.keys import new_keys
from broker.cli.server import listen, run
from broker.cli.settings import DEVELOPMENT_FOLDER, KEYS_FILE, development_settings
from broker.core.client import DEFAULT_CLIENT
from broker.settings import Settings
from broker.startup import DEVELOPMENT_REDIRECT_URI


@click.command()
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--data-dir",
    default=DEVELOPMENT_FOLDER,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where keys and data stay, so that a restart loses nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead, for scripts.")
def dev(port: int, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes a flag so
    """Run a broker with its own Valkey and simulated providers. Nothing to configure."""
    prepare(data_dir)
    try:
        listener = listen("127.0.0.1", port)
    except OSError as error:
        raise click.ClickException(f"--port {port}: {error.strerror}") from None
    settings = development_settings(data_dir, f"http://127.0.0.1:{listener.getsockname()[1]}")
    with embedded_valkey(data_dir):
        run(create_app(settings), listener, lambda: announce(settings, as_json=as_json))


def prepare(folder: Path) -> None:
    """The folder and its keys, readable by us alone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = folder / KEYS_FILE
        if not keys.exists():
            keys.touch(mode=0o600)
            keys.write_text("\n".join(new_keys("dev")) + "\n")
    except OSError as error:
        raise click.ClickException(f"--data-dir {folder}: {error.strerror}") from None


def announce(settings: Settings, *, as_json: bool) -> None:
    ready = {
        "issuer": settings.issuer,
        "client_id": DEFAULT_CLIENT,
        "redirect_uri": DEVELOPMENT_REDIRECT_URI,
        "secret_key": settings.secret_keys[0],
        "dashboard": f"{settings.issuer}/dashboard",
    }
    if as_json:
        click.echo(json.dumps(ready))
        return
    click.echo(
        "The broker runs in development mode, with simulated providers: nobody's real account is touched.\n"
    )
    click.echo(f"  Try a sign-in   {settings.issuer}/")
    for name in ("issuer", "client_id", "redirect_uri", "secret_key"):
        click.echo(f"  {name:15} {ready[name]}")
    click.echo("\nCtrl-C ends it. What it knows stays in the data folder.")
