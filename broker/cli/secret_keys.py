"""`broker secret-keys`."""

import asyncio
import time
from datetime import UTC, datetime

import click
from pydantic import ValidationError

from broker.backend_api.secret_keys import NewSecretKey
from broker.cli.audit import record
from broker.cli.deployment import opened
from broker.cli.redis_errors import clear_redis_errors
from broker.cli.settings import settings_for_admin
from broker.core.secret_keys import SecretKey, make_secret_key, new_secret_key

DAY = 24 * 3600
HINTS = {"name": "NAME", "scopes": "--scope", "expires_in_seconds": "--expires-in-days"}


@click.group("secret-keys")
def secret_keys() -> None:
    """The keys with which backends and admins use `/v1`. Who may run this may do everything, so no scope is asked."""


@secret_keys.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, help="What it may do, such as tokens:read; may be repeated."
)
@click.option("--expires-in-days", "days", type=int, help="When it ends. Default: when it is revoked.")
@clear_redis_errors
def add(name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a key called NAME and print its id, and its text this once."""
    body = read(name, scopes, days)
    text = new_secret_key()
    key = make_secret_key(text, body.name, tuple(body.scopes), int(time.time()), body.expires_in_seconds)

    async def add_key() -> None:
        async with opened(settings_for_admin()) as rooms:
            await rooms.store.secret_keys.add(key)
            await record(rooms, "secret_key.created", id=key.id, scopes=" ".join(key.scopes))

    asyncio.run(add_key())
    click.echo(f"id={key.id}\nsecret={text}")


def read(name: str, scopes: tuple[str, ...], days: int | None) -> NewSecretKey:
    """The rules are those of POST /v1/secret_keys."""
    lifetime = None if days is None else days * DAY
    try:
        return NewSecretKey.model_validate(
            {"name": name, "scopes": list(scopes), "expires_in_seconds": lifetime}
        )
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        hint = HINTS[str(first["loc"][0])]
        raise click.BadParameter(first["msg"].removeprefix("Value error, "), param_hint=hint) from None


@secret_keys.command("list")
@clear_redis_errors
def list_keys() -> None:
    """Show the keys: id, last use, end, scopes, name. Those of the environment come first."""

    async def rows() -> list[str]:
        async with opened(settings_for_admin()) as rooms:
            uses = await rooms.store.secret_keys.uses()
            stored = await rooms.store.secret_keys.list()
            return [row(key, uses) for key in (*rooms.secret_keys.environment.keys, *stored)]

    click.echo("\n".join(asyncio.run(rows())))


def row(key: SecretKey, uses: dict[str, int]) -> str:
    used, ends = day(uses.get(key.fingerprint), "never"), day(key.expires_at, "never")
    return f"{key.id:28}  used {used:10}  ends {ends:10}  {' '.join(key.scopes)}  {key.name}"


def day(at: int | None, otherwise: str) -> str:
    return otherwise if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()


@secret_keys.command()
@click.argument("identifier", metavar="ID")
@clear_redis_errors
def revoke(identifier: str) -> None:
    """End the key ID: within five seconds no process takes it any more."""

    async def revoke_key() -> bool:
        async with opened(settings_for_admin()) as rooms:
            key = await rooms.store.secret_keys.get(identifier)
            if key is None or not await rooms.store.secret_keys.remove(key):
                return False
            await record(rooms, "secret_key.deleted", id=identifier)
            return True

    if not asyncio.run(revoke_key()):
        raise click.BadParameter("no key that can be revoked has this id", param_hint="ID")
    click.echo(f"revoked {identifier}")
