"""The association files: an app is vouched for on its own paths, and on nothing else of the host."""

from broker.core.association import (
    AndroidApp,
    IosApp,
    LinkedApp,
    apple_app_site_association,
    asset_links,
    link_paths,
)

HOST = "auth.example.com"
IOS = IosApp("ABCDE12345", "com.example.app")
PRINTS = (":".join(["AA"] * 32), ":".join(["BB"] * 32))
ANDROID = AndroidApp("com.example.app", PRINTS)


def test_link_paths():
    """Only https links of this very host count; schemes, other hosts, other ports and look-alikes do not."""
    urls = [
        *(f"https://{HOST}/app/cb", f"https://{HOST}/app/cb?from=app", f"https://{HOST}/"),
        *(f"https://{HOST}.evil.example/a", f"https://{HOST}:8443/b", f"https://evil.example/{HOST}/c"),
        *(f"http://{HOST}/d", "com.example.app:/e", f"https://{HOST}"),
    ]
    assert link_paths(urls, HOST) == ("/app/cb", "/")


def test_a_star_is_no_pattern():
    """A path with a star would be a wildcard to Apple, and so is in no file."""
    assert link_paths([f"https://{HOST}/*", f"https://{HOST}/a"], HOST) == ("/a",)


def test_apple():
    """Each app has its own paths, and the right to https callbacks."""
    told = apple_app_site_association([LinkedApp(IOS, None, ("/a", "/b"))])
    assert told["applinks"] == {
        "details": [{"appIDs": ["ABCDE12345.com.example.app"], "components": [{"/": "/a"}, {"/": "/b"}]}]
    }
    assert told["webcredentials"] == {"apps": ["ABCDE12345.com.example.app"]}


def test_android():
    """The package stands with every key that may have signed it."""
    (statement,) = asset_links([LinkedApp(None, ANDROID, ("/a",))])
    assert statement["relation"] == ["delegate_permission/common.handle_all_urls"]
    assert statement["target"] == {
        "namespace": "android_app",
        "package_name": "com.example.app",
        "sha256_cert_fingerprints": PRINTS,
    }


def test_an_app_without_a_link_here_is_in_no_file():
    """Who has no redirect URL on this host gets none of it."""
    apps = [LinkedApp(IOS, ANDROID, ())]
    assert apple_app_site_association(apps) == {
        "applinks": {"details": []},
        "webcredentials": {"apps": []},
    }
    assert asset_links(apps) == []
