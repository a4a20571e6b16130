"""Where the metadata is and what it calls itself: the configured issuer, whatever a request says of hosts."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.broker.endpoints.raw import RawAnswer, request, send_raw
from tests.conftest import HTTPS_REDIRECT
from tests.running import BROKER, RunningBroker, clean_environment, keys, running_broker

EVIL = "evil.example.net"
FORGED = {
    "host": [f"Host: {EVIL}"],
    "host with a port": [f"Host: {EVIL}:8443"],
    "host out of range": ["Host: a:99999"],
    "broken host": ["Host: [::1"],
    "host with a path": [f"Host: {EVIL}/v1/?"],
    "host with markup": ['Host: "><script>alert(1)</script>'],
    "empty host": ["Host:"],
    "no host": [],
    "two hosts": ["Host: x", f"Host: {EVIL}"],
    "forwarded": ["Host: x", f"Forwarded: for=1.2.3.4;host={EVIL};proto=http"],
    "x-forwarded": [
        *("Host: x", f"X-Forwarded-Host: {EVIL}", "X-Forwarded-Proto: http", "X-Forwarded-Port: 8443"),
        *("X-Forwarded-Prefix: /evil", f"X-Forwarded-Server: {EVIL}", "X-Forwarded-For: 127.0.0.1"),
    ],
    "x-original": [
        *("Host: x", f"X-Original-Host: {EVIL}", "X-Original-URL: /v1/clients", "X-Rewrite-URL: /v1/clients"),
        *(f"X-Host: {EVIL}", f"X-Original-Forwarded-Host: {EVIL}", "X-HTTP-Method-Override: DELETE"),
    ],
}
BROWSED = (
    f"/authorize?client_id=default&redirect_uri={HTTPS_REDIRECT}&response_type=code&code_challenge={'A' * 43}"
    "&code_challenge_method=S256"
)
TARGETS = [
    *(
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
    ),
    *(
        BROWSED,
        f"{BROWSED}&provider=google",
        f"{BROWSED}&provider=google&scope=admin",
        "/authorize",
        "/logout",
    ),
    *("/callback/google?state=x", "/nowhere", "/userinfo", "/health/ready", "/token"),
]
RANDOM = re.compile(r"(?<=state=)[\w-]{43}|(?<=nonce=)[\w-]{43}|(?<=code_challenge=)[\w-]{43}|flow-[^;]*")


def comparable(answer: RawAnswer) -> tuple[int, list[tuple[str, str]], bytes]:
    """The answer without what chance put into it."""
    headers = [(name, RANDOM.sub("*", value)) for name, value in answer.headers]
    return answer.status, headers, answer.body


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_md_01_headers_change_nothing(production: RunningBroker, headers: list[str]):
    """MD-01: no header that speaks of hosts changes an answer, at any door; a Host that is none may be refused."""
    for target in TARGETS:
        honest = send_raw(production.address, request("GET", target, "Host: auth.example.test"))
        forged = send_raw(production.address, request("GET", target, *headers))
        assert EVIL not in str(forged)
        if forged.status != 400:
            assert comparable(forged) == comparable(honest), target


def test_md_01_absolute_form(production: RunningBroker):
    """MD-01: a request line that names another host changes no answer."""
    for target in TARGETS:
        honest = send_raw(production.address, request("GET", target, "Host: auth.example.test"))
        forged = send_raw(production.address, request("GET", f"http://{EVIL}:8080{target}", f"Host: {EVIL}"))
        assert comparable(forged) == comparable(honest), target


def test_md_01_absolute_addresses(production: RunningBroker):
    """MD-01: every address of ours that leaves the broker begins with the configured issuer."""
    document = production.get("/.well-known/openid-configuration").json()
    addresses = [value for value in document.values() if isinstance(value, str) and "://" in value]
    assert len(addresses) >= 9
    assert all(address.startswith("https://auth.example.test") for address in addresses)
    shown = production.admin("GET", "/v1/providers/google").json()
    assert shown["callback_url"] == "https://auth.example.test/callback/google"
    away = production.get(f"{BROWSED}&provider=google", follow_redirects=False)
    assert "redirect_uri=https%3A%2F%2Fauth.example.test%2Fcallback%2Fgoogle&" in away.headers["location"]


def test_md_01_an_error_for_any_host(production: RunningBroker):
    """MD-01: a Host that no parser takes meets no mistake of ours, at doors that fail as little as at others."""
    for host in ("a:99999", "[::1", "[", "a:b", "@", "\\", "%zz"):
        for line in (
            "GET /authorize",
            "POST /token",
            "GET /v1/clients",
            "GET /nowhere",
            "GET /callback/x?state=x",
        ):
            answer = send_raw(production.address, request(*line.split(), f"Host: {host}"))
            assert answer.status < 500, (host, line)
    assert "unexpected_error" not in production.log()
    assert "Traceback" not in production.log()


class FirstRequest:
    """The very first request that a broker gets is forged; its answer is kept."""

    answer: RawAnswer

    def __call__(self, address: str, process: "subprocess.Popen[bytes]", log_file: Path) -> None:
        place = urlsplit(address)
        for _ in range(3000):
            assert process.poll() is None, log_file.read_text()
            with socket.socket() as probe:
                if probe.connect_ex((str(place.hostname), int(place.port or 0))) == 0:
                    break
            time.sleep(0.02)
        forged = [
            f"Host: {EVIL}",
            f"X-Forwarded-Host: {EVIL}",
            "X-Forwarded-Proto: http",
            "X-Forwarded-Prefix: /e",
        ]
        target = f"http://{EVIL}/tenant/one/.well-known/openid-configuration"
        self.answer = send_raw(address, request("GET", target, *forged))


TENANT = "https://auth.example.test/tenant/one"


@pytest.fixture(scope="module")
def first_request() -> FirstRequest:
    return FirstRequest()


@pytest.fixture(scope="module")
def tenant(valkey: str, broker: RunningBroker, first_request: FirstRequest) -> Iterator[RunningBroker]:
    """A broker in public whose issuer has a path, which was lied to first."""
    google = {"GOOGLE_CLIENT_ID": "google-app", "GOOGLE_CLIENT_SECRET": "google-secret-canary"}
    with running_broker(valkey, wait=first_request, DEVELOPMENT="0", ISSUER=TENANT, **google) as running:
        yield running


def test_md_01_the_first_request(tenant: RunningBroker, first_request: FirstRequest):
    """MD-01: nothing that the first request says is remembered, nor answered to it."""
    honest = send_raw(
        tenant.address,
        request("GET", "/tenant/one/.well-known/openid-configuration", "Host: auth.example.test"),
    )
    assert honest.status == 200
    assert comparable(first_request.answer) == comparable(honest)
    assert EVIL.encode() not in honest.body


def test_md_03_the_path_moves_the_documents(tenant: RunningBroker):
    """MD-03: RFC 8414's document has the issuer's path behind it, OpenID's before it, and neither is elsewhere."""
    documents = [
        tenant.get("/.well-known/oauth-authorization-server/tenant/one"),
        tenant.get("/tenant/one/.well-known/openid-configuration"),
    ]
    assert [answer.status_code for answer in documents] == [200, 200]
    assert documents[0].json() == documents[1].json()
    assert documents[0].json()["issuer"] == TENANT
    for path in (
        *("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"),
        *("/.well-known/oauth-authorization-server/tenant", "/.well-known/oauth-authorization-server/other"),
        *("/authorize", "/token", "/v1/clients", "/tenant/authorize", "/tenant/one/tenant/one/authorize"),
    ):
        assert tenant.get(path).status_code == 404, path


def test_the_association_files_are_the_hosts(tenant: RunningBroker):
    """Whatever the issuer's path, they stand at the root of the host, where alone they are looked for."""
    for file in ("/.well-known/apple-app-site-association", "/.well-known/assetlinks.json"):
        assert tenant.get(file).status_code == 200
        assert tenant.get(urlsplit(TENANT).path + file).status_code == 404


def test_md_03_the_doors_are_under_the_path(tenant: RunningBroker):
    """MD-03: every address of the document answers under the path, pages and their stylesheet included."""
    document = tenant.get("/.well-known/oauth-authorization-server/tenant/one").json()
    for name, address in document.items():
        if not name.endswith(("_endpoint", "jwks_uri")):
            continue
        assert address.startswith(f"{TENANT}/")
        assert tenant.get(urlsplit(address).path, follow_redirects=False).status_code != 404, name
    page = tenant.get(f"/tenant/one{BROWSED}")
    assert page.status_code == 200
    assert f'href="{TENANT}/authorize?' in page.text
    (stylesheet,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
    assert tenant.get(stylesheet).status_code == 200
    away = tenant.get(f"/tenant/one{BROWSED}&provider=google", follow_redirects=False)
    assert "tenant%2Fone%2Fcallback%2Fgoogle&" in away.headers["location"]
    assert tenant.get("/tenant/one/authorize").headers["content-type"].startswith("text/html")
    assert tenant.get("/tenant/one/v1/nowhere").json()["errors"][0]["code"] == "resource_not_found"


def test_md_03_what_an_issuer_may_be(valkey: str):
    """MD-03: in public the broker does not start with an issuer that is not https, or has a query or fragment."""
    wrong = ["http://auth.example.test", "https://auth.example.test?a=b", "https://auth.example.test/#a"]
    others = keys() | {"BROKER_REDIS_URL": valkey}
    started = [
        subprocess.Popen(
            [*BROKER, "serve", "--port", "0"],
            env=clean_environment(others | {"BROKER_ISSUER": issuer}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for issuer in wrong
    ]
    for issuer, process in zip(wrong, started, strict=True):
        said, _ = process.communicate(timeout=60)
        assert process.returncode != 0, issuer
        assert "BROKER_ISSUER" in said, issuer
        assert "Traceback" not in said
