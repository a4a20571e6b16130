"""`broker check`."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import click

from broker.cli.allowlist import client_option
from broker.cli.deployment import Finding, Level, examine, opened
from broker.cli.expo_config import UnreadableConfig, mismatches, read_expo_config
from broker.cli.redis_errors import clear_redis_errors
from broker.cli.settings import settings_for_admin
from broker.settings import Settings

MOST = 1000  # redirect URLs of one app


@click.command()
@click.option(
    "--app",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An Expo app's app.json, to compare with what the broker knows of the app.",
)
@client_option
@clear_redis_errors
def check(app: Path | None, client_id: str) -> None:
    """Say in plain words what is wrong with this deployment. Exit code 1 if something is."""
    settings = settings_for_admin()
    findings = asyncio.run(examine(settings))
    if app and not any(finding.level is Level.WRONG for finding in findings):
        findings += asyncio.run(examine_app(app, client_id, settings))
    for finding in findings:
        click.echo(f"{finding.level.value:5}  {finding.text}")
    if any(finding.level is Level.WRONG for finding in findings):
        raise click.exceptions.Exit(1)


async def examine_app(path: Path, client_id: str, settings: Settings) -> list[Finding]:
    """What its app.json and the broker disagree on."""
    try:
        config = read_expo_config(path)
    except UnreadableConfig as error:
        return [Finding(Level.WRONG, str(error))]
    async with opened(settings) as rooms:
        client = await rooms.store.clients.find(client_id)
        if client is None:
            raise click.BadParameter("no client has this id", param_hint="--client-id")
        entries, _ = await rooms.allowlist.list(client_id, offset=0, limit=MOST)
    urls = [each.url for each in entries]
    issuer_host = urlsplit(settings.issuer).netloc
    wrong = [Finding(Level.WRONG, text) for text in mismatches(config, client, urls, issuer_host)]
    elsewhere = {urlsplit(url).netloc for url in urls if url.startswith("https:")} - {issuer_host}
    odd = [Finding(Level.ODD, association_elsewhere(host)) for host in sorted(elsewhere)]
    return [*(wrong or [Finding(Level.GOOD, f"{path} and {client_id} agree")]), *odd]


def association_elsewhere(host: str) -> str:
    return f"the association files of {host} must be served there; this broker serves those of its own host"
