"""`broker providers`."""

import asyncio

import click

from broker.cli.deployment import opened
from broker.cli.redis_errors import clear_redis_errors
from broker.cli.settings import settings_for_admin
from broker.providers import CATALOGUE


@click.group()
def providers() -> None:
    """Whom people can sign in with."""


@providers.command("list")
@clear_redis_errors
def list_providers() -> None:
    """Show the catalogue and the custom providers: id, whether it is on, and the callback URL to paste there."""
    settings = settings_for_admin()

    async def rows() -> list[str]:
        async with opened(settings) as rooms:
            stored = {each.id: each for each in await rooms.store.provider_configurations.list()}
        ids = dict.fromkeys([*CATALOGUE, *stored])
        on = {each for each in ids if rooms.catalogue.connection(each, stored.get(each))}
        return [
            f"{each:20} {'on' if each in on else 'off':4} {settings.issuer}/callback/{each}" for each in ids
        ]

    click.echo("\n".join(asyncio.run(rows())))
