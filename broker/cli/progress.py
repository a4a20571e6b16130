"""How far a walk over all keys of Redis has come, for whoever waits for it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, elsewhere a line whenever another tenth is done. On standard error."""
    if sys.stderr.isatty():
        with click.progressbar(length=total, label="keys of Redis", file=sys.stderr) as bar:
            yield bar.update
        return
    seen = 0

    def tell_line(more: int) -> None:
        nonlocal seen
        before, seen = seen * 10 // (total or 1), seen + more
        if seen * 10 // (total or 1) > before:
            click.echo(f"{seen} of about {total} keys of Redis", err=True)

    yield tell_line
