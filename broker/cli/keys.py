"""`broker keys`."""

import click

from broker.core.encryption_keys import KEY_ID, new_encryption_key
from broker.core.secret_keys import new_secret_key
from broker.core.signing_keys import new_signing_keys


@click.group()
def keys() -> None:
    """Make the keys that a broker needs."""


@keys.command()
@click.option(
    "--id", "key_id", default="k1", show_default=True, help="Name of the encryption key in its ring."
)
def new(key_id: str) -> None:
    """Print the three key settings, newly made, in dotenv form. Keep them secret; nothing is stored."""
    if not KEY_ID.fullmatch(key_id):
        raise click.BadParameter("1 to 32 lower-case letters, digits and -, not - first", param_hint="--id")
    click.echo("\n".join(new_keys(key_id)))


def new_keys(key_id: str) -> list[str]:
    return [
        f"BROKER_ENCRYPTION_KEYS={new_encryption_key(key_id)}",
        f"BROKER_SIGNING_KEYS={new_signing_keys()}",
        f"BROKER_SECRET_KEYS={new_secret_key()}",
    ]
