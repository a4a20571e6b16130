"""The `broker` command. One file a command, named as it is called; imported only when it is called, so that
`serve` does not wait for what `dev` needs."""

import gc
from importlib import import_module

import click

COMMANDS = ("dev", "serve", "check", "keys", "allowlist", "clients", "providers", "secret-keys")


class Commands(click.Group):
    """The files of this folder as commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        gc.disable()  # nothing made by an import is garbage; server.py collects again
        file = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"broker.cli.{file}"), file)
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A self-hosted OAuth broker for native and Expo apps."""
