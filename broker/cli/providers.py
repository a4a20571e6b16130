"""`broker providers`."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import BinaryIO, TypeVar

import click

from broker.cli.deployment import opened
from broker.cli.progress import progress
from broker.cli.provider_texts import everything, rows
from broker.cli.providers_file import apply_file
from broker.cli.redis_errors import clear_redis_errors
from broker.cli.settings import settings_for_admin
from broker.providers import CATALOGUE
from broker.providers.credentials import Proof
from broker.providers.guide import overview, page
from broker.settings import Settings

EXITS = {"accepted": 0, "refused": 1, "unclear": 2, "unreachable": 3}


@click.group()
def providers() -> None:
    """Whom people can sign in with."""


@providers.command("list")
@clear_redis_errors
def list_providers() -> None:
    """Show the catalogue and the others: id, whether it is on, its kind, whether people can sign in with it, where its
    configuration is from, and the callback URL to paste there."""

    async def shown() -> list[str]:
        async with opened(settings_for_admin()) as rooms:
            stored = {each.id: each for each in await rooms.store.provider_configurations.list()}
            return list(rows(stored, rooms))

    click.echo("\n".join(asyncio.run(shown())))


@providers.command()
@click.argument("provider", metavar="ID")
@clear_redis_errors
def show(provider: str) -> None:
    """Show all about the provider ID: what to do at its console, what to tell the broker, and how its tokens live."""

    async def shown() -> str | None:
        async with opened(settings_for_admin()) as rooms:
            return everything(provider, await rooms.store.provider_configurations.find(provider), rooms)

    click.echo(known(asyncio.run(shown())))


@providers.command()
@click.argument("provider", metavar="ID")
@clear_redis_errors
def test(provider: str) -> None:
    """Ask the provider ID whether its client id and secret are good; nobody signs in for it.

    Exit code 0: they are. 1: they are refused. 2: its answer is not clear. 3: it does not answer.
    """

    async def proven() -> Proof | None:
        async with opened(settings_for_admin()) as rooms:
            stored = await rooms.store.provider_configurations.find(provider)
            connection = rooms.catalogue.switched_on(provider, stored)
            return await rooms.upstream.prove(connection, int(time.time())) if connection else None

    proof = known(asyncio.run(proven()))
    click.echo(f"{provider}: {proof.detail}")
    raise click.exceptions.Exit(EXITS[proof.verdict])


Found = TypeVar("Found")


def known(found: Found | None) -> Found:
    if found is None:
        raise click.BadParameter("no provider with this id is configured", param_hint="ID")
    return found


@providers.command()
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@clear_redis_errors
def apply(file: BinaryIO, dry_run: bool) -> None:  # noqa: FBT001 - click passes a flag so
    """Configure providers as the TOML file FILE says (`-`: standard input); all of them, or none if anything is wrong.

    Each table [providers.ID] is the whole of a provider, in the members of POST /v1/providers: what it leaves out is as if
    it had never been told, but for secrets. `client_secret_file` names a file that holds the secret. A provider without a
    table stays as it is.
    """
    click.echo("\n".join(apply_file(file.read(), dry_run=dry_run)))


@providers.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def guides(directory: Path) -> None:
    """Write a guide to each provider of the catalogue into DIRECTORY, and README.md with a table of all (`make docs`)."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {f"{provider.id}.md": page(provider) for provider in CATALOGUE.values()}
    for name, text in {**files, "README.md": overview(CATALOGUE)}.items():
        (directory / name).write_text(text)


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
