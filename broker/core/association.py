"""Installed apps, and the two files by which a host vouches for them: Apple's apple-app-site-association, Android's
assetlinks.json. Without them an https link of the host opens a browser, and not the app.

https://developer.apple.com/documentation/xcode/supporting-associated-domains
https://developer.android.com/training/app-links/verify-android-applinks
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec


class IosApp(msgspec.Struct, frozen=True):
    """As Apple knows it."""

    team_id: str
    bundle_id: str

    @property
    def app_id(self) -> str:
        return f"{self.team_id}.{self.bundle_id}"


class AndroidApp(msgspec.Struct, frozen=True):
    """As Android knows it: a package, and the SHA-256 of every key that signs it, as `AA:BB:...`."""

    package: str
    sha256_cert_fingerprints: tuple[str, ...]


class LinkedApp(NamedTuple):
    """An app and the paths of one host that open it."""

    ios: IosApp | None
    android: AndroidApp | None
    paths: tuple[str, ...]


def link_paths(urls: Iterable[str], host: str) -> tuple[str, ...]:
    """The paths of redirect URLs that are https links of `host`. One with a `*` is left out: Apple would read it as a
    pattern, and give the app more of the host than its redirect URL."""
    origin = f"https://{host}"
    paths = (url.removeprefix(origin).partition("?")[0] for url in urls if url.startswith(f"{origin}/"))
    return tuple(dict.fromkeys(path for path in paths if "*" not in path))


def apple_app_site_association(apps: Iterable[LinkedApp]) -> dict[str, object]:
    """`applinks` opens the app by exactly its paths, never by others of this host, or it would open for /authorize and the
    sign-in with it. `webcredentials` is what https callbacks of ASWebAuthenticationSession need (iOS 17.4)."""
    linked = [(app.ios.app_id, app.paths) for app in apps if app.ios and app.paths]
    details = [
        {"appIDs": [app_id], "components": [{"/": path} for path in paths]} for app_id, paths in linked
    ]
    return {
        "applinks": {"details": details},
        "webcredentials": {"apps": list(dict.fromkeys(app_id for app_id, _ in linked))},
    }


def asset_links(apps: Iterable[LinkedApp]) -> list[dict[str, object]]:
    """Which paths open the app stands in its own manifest; here stands only whether it may have any."""
    return [
        {
            "relation": ["delegate_permission/common.handle_all_urls"],
            "target": {
                "namespace": "android_app",
                "package_name": app.android.package,
                "sha256_cert_fingerprints": app.android.sha256_cert_fingerprints,
            },
        }
        for app in apps
        if app.android and app.paths
    ]
