"""`broker providers`."""

import asyncio
from collections import Counter

import click

from broker.cli.deployment import opened
from broker.cli.progress import progress
from broker.cli.redis_errors import clear_redis_errors
from broker.cli.settings import settings_for_admin
from broker.providers import CATALOGUE
from broker.settings import Settings


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


@providers.command("revoke-all")
@click.argument("provider")
@click.confirmation_option(prompt="Everybody's tokens of this provider will be revoked and erased. Go on?")
@clear_redis_errors
def revoke_all(provider: str) -> None:
    """Give back everybody's grant at PROVIDER, as after a leak. People can still sign in, which connects them anew.

    It may be stopped at any time; called again it goes on. What the provider does not take now stays owed to it, and the
    running brokers try again.
    """
    outcomes = asyncio.run(revoke_everywhere(settings_for_admin(), provider))
    click.echo(f"{outcomes.total()} connections: " + (describe(outcomes) or "there were none"))
    if outcomes["pending"]:
        click.echo("The pending ones are erased here and will be revoked there when the provider answers.")
    if outcomes["unsupported"]:
        click.echo(f"{provider} has no way to revoke: what it gave out there ends by itself.")


async def revoke_everywhere(settings: Settings, provider: str) -> "Counter[str]":
    outcomes: Counter[str] = Counter()
    async with opened(settings) as rooms:
        if await rooms.custody.connection(provider) is None:
            raise click.ClickException(
                f"{provider} is not configured, or switched off; switch it on to revoke"
            )
        with progress(await rooms.store.redis.dbsize()) as tell_progress:
            async for looked_at, done in rooms.custody.revoke_all(provider, actor="cli"):
                outcomes.update(each.revocation for each in done)
                tell_progress(looked_at)
    return outcomes


def describe(outcomes: "Counter[str]") -> str:
    return ", ".join(f"{number} {outcome.replace('_', ' ')}" for outcome, number in sorted(outcomes.items()))
