"""`broker allowlist`."""

import asyncio
import time

import click

from allowlist import DuplicateEntry, Entry, InvalidPattern, UnknownEntry
from broker.cli.deployment import opened
from broker.cli.redis_errors import clear_redis_errors
from broker.cli.settings import settings_for_admin
from broker.core.client import DEFAULT_CLIENT
from broker.settings import Settings
from broker.store.clients import CLIENT_ID

LONGEST_LABEL = 200


def check_client_id(_: click.Context, __: click.Parameter, client_id: str | None) -> str | None:
    if client_id is not None and not CLIENT_ID.fullmatch(client_id):
        raise click.BadParameter("not the form of a client id")
    return client_id


client_option = click.option(
    "--client-id",
    default=DEFAULT_CLIENT,
    show_default=True,
    callback=check_client_id,
    help="The app that the redirect URL belongs to.",
)


@click.group()
def allowlist() -> None:
    """Where apps may be sent after a sign-in."""


@allowlist.command()
@click.argument("url")
@client_option
@click.option(
    "--dev", is_flag=True, help="A development entry: exp:// and its patterns; dead outside development mode."
)
@click.option("--label", help="A note for people.")
@clear_redis_errors
def add(url: str, client_id: str, dev: bool, label: str | None) -> None:  # noqa: FBT001 - click passes a flag so
    """Allow URL."""
    if label is not None and not 1 <= len(label) <= LONGEST_LABEL:
        raise click.BadParameter(f"1 to {LONGEST_LABEL} characters", param_hint="--label")
    try:
        entry = asyncio.run(add_entry(settings_for_admin(), url, client_id, dev, label))
    except InvalidPattern as error:
        raise click.BadParameter(error.reason, param_hint="URL") from None
    except DuplicateEntry as error:
        raise click.ClickException(str(error)) from None
    click.echo(written(entry))
    if entry.warning:
        click.echo(f"Note: {entry.warning}", err=True)


async def add_entry(settings: Settings, url: str, client_id: str, dev: bool, label: str | None) -> Entry:  # noqa: FBT001
    async with opened(settings) as rooms:
        if client_id != DEFAULT_CLIENT and await rooms.store.clients.find(client_id) is None:
            raise click.BadParameter("no client has this id", param_hint="--client-id")
        return await rooms.allowlist.add(
            url, client_id=client_id, development=dev, label=label, now_ms=time.time_ns() // 1_000_000
        )


@allowlist.command("list")
@click.option("--client-id", callback=check_client_id, help="Only of this app.")
@clear_redis_errors
def list_entries(client_id: str | None) -> None:
    """Show the entries: id, app, URL, marks."""
    for entry in asyncio.run(all_entries(settings_for_admin(), client_id)):
        click.echo(written(entry))


async def all_entries(settings: Settings, client_id: str | None) -> list[Entry]:
    found: list[Entry] = []
    async with opened(settings) as rooms:
        while True:
            some, total = await rooms.allowlist.list(client_id, offset=len(found), limit=500)
            found += some
            if not some or len(found) >= total:
                return found


@allowlist.command()
@click.argument("entry_id")
@clear_redis_errors
def remove(entry_id: str) -> None:
    """Take the entry ENTRY_ID off the list. It stops working at once, for flows under way too."""
    try:
        entry = asyncio.run(remove_entry(settings_for_admin(), entry_id))
    except UnknownEntry:
        raise click.BadParameter("no entry has this id", param_hint="ENTRY_ID") from None
    click.echo(f"removed {written(entry)}")


async def remove_entry(settings: Settings, entry_id: str) -> Entry:
    async with opened(settings) as rooms:
        return await rooms.allowlist.remove(entry_id)


@allowlist.command()
@click.argument("url")
@client_option
@clear_redis_errors
def test(url: str, client_id: str) -> None:
    """Would URL be allowed? Says by which entry, or what is nearest and why it is not it. Exit code 1 if not."""

    async def ask() -> tuple[bool, str, Entry | None]:
        async with opened(settings_for_admin()) as rooms:
            answer = await rooms.allowlist.explain(client_id, url)
            return answer.allowed, answer.reason, answer.entry

    allowed, reason, nearest = asyncio.run(ask())
    click.echo(f"{'allowed' if allowed else 'refused'}: {reason}")
    if nearest:
        click.echo(f"{'by' if allowed else 'nearest'}: {written(nearest)}")
    if not allowed:
        raise click.exceptions.Exit(1)


def written(entry: Entry) -> str:
    marks = " (development)" if entry.development else ""
    return f"{entry.id}  {entry.client_id}  {entry.url}{marks}" + (
        f"  # {entry.label}" if entry.label else ""
    )
