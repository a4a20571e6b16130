"""The association files of a client's installed apps: what they say, what is missing, and whether the host serves them."""

from asyncio import gather
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from allowlist import Entry
from broker.core.association import LinkedApp, apple_app_site_association, asset_links
from broker.core.client import Client
from broker.core.errors import OAuthError
from broker.endpoints.association import MOST, linked, linked_apps
from broker.rooms import Rooms

FILES = ("/.well-known/apple-app-site-association", "/.well-known/assetlinks.json")


class Preview(NamedTuple):
    """`files` are path and text of this client's part; `notes` are sentences' names with the host each is about."""

    files: list[tuple[str, str]]
    notes: list[tuple[str, str]]


async def preview(client: Client, rooms: Rooms) -> Preview | None:
    """None: it has no installed app."""
    if not (client.ios or client.android):
        return None
    app, (entries, _) = await gather(
        linked(client, rooms), rooms.allowlist.list(client.client_id, offset=0, limit=MOST)
    )
    texts = [apple_app_site_association([app]), asset_links([app])]
    return Preview(
        [(path, pretty(text)) for path, text in zip(FILES, texts, strict=True)],
        list(notes(app, entries, urlsplit(rooms.settings.issuer).netloc)),
    )


def notes(app: LinkedApp, entries: Any, host: str) -> Iterator[tuple[str, str]]:
    """Where a link would open a browser and not the app."""
    if not app.paths:
        yield "association.no_links", host
    for each in sorted({other for entry in entries if (other := link_host(entry)) and other != host}):
        yield "association.elsewhere", each
    if app.paths and not app.ios:
        yield "association.no_ios", host
    if app.paths and not app.android:
        yield "association.no_android", host


def link_host(entry: Entry) -> str | None:
    parts = urlsplit(entry.url)
    return parts.netloc if parts.scheme == "https" else None


async def served(rooms: Rooms) -> dict[str, str]:
    """What the issuer's host answers now, held against what this broker would say: `same`, `differs` or `unreachable`. A
    proxy that keeps the root of the host to itself is seen so."""
    parts, apps = urlsplit(rooms.settings.issuer), await linked_apps(rooms)
    ours = [apple_app_site_association(apps), asset_links(apps)]
    origin = f"{parts.scheme}://{parts.netloc}"
    theirs = await gather(*(fetched(f"{origin}{path}", rooms) for path in FILES))
    return {
        path: "unreachable" if their is None else ("same" if their == plain(our) else "differs")
        for path, our, their in zip(FILES, ours, theirs, strict=True)
    }


async def fetched(url: str, rooms: Rooms) -> Any:
    try:
        return await rooms.upstream.get_document(url)
    except OAuthError:
        return None


def plain(document: Any) -> Any:
    """As it is on the wire: tuples are lists there."""
    return msgspec.json.decode(msgspec.json.encode(document))


def pretty(document: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
