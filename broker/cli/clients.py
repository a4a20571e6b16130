"""`broker clients`."""

import asyncio
import time

import click
from pydantic import ValidationError

from broker.backend_api.clients import NewClient, forget_client, make_client
from broker.cli.deployment import opened
from broker.cli.redis_errors import clear_redis_errors
from broker.cli.settings import settings_for_admin
from broker.core.client import DEFAULT_CLIENT, Client
from broker.core.opaque import new_secret
from broker.settings import Settings


@click.group()
def clients() -> None:
    """The apps that may sign people in."""


@clients.command()
@click.argument("name")
@click.option(
    "--type", "kind", type=click.Choice(["public", "confidential"]), default="public", show_default=True
)
@click.option("--development", is_flag=True, help="Tell its developers exactly what was wrong.")
@click.option(
    "--web-origin", "web_origins", multiple=True, help="Origin of its web version; may be repeated."
)
@click.option(
    "--token-profile",
    type=click.Choice(["rfc9068", "clerk"]),
    default="rfc9068",
    show_default=True,
    help="clerk: access tokens for Clerk's backend SDKs; a public client is open to its SDK for apps, too.",
)
@clear_redis_errors
def add(
    name: str,
    kind: str,
    development: bool,  # noqa: FBT001
    web_origins: tuple[str, ...],
    token_profile: str,
) -> None:
    """Register the app NAME and print its client id, and once its secret if it is confidential."""
    try:
        body = NewClient.model_validate(
            {
                "name": name,
                "type": kind,
                "development": development,
                "web_origins": list(web_origins),
                "token_profile": token_profile,
            }
        )
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        hint = {"web_origins": "--web-origin", "name": "NAME"}[str(first["loc"][0])]
        raise click.BadParameter(first["msg"].removeprefix("Value error, "), param_hint=hint) from None
    secret = f"cs_{new_secret()}" if kind == "confidential" else None
    client = make_client(body, secret, int(time.time()))
    asyncio.run(add_client(settings_for_admin(), client))
    click.echo(f"client_id={client.client_id}")
    if secret:
        click.echo(f"client_secret={secret}")


async def add_client(settings: Settings, client: Client) -> None:
    async with opened(settings) as rooms:
        await rooms.store.clients.add(client)


@clients.command("list")
@clear_redis_errors
def list_clients() -> None:
    """Show the apps: id, type, name."""

    async def all_clients() -> list[Client]:
        found: list[Client] = []
        async with opened(settings_for_admin()) as rooms:
            while some := (await rooms.store.clients.list(len(found), 500))[0]:
                found += some
        return found

    for client in asyncio.run(all_clients()):
        click.echo(
            f"{client.client_id}  {client.type}  {client.name}{' (development)' if client.development else ''}"
        )


@clients.command()
@click.argument("client_id")
@clear_redis_errors
def remove(client_id: str) -> None:
    """Forget the app CLIENT_ID and its redirect URLs: its sessions cannot be refreshed any more."""
    if client_id == DEFAULT_CLIENT:
        raise click.BadParameter("the default client cannot be removed", param_hint="CLIENT_ID")

    async def remove_client() -> bool:
        async with opened(settings_for_admin()) as rooms:
            return await forget_client(client_id, rooms)

    if not asyncio.run(remove_client()):
        raise click.BadParameter("no client has this id", param_hint="CLIENT_ID")
    click.echo(f"removed {client_id}")
