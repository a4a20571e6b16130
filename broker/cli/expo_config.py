"""An Expo app's own idea of its links (`app.json`), and where it differs from the broker's."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from broker.core.client import Client

EXPO_TOOLS = ("exp", "exps", "http")  # what development builds and loopback use; no app.json registers them


class AppLink(NamedTuple):
    """An https address that Android is told to open the app for. `paths` is a regular expression; None is any path."""

    host: str
    paths: str | None

    def covers(self, path: str) -> bool:
        return self.paths is None or re.match(self.paths, path) is not None


class ExpoConfig(NamedTuple):
    """What counts of `app.json`."""

    schemes: tuple[str, ...]
    bundle_id: str | None
    domains: tuple[str, ...]  # as `applinks:auth.example.com`
    package: str | None
    links: tuple[AppLink, ...]


class UnreadableConfig(Exception):
    """Why a file is no Expo config."""


def read_expo_config(path: Path) -> ExpoConfig:
    """`app.json`, or what `npx expo config --json` prints for an app.config.ts. Raises UnreadableConfig."""
    try:
        told = json.loads(path.read_text())
        expo = told.get("expo", told)
        ios, android = expo.get("ios", {}), expo.get("android", {})
        return ExpoConfig(
            schemes=tuple(listed(expo.get("scheme"))),
            bundle_id=ios.get("bundleIdentifier"),
            domains=tuple(each.partition("?")[0] for each in listed(ios.get("associatedDomains"))),
            package=android.get("package"),
            links=tuple(verified_links(android.get("intentFilters", []))),
        )
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UnreadableConfig(f"{path} is not an Expo config: {type(error).__name__}") from None


def listed(told: Any) -> list[Any]:
    """Expo takes one or several everywhere."""
    if told is None:
        return []
    return told if isinstance(told, list) else [told]


def verified_links(filters: list[dict[str, Any]]) -> Iterator[AppLink]:
    """Those that open the app without a question; others only offer it."""
    for each in filters:
        for data in listed(each.get("data")) if each.get("autoVerify") else []:
            if data.get("scheme") == "https" and data.get("host"):
                yield AppLink(data["host"], path_expression(data))


def path_expression(data: dict[str, str]) -> str | None:
    """Android's three ways to say which paths."""
    if path := data.get("path"):
        return f"{re.escape(path)}$"
    if prefix := data.get("pathPrefix"):
        return re.escape(prefix)
    if pattern := data.get("pathPattern"):
        return f"{pattern}$"
    return None


def mismatches(config: ExpoConfig, client: Client, urls: Iterable[str], issuer_host: str) -> list[str]:
    """A sentence for each thing that would keep an app from being returned to, or open it where it must not."""
    found = list(urls)
    links = [parts for parts in map(urlsplit, found) if parts.scheme == "https"]
    return [
        *scheme_mismatches(config, client, found),
        *ios_mismatches(config, client, sorted({parts.netloc for parts in links})),
        *android_mismatches(config, client, [(parts.netloc, parts.path) for parts in links], issuer_host),
    ]


def scheme_mismatches(config: ExpoConfig, client: Client, urls: list[str]) -> Iterator[str]:
    allowed = {url: url.partition(":")[0] for url in urls}
    registered = {*config.schemes, *filter(None, [config.bundle_id])}
    for scheme in config.schemes:
        if scheme != scheme.lower():
            yield f"app.json has the scheme {scheme}: Android matches schemes in lower case only"
        elif scheme not in allowed.values():
            yield (
                f"app.json registers the scheme {scheme}, and no redirect URL of {client.client_id} begins with it: "
                f"broker allowlist add {scheme}://callback --client-id {client.client_id}"
            )
    for url, scheme in allowed.items():
        if scheme not in {*registered, *EXPO_TOOLS, "https"}:
            yield f"the allowlist has {url}, and app.json registers no scheme {scheme}: it would open no app"


def ios_mismatches(config: ExpoConfig, client: Client, hosts: list[str]) -> Iterator[str]:
    if client.ios and config.bundle_id != client.ios.bundle_id:
        yield f"ios.bundleIdentifier is {config.bundle_id}, the client's is {client.ios.bundle_id}"
    if config.bundle_id is None:
        return
    if hosts and not client.ios:
        yield f"{client.client_id} has https redirect URLs and no ios record (team_id, bundle_id): no iPhone would open the app"
    for host in hosts:
        for kind in ("applinks", "webcredentials"):
            if f"{kind}:{host}" not in config.domains:
                yield f"ios.associatedDomains lacks {kind}:{host}, where the client has a redirect URL"
    for domain in config.domains:
        if domain.partition(":")[2] not in hosts:
            yield f"ios.associatedDomains has {domain}, and no redirect URL of {client.client_id} is on that host"


def android_mismatches(
    config: ExpoConfig, client: Client, links: list[tuple[str, str]], issuer_host: str
) -> Iterator[str]:
    if client.android and config.package != client.android.package:
        yield f"android.package is {config.package}, the client's is {client.android.package}"
    if config.package is None:
        return
    if links and not client.android:
        yield f"{client.client_id} has https redirect URLs and no android record (package, fingerprints): links open a browser"
    for host, path in links:
        if not any(link.host == host and link.covers(path) for link in config.links):
            yield f"android.intentFilters has none with autoVerify for https://{host}{path}, a redirect URL of the client"
    for link in config.links:
        if link.host == issuer_host and link.covers("/authorize"):
            yield f"android.intentFilters takes /authorize of {link.host} into the app: limit it by pathPrefix"
        if not any(link.host == host and link.covers(path) for host, path in links):
            yield f"android.intentFilters opens the app for {link.host}, where no redirect URL of {client.client_id} is"
