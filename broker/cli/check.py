"""`broker check`."""

import asyncio

import click

from broker.cli.deployment import Level, examine
from broker.cli.settings import settings_for_admin


@click.command()
def check() -> None:
    """Say in plain words what is wrong with this deployment. Exit code 1 if something is."""
    findings = asyncio.run(examine(settings_for_admin()))
    for finding in findings:
        click.echo(f"{finding.level.value:5}  {finding.text}")
    if any(finding.level is Level.WRONG for finding in findings):
        raise click.exceptions.Exit(1)
