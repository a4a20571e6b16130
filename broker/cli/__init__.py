"""The `broker` command. One file a command; this one gathers them."""

import click

from broker.cli.allowlist import allowlist
from broker.cli.check import check
from broker.cli.clients import clients
from broker.cli.dev import dev
from broker.cli.keys import keys
from broker.cli.providers import providers
from broker.cli.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A self-hosted OAuth broker for native and Expo apps."""


for command in (dev, serve, check, keys, allowlist, clients, providers):
    main.add_command(command)
