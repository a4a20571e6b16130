"""Connecting a custom issuer: what its discovery document may say, and where it may lead (OpenID Connect Discovery)."""

import pytest

from broker.core.errors import OAuthError
from broker.providers.http import PublicResolver
from broker.providers.upstream import Upstream
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub, answer_json
from tests.running import RunningBroker

DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = [
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "revocation_endpoint",
]
ELSEWHERE = {
    "link-local": "http://169.254.169.254/latest/meta-data/",
    "link-local over https": "https://169.254.169.254/",
    "plain http": "http://accounts.example.com/",
    "file": "file:///etc/passwd",
    "another scheme": "gopher://accounts.example.com/",
    "no scheme": "//accounts.example.com/",
    "no host": "https:///x",
    "no URL": "https://[bad/",
    "loopback": "https://127.0.0.1:8443/",
    "loopback, IPv6": "https://[::1]/",
    "loopback by name": "https://localhost/",
    "loopback below a name": "https://x.localhost./",
    "mapped loopback": "https://[::ffff:127.0.0.1]/",
    "private, 10": "https://10.1.2.3/",
    "private, 172": "https://172.16.0.1/",
    "private, 192": "https://192.168.1.1/",
    "carrier's": "https://100.64.0.1/",
    "unique local": "https://[fd00::1]/",
    "link-local, IPv6": "https://[fe80::1]/",
    "any address": "https://0.0.0.0/",
    "a user before it": "https://accounts.example.com@10.1.2.3/",
    "a user at all": "https://user@accounts.example.com/",
    "short": "https://127.1/",
    "one number": "https://2130706433/",
    "octal": "https://0177.0.0.1/",
    "hexadecimal": "https://0x7f.0.0.0x1/",
    "a dot behind": "https://127.0.0.1./",
    "full-width digits": "https://\uff11\uff12\uff17.0.0.1/",
}
OUT_IN_THE_OPEN = ["https://accounts.example.com", "https://8.8.8.8/x", "https://1password.example.com:8443/"]


def configure(running: RunningBroker, issuer: str):
    body = {"id": "odd", "issuer": issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return running.admin("POST", "/v1/providers", body)


def assert_not_configured(running: RunningBroker, issuer: str) -> None:
    """A 4xx that names the field, and no connection left behind."""
    answer = configure(running, issuer)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["meta"]["param_name"] == "issuer"
    assert running.admin("GET", "/v1/providers/odd").status_code == 404


@pytest.mark.parametrize("place", ELSEWHERE)
def test_oc_06_only_public_https(place: str):
    """OC-06: Outside development no address but an https one on a public host is asked, however it is spelled."""
    with pytest.raises(OAuthError):
        Upstream(development=False).check_url(ELSEWHERE[place])


@pytest.mark.parametrize("url", OUT_IN_THE_OPEN)
def test_oc_06_public_https(url: str):
    """OC-06: A public https address is asked."""
    Upstream(development=False).check_url(url)


@pytest.mark.parametrize("place", ELSEWHERE)
def test_oc_06_issuers_elsewhere(public_broker: RunningBroker, place: str):
    """OC-06: In production an issuer at such an address cannot be configured."""
    assert_not_configured(public_broker, ELSEWHERE[place])


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "https://10.1.2.3/", "file:///etc/passwd", "http://[::2]/"]
)
@pytest.mark.parametrize("name", ENDPOINTS)
def test_oc_06_endpoints_elsewhere(broker: RunningBroker, provider: ProviderStub, name: str, url: str):
    """OC-06: A discovery document that leads to such an address is refused whole, also in development."""
    provider.discovery = {name: url}
    assert_not_configured(broker, provider.issuer)


DECOYS = {
    "another issuer": {"issuer": "https://accounts.example.com"},
    "a slash more": {"issuer": "{issuer}/"},
    "more behind": {"issuer": "{issuer}.example.com"},
    "no issuer": {"issuer": None},
    "no token endpoint": {"token_endpoint": None},
    "an endpoint in a list": {"jwks_uri": ["https://accounts.example.com/keys"]},
    "methods a number": {"token_endpoint_auth_methods_supported": 7},
    "methods a text": {"token_endpoint_auth_methods_supported": "client_secret_post"},
}


def filled_in(value: object, stub: ProviderStub) -> object:
    return value.format(issuer=stub.issuer) if isinstance(value, str) else value


@pytest.mark.parametrize("decoy", DECOYS)
def test_oc_06_decoys(broker: RunningBroker, provider: ProviderStub, decoy: str):
    """OC-06: A discovery document of another issuer, or without what a sign-in needs, is refused."""
    provider.discovery = {name: filled_in(value, provider) for name, value in DECOYS[decoy].items()}
    assert_not_configured(broker, provider.issuer)


@pytest.mark.parametrize("document", [[], "text", None, 7, {}])
def test_oc_06_no_document(broker: RunningBroker, provider: ProviderStub, document: object):
    """OC-06: JSON that is no discovery document is refused."""
    provider.answers[DISCOVERY] = answer_json(document)
    assert_not_configured(broker, provider.issuer)


def test_oc_06_issuer_changed_later(broker: RunningBroker, provider: ProviderStub):
    """OC-06: An issuer that is changed later is discovered anew, and a bad one leaves the old one in force."""
    assert configure(broker, provider.issuer).status_code == 200
    try:
        provider.discovery = {"issuer": "https://accounts.example.com"}
        other = provider.issuer.replace("127.0.0.1", "localhost")
        answer = broker.admin("PATCH", "/v1/providers/odd", {"issuer": other})
        assert answer.status_code == 422, answer.text
        assert broker.admin("GET", "/v1/providers/odd").json()["issuer"] == provider.issuer
    finally:
        broker.admin("DELETE", "/v1/providers/odd")


class FakeNames:
    """A name server that answers each look-up with the next of its answers."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host: str, port: int, _: int) -> list[dict[str, object]]:
        return [{"hostname": host, "host": address, "port": port} for address in self.answers.pop(0)]


def with_names(*answers: list[str]) -> PublicResolver:
    resolver = PublicResolver()
    resolver._resolver = FakeNames(*answers)
    return resolver


@pytest.mark.anyio
async def test_oc_06_name_that_changes_its_mind():
    """OC-06: A name is looked up when it is connected to; public first and private then gains nothing."""
    resolver = with_names(["8.8.8.8"], ["127.0.0.1"])
    assert [each["host"] for each in await resolver.resolve("x.example.com", 443)] == ["8.8.8.8"]
    with pytest.raises(OSError, match="no public address"):
        await resolver.resolve("x.example.com", 443)


@pytest.mark.anyio
async def test_oc_06_name_with_both():
    """OC-06: Of a name's addresses only the public ones are connected to."""
    resolver = with_names(["10.0.0.1", "8.8.8.8", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"])
    assert [each["host"] for each in await resolver.resolve("x.example.com", 443)] == ["8.8.8.8"]


@pytest.mark.anyio
async def test_oc_06_names_of_this_machine():
    """OC-06: The real look-up of a name that is this machine's is refused."""
    resolver = PublicResolver()
    with pytest.raises(OSError, match="no public address"):
        await resolver.resolve("localhost", 443)
    await resolver.close()
