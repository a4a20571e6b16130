"""`broker dev`: a broker to try at once, with no variable set."""

import json
from pathlib import Path

import click

from broker.app import create_app
from broker.cli.embedded_valkey import check_socket_path, embedded_valkey, locked
from broker.cli.keys import new_keys
from broker.cli.server import listen, run
from broker.cli.settings import DEVELOPMENT_FOLDER, ISSUER_FILE, KEYS_FILE, development_settings
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
    make_folder(data_dir)
    with locked(data_dir):
        make_keys(data_dir / KEYS_FILE)
        try:
            listener = listen("127.0.0.1", port)
        except OSError as error:
            raise click.ClickException(f"--port {port}: {error.strerror}") from None
        settings = development_settings(data_dir, f"http://127.0.0.1:{listener.getsockname()[1]}")
        (data_dir / ISSUER_FILE).write_text(settings.issuer)
        with embedded_valkey(data_dir):
            run(create_app(settings), listener, lambda: announce(settings, as_json=as_json))


def make_folder(folder: Path) -> None:
    """Readable by us alone."""
    check_socket_path(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"--data-dir {folder}: {error.strerror}") from None


def make_keys(keys: Path) -> None:
    """Once for all starts. They come by renaming: whoever kills us leaves all of them or none."""
    if keys.exists():
        return
    unfinished = keys.with_suffix(".new")
    try:
        unfinished.touch(mode=0o600)
        unfinished.write_text("\n".join(new_keys("dev")) + "\n")
        unfinished.rename(keys)
    except OSError as error:
        raise click.ClickException(f"--data-dir {keys.parent}: {error.strerror}") from None


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
    for name in ("issuer", "client_id", "redirect_uri", "secret_key", "dashboard"):
        click.echo(f"  {name:15} {ready[name]}")
    click.echo("\nCtrl-C ends it. What it knows stays in the data folder.")
