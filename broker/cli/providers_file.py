"""`broker providers apply`: what a TOML file says of providers, checked whole before any of it is kept."""

import asyncio
import time
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click
from pydantic import ValidationError

from allowlist.wire import field_error
from broker.backend_api.provider_body import NewProvider, members
from broker.cli.audit import record
from broker.cli.deployment import opened
from broker.cli.settings import settings_for_admin
from broker.core.records import ProviderConfiguration
from broker.key_sources.closed_file import read_closed
from broker.key_sources.unopened import Unopened
from broker.providers.configuring import SECRETS, Refused, configured, differences
from broker.rooms import Rooms

LARGEST = 8192  # bytes of a secret's file; more than a secret may have
Tables = dict[str, dict[str, Any]]


class Change(NamedTuple):
    """What becomes of one provider. `before` None: it is new."""

    before: ProviderConfiguration | None
    after: ProviderConfiguration

    @property
    def members(self) -> list[str]:
        return differences(self.before, self.after) if self.before else []

    @property
    def is_one(self) -> bool:
        return self.before is None or bool(self.members)


class Wrong(Exception):
    """Lines that name a table and a member, and no value."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def apply_file(content: bytes, *, dry_run: bool) -> list[str]:
    """A line for each provider. Raises click.ClickException with a line for all that is wrong."""
    try:
        changes = asyncio.run(applied(read_tables(content), dry_run=dry_run))
    except Wrong as wrong:
        raise click.ClickException("nothing was changed\n" + "\n".join(wrong.lines)) from None
    return [told(change, dry_run=dry_run) for change in changes]


def read_tables(content: bytes) -> Tables:
    """The tables below `providers`, by id. Raises Wrong."""
    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Wrong([f"the file is not TOML: {error}"]) from None
    tables = document.pop("providers", None)
    if document or not isinstance(tables, dict) or not tables:
        raise Wrong(["the file holds tables [providers.ID], and nothing else"])
    strangers = [
        f"providers.{name}: must be a table" for name, each in tables.items() if not isinstance(each, dict)
    ]
    if strangers:
        raise Wrong(strangers)
    return tables


async def applied(tables: Tables, *, dry_run: bool) -> list[Change]:
    """Everything is read, checked and discovered first. Raises Wrong."""
    async with opened(settings_for_admin()) as rooms:
        changes, wrong = [], []
        for provider_id, table in tables.items():
            try:
                changes.append(await change_of(provider_id, table, rooms))
            except Wrong as error:
                wrong += [f"providers.{provider_id}: {line}" for line in error.lines]
        if wrong:
            raise Wrong(wrong)
        for change in changes if not dry_run else ():
            await keep(change, rooms)
        return changes


async def keep(change: Change, rooms: Rooms) -> None:
    """What is as it was is not written again."""
    if change.is_one:
        await rooms.store.provider_configurations.save(change.after)
        await record(rooms, "provider.configured", id=change.after.id)


async def change_of(provider_id: str, table: Mapping[str, Any], rooms: Rooms) -> Change:
    """A table is the whole of a provider, but that a stored secret need not be told again. Raises Wrong."""
    given = checked(provider_id, with_files(table))
    before, now = await rooms.store.provider_configurations.find(provider_id), int(time.time())
    base = before or ProviderConfiguration(id=provider_id, created_at=now)
    try:
        return Change(before, await configured(base, given, rooms.upstream, now, whole=True))
    except Refused as refused:
        raise Wrong([fault.words for fault in refused.faults]) from None


def checked(provider_id: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """The table as a body of POST /v1/providers. Raises Wrong."""
    if "id" in table:
        raise Wrong(["id is the table's name"])
    try:
        body = NewProvider.model_validate({**table, "id": provider_id}, strict=True, extra="forbid")
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise Wrong([field_error(one["loc"], one["type"], one["msg"]).message for one in found]) from None
    return members(body)


def with_files(table: Mapping[str, Any]) -> dict[str, Any]:
    """Each `{secret}_file` replaced by the secret in that file. Raises Wrong."""
    found, wrong = dict(table), []
    for name in sorted(SECRETS):
        if (reference := found.pop(f"{name}_file", None)) is None:
            continue
        try:
            found[name] = read_secret(name, reference)
        except (Unopened, UnicodeDecodeError) as error:
            wrong.append(f"{name}_file: {error if isinstance(error, Unopened) else 'it is not text'}")
        if name in table:
            wrong.append(f"{name}_file: {name} is told twice")
    if wrong:
        raise Wrong(wrong)
    return found


def read_secret(name: str, reference: object) -> str:
    """Raises Unopened, or UnicodeDecodeError."""
    if not isinstance(reference, str):
        raise Unopened("it is the path of a file")
    return read_closed(reference, name, LARGEST).decode().strip()


def told(change: Change, *, dry_run: bool) -> str:
    if change.before is None:
        return f"{change.after.id}: {'would be created' if dry_run else 'created'}"
    if not change.members:
        return f"{change.after.id}: unchanged"
    return f"{change.after.id}: {'would change' if dry_run else 'changed'}: {', '.join(change.members)}"
