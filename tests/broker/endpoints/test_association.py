"""`/.well-known/apple-app-site-association` and `/.well-known/assetlinks.json`, as Apple's servers and phones fetch them."""

import secrets
from typing import Any

import pytest

from tests.running import RunningBroker

FILES = ("/.well-known/apple-app-site-association", "/.well-known/assetlinks.json")
HOST = "auth.example.test"  # of the broker that runs as in production
IOS = {"team_id": "ABCDE12345", "bundle_id": "com.example.app"}
ANDROID = {
    "package": "com.example.app",
    "sha256_cert_fingerprints": [":".join(["ab"] * 32)],
}


def linked_app(broker: RunningBroker, path: str, **apps: Any) -> str:
    client_id = str(broker.make_client(**apps)["client_id"])
    broker.allow(f"https://{HOST}{path}", client_id)
    return client_id


def paths_of(broker: RunningBroker) -> list[str]:
    details = broker.get(FILES[0]).json()["applinks"]["details"]
    return [component["/"] for each in details for component in each["components"]]


@pytest.mark.parametrize("file", FILES)
def test_as_it_is_fetched(production: RunningBroker, file: str):
    """JSON at once, without a redirect, for anybody, to be kept for five minutes."""
    answer = production.get(file, follow_redirects=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_an_app_is_vouched_for_where_it_has_links(production: RunningBroker):
    """Its redirect URL on this host is in Apple's file, its package with its keys in Android's; both leave with the client."""
    path = f"/app/{secrets.token_hex(4)}"
    client_id = linked_app(production, path, ios=IOS, android=ANDROID)
    assert path in paths_of(production)
    apple, android = (production.get(file).json() for file in FILES)
    assert apple["webcredentials"]["apps"] == ["ABCDE12345.com.example.app"]
    (statement,) = android
    assert statement["target"]["sha256_cert_fingerprints"] == [":".join(["AB"] * 32)]
    production.admin("DELETE", f"/v1/clients/{client_id}")
    assert path not in paths_of(production)
    assert production.get(FILES[1]).json() == []


def test_other_hosts_and_schemes_open_nothing_here(production: RunningBroker):
    """An app whose redirect URLs are elsewhere has nothing on this host."""
    client_id = production.make_client(ios=IOS, android=ANDROID)["client_id"]
    for url in (
        "com.example.app:/cb",
        "https://elsewhere.example/cb",
        f"https://{HOST}.evil.example/cb",
    ):
        production.allow(url, client_id)
    assert paths_of(production) == []
    assert production.get(FILES[1]).json() == []
    production.admin("DELETE", f"/v1/clients/{client_id}")


def test_a_redirect_url_that_is_taken_off_opens_the_app_no_more(production: RunningBroker):
    """The files are made of the allowlist as it is now."""
    path = f"/app/{secrets.token_hex(4)}"
    client_id = production.make_client(ios=IOS)["client_id"]
    entry = production.allow(f"https://{HOST}{path}", client_id)
    assert paths_of(production) == [path]
    production.admin("DELETE", f"/v1/redirect_urls/{entry['id']}")
    assert paths_of(production) == []
    production.admin("DELETE", f"/v1/clients/{client_id}")
