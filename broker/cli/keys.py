"""`broker keys`."""

import click

from broker.cli.redis_errors import clear_redis_errors
from broker.core.encryption_keys import KEY_ID, new_encryption_key, new_key
from broker.core.secret_keys import new_secret_key
from broker.core.signing_keys import new_signing_keys
from broker.key_sources import FILES, source
from broker.key_sources.unopened import Unopened

HERE = "env"  # the setting itself holds the key


@click.group()
def keys() -> None:
    """Make the keys that a broker needs, and exchange its encryption key."""


@keys.command()
@click.option(
    "--id", "key_id", default="k1", show_default=True, help="Name of the encryption key in its ring."
)
@click.option(
    "--source",
    "source_name",
    default=HERE,
    show_default=True,
    type=click.Choice([HERE, *FILES]),
    help="Who keeps the encryption key: the setting itself, a file, AWS KMS or HashiCorp Vault.",
)
@click.option(
    *("--kms-key", "--transit-key", "--key-file", "place"),
    help="The KMS key (id, ARN or alias/...) or Vault's transit key that wraps it, or the file to write.",
)
def new(key_id: str, source_name: str, place: str | None) -> None:
    """Print the three key settings, newly made, in dotenv form. Keep them secret; nothing else is stored."""
    if not KEY_ID.fullmatch(key_id):
        raise click.BadParameter("1 to 32 lower-case letters, digits and -, not - first", param_hint="--id")
    if (source_name == HERE) != (place is None):
        raise click.UsageError(
            "--source file, aws-kms and vault need --key-file, --kms-key and --transit-key"
        )
    try:
        click.echo("\n".join(new_keys(key_id, source_name, place or "")))
    except Unopened as error:
        raise click.ClickException(str(error)) from None


def new_keys(key_id: str, source_name: str = HERE, place: str = "") -> list[str]:
    """Raises Unopened."""
    entry = new_encryption_key(key_id)
    if source_name != HERE:
        entry = f"{key_id}:{source_name}:{source(source_name).wrap(key_id, new_key(), place)}"
    return [
        f"BROKER_ENCRYPTION_KEYS={entry}",
        f"BROKER_SIGNING_KEYS={new_signing_keys()}",
        f"BROKER_SECRET_KEYS={new_secret_key()}",
    ]


@keys.command()
@click.option("--dry-run", is_flag=True, help="Only count the sealed records of each key.")
@click.option(
    "--per-second", type=click.IntRange(1), help="Look at no more keys of Redis a second than this."
)
@clear_redis_errors
def rotate(dry_run: bool, per_second: int | None) -> None:  # noqa: FBT001 - click passes a flag so
    """Seal every record anew with the newest key of BROKER_ENCRYPTION_KEYS, while brokers run.

    It may be stopped at any time; called again it goes on where it was. The older keys leave the ring at its end, when
    every record has been sealed anew and no broker seals with them any more.
    """
    from broker.cli.rotation import rotate_all  # noqa: PLC0415 - `dev` imports this file and rotates nothing

    rotate_all(dry_run=dry_run, per_second=per_second)


@keys.command()
@click.argument("key_id")
@click.confirmation_option(prompt="What is still sealed with this key will never be read again. Go on?")
@clear_redis_errors
def forget(key_id: str) -> None:
    """Start without the key KEY_ID, which is lost. Users whose tokens it sealed must connect again."""
    from broker.cli.rotation import forget_key  # noqa: PLC0415

    forget_key(key_id)
