"""The association files of the issuer's host, made of the clients' records and redirect URLs."""

from asyncio import gather
from urllib.parse import urlsplit

from litestar import get
from litestar.response.base import ASGIResponse

from broker.core.association import LinkedApp, apple_app_site_association, asset_links, link_paths
from broker.core.client import Client
from broker.endpoints.responses import public_json
from broker.rooms import Given, Rooms

MOST = 1000  # clients, and redirect URLs of each, that are read for one answer


@get("/.well-known/apple-app-site-association")
async def apple_association(rooms: Given[Rooms]) -> ASGIResponse:
    """GET /.well-known/apple-app-site-association, at the root of the host whatever the issuer's path. Apple's servers fetch
    it, take no redirect, and keep it for up to a week."""
    return public_json(apple_app_site_association(await linked_apps(rooms)))


@get("/.well-known/assetlinks.json")
async def android_association(rooms: Given[Rooms]) -> ASGIResponse:
    """GET /.well-known/assetlinks.json. Every phone fetches it when it installs the app."""
    return public_json(asset_links(await linked_apps(rooms)))


async def linked_apps(rooms: Rooms) -> list[LinkedApp]:
    """Every app with its links on our host, in three round trips however many there are."""
    clients, _ = await rooms.store.clients.list(0, MOST)
    return list(await gather(*(linked(each, rooms) for each in clients if each.ios or each.android)))


async def linked(client: Client, rooms: Rooms) -> LinkedApp:
    entries, _ = await rooms.allowlist.list(client.client_id, offset=0, limit=MOST)
    counted = [each.url for each in entries if rooms.settings.development or not each.development]
    return LinkedApp(client.ios, client.android, link_paths(counted, urlsplit(rooms.settings.issuer).netloc))
