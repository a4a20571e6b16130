"""`broker keys rotate` and `broker keys forget`: what they ask of the memory, and what they tell."""

import asyncio
import time
from typing import NamedTuple

import click

from broker.cli.deployment import opened
from broker.cli.progress import progress
from broker.cli.settings import settings_for_admin
from broker.startup import ring_problems
from broker.store import Store
from broker.store.rewrap import BATCH, Position, Rewrapping
from broker.store.ring import QUIET, Ring, key_id
from broker.store.sealing import Sealer


class Rotation(NamedTuple):
    """How it went. `kept` are the older keys that stay in the ring."""

    rewrapping: Rewrapping
    end: Position
    newest: str
    older: list[str]
    kept: list[str]


def rotate_all(*, dry_run: bool, per_second: int | None) -> None:
    """Exit code 1 when a record does not open."""
    done = asyncio.run(rotated(dry_run=dry_run, per_second=per_second))
    for name, count in sorted(done.rewrapping.by_key.items()):
        click.echo(f"{count} records were found sealed with {name or 'no key that can be read'}")
    if not dry_run:
        tell(done)
    if done.end.broken:
        raise click.exceptions.Exit(1)


async def rotated(*, dry_run: bool, per_second: int | None) -> Rotation:
    settings = settings_for_admin()
    async with opened(settings) as rooms:
        store, rewrapping = rooms.store, Rewrapping(rooms.store.redis, Sealer(settings.encryption_keys))
        older = await store.ring.older()
        if dry_run:
            start = Position("", store.ring.newest, 0)
        else:
            await refuse_unsafe(store.ring)
            start = await rewrapping.begin(int(time.time()))
        end = await walked(store, rewrapping, start, per_second, dry=dry_run)
        if not dry_run and not end.broken:
            await store.ring.retire(before=start.started_at - QUIET)
        return Rotation(rewrapping, end, store.ring.newest, older, await store.ring.older())


async def refuse_unsafe(ring: Ring) -> None:
    """What is sealed anew must be readable for every broker that runs. Raises click.ClickException."""
    for problem in await ring_problems(ring):
        raise click.ClickException(problem)
    if ring.newest not in await ring.marks():
        raise click.ClickException(
            f"BROKER_ENCRYPTION_KEYS: no broker has sealed with {key_id(ring.newest)} yet. Start the brokers with this "
            "ring first, so that they can read what this command seals"
        )


async def walked(
    store: Store, rewrapping: Rewrapping, position: Position, per_second: int | None, *, dry: bool
) -> Position:
    """The walk to its end, at no more than `per_second` keys on average."""
    began, skipped, batch = time.monotonic(), position.keys, min(BATCH, per_second or BATCH)
    if skipped:
        click.echo(f"going on after {skipped} keys, where an earlier walk ended", err=True)
    with progress(await store.redis.dbsize()) as tell_progress:
        tell_progress(skipped)
        async for step in rewrapping.walk(position, batch, dry=dry):
            tell_progress(step.keys - position.keys)
            position = step
            if per_second and position.cursor:
                due = began + (position.keys - skipped) / per_second
                await asyncio.sleep(max(0, due - time.monotonic()))
    return position


def tell(done: Rotation) -> None:
    newest = key_id(done.newest)
    click.echo(f"{done.rewrapping.rewrapped} records are sealed anew with {newest}")
    if done.end.broken:
        click.echo(
            f"{done.end.broken} records do not open and stay as they are, and so do the keys of the ring:"
        )
        click.echo("\n".join(f"  {name}" for name in done.rewrapping.broken))
        return
    for mark in done.older:
        if mark in done.kept:
            click.echo(
                f"{key_id(mark)} must stay in the ring: a broker may have sealed with it after the walk began. Run this "
                f"again {QUIET // 60} minutes after all brokers have {newest} first"
            )
        else:
            click.echo(f"{key_id(mark)} seals nothing any more: take it out of BROKER_ENCRYPTION_KEYS")


def forget_key(key: str) -> None:
    """Raises click.BadParameter."""
    asyncio.run(forgotten(key))
    click.echo(f"{key} is forgotten: a broker starts without it")


async def forgotten(key: str) -> None:
    async with opened(settings_for_admin()) as rooms:
        ring = rooms.store.ring
        marks = [mark for mark in await ring.lacking() if key_id(mark) == key]
        if not marks:
            raise click.BadParameter("no key that is missing has this id", param_hint="KEY_ID")
        for mark in marks:
            await ring.forget(mark)
