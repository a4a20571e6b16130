"""`broker serve`."""

import asyncio

import click

from broker.app import create_app
from broker.cli.deployment import Level, examine
from broker.cli.server import listen, run
from broker.cli.settings import settings_from_environment
from broker.settings import Settings, is_loopback


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on."
)
def serve(host: str, port: int) -> None:
    """Run the broker with the settings of the environment (docs/settings.md)."""
    settings = settings_from_environment()
    refuse_open_development(settings, host)
    wrong = [finding.text for finding in asyncio.run(examine(settings)) if finding.level is Level.WRONG]
    if wrong:
        raise click.ClickException("the broker does not start like this\n" + "\n".join(wrong))
    try:
        listener = listen(host, port)
    except OSError as error:
        raise click.ClickException(f"--host {host} --port {port}: {error.strerror}") from None
    if settings.development:
        click.echo("DEVELOPMENT MODE: loopback http and development redirect URLs are taken", err=True)
    run(create_app(settings), listener)


def refuse_open_development(settings: Settings, host: str) -> None:
    if settings.simulated_providers and not is_loopback(host):
        raise click.ClickException(
            "--host: simulated providers let anybody sign in as anybody; they are for loopback only"
        )
