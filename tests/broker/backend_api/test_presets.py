"""Presets: another connection of a catalogue's entry, with its own id, name, fields and callback."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.broker.backend_api.conftest import Api
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub
from tests.running import LOCAL, RunningBroker, running_broker
from tests.valkey import running_valkey

HOME = Path(__file__).parents[3]
STUBBED = '''
"""The stub."""

from broker.core.provider_field import CLIENT_SECRET, ProviderField
from broker.providers.attributes import from_openid_claims
from broker.providers.provider import Provider

PROVIDER = Provider(
    id="stubbed",
    name="Stubbed",
    source="https://example.com",
    issuer="http://{place}",
    authorization_endpoint="http://{place}/authorize",
    token_endpoint="http://{place}/token",
    userinfo_endpoint="http://{place}/userinfo",
    jwks_uri="http://{place}/jwks",
    scopes=("openid", "email"),
    fields=(CLIENT_SECRET, ProviderField(name="place", label="a host and a port", pattern=r"[a-z0-9.]+:[0-9]+")),
    to_identity=from_openid_claims,
)
'''
BODY = {"id": "google_two", "preset": "google", "client_id": "x", "client_secret": "hush-hush"}


@pytest.fixture(autouse=True)
def _tidy(api: Api) -> Iterator[None]:
    yield
    for provider in ("google_two", "microsoft_acme"):
        api.call("DELETE", f"/v1/providers/{provider}")


@pytest.fixture(scope="module")
def wider_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """A broker whose catalogue has the stub, at a place that is a field: no real provider can be tried to the end."""
    code = tmp_path_factory.mktemp("code")
    for package in ("broker", "allowlist"):
        shutil.copytree(HOME / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
    (code / "broker/providers/catalogue/stubbed.py").write_text(STUBBED)
    with running_valkey() as url, running_broker(url, code=code) as running:
        running.allow(HTTPS_REDIRECT)
        yield running


def test_presets_sign_people_in(wider_broker: RunningBroker, provider: ProviderStub):
    """Two connections of one entry are two providers: each with its own callback and name, and one person is known apart
    at each."""
    users = set()
    for provider_id in ("stub_one", "stub_two"):
        body = {"preset": "stubbed", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        place = provider.issuer.removeprefix("http://")
        made = wider_broker.admin("POST", "/v1/providers", {**body, "id": provider_id, "place": place})
        assert made.json()["callback_url"] == f"{wider_broker.issuer}/callback/{provider_id}"
        with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
            phone = Phone(wider_broker, "default", HTTPS_REDIRECT, provider=provider_id, browser=browser)
            tokens = (
                phone.keep_apart() if users else phone.sign_in()
            )  # the second has the first one's address
            users.add(phone.userinfo(tokens["access_token"]).json()["sub"])
        assert provider.asked("/authorize")[-1]["redirect_uri"] == made.json()["callback_url"]
    assert len(users) == 2


def test_preset_is_shown(api: Api):
    """A preset has the name that it is given, else its entry's; secrets are names, other fields are shown."""
    made = api.good("POST", "/v1/providers", {**BODY, "name": "Google at Acme"})
    assert (made["name"], made["preset"], made["kind"]) == ("Google at Acme", "google", "oidc")
    assert (made["credentials_set"], made["parameters"]) == (["client_secret"], {})
    assert (made["issuer"], made["rotates"], made["offered"]) == (None, False, True)
    assert api.good("PATCH", "/v1/providers/google_two", {"name": None})["name"] == "Google"
    acme = {"id": "microsoft_acme", "preset": "microsoft", "client_id": "x", "client_secret": "hush-hush"}
    assert api.good("POST", "/v1/providers", acme)["parameters"] == {"tenant": "common"}
    changed = api.good("PATCH", "/v1/providers/microsoft_acme", {"tenant": "organizations"})
    assert changed["parameters"] == {"tenant": "organizations"}


def test_preset_sends_people_on(api: Api, broker: RunningBroker, phone: Phone):
    """People go to the entry's address with the preset's own client id and callback, and the picker has its name."""
    acme = {"id": "microsoft_acme", "preset": "microsoft", "client_id": "acme-client", "client_secret": "x"}
    api.good("POST", "/v1/providers", {**acme, "tenant": "consumers", "name": "Acme accounts"})
    sent = urlsplit(phone.authorize(provider="microsoft_acme").headers["location"])
    assert (sent.hostname, sent.path) == ("login.microsoftonline.com", "/consumers/oauth2/v2.0/authorize")
    asked = {name: value for name, (value,) in parse_qs(sent.query).items()}
    assert asked["client_id"] == "acme-client"
    assert asked["redirect_uri"] == f"{broker.issuer}/callback/microsoft_acme"
    assert "Acme accounts" in phone.authorize(provider=None).text


WRONG = [
    ({"preset": "nowhere"}, "form_param_value_invalid", "preset"),
    ({"preset": "Google"}, "form_param_format_invalid", "preset"),
    ({"id": "github"}, "form_param_value_invalid", "preset"),
    ({"client_secret": None}, "form_param_missing", "client_secret"),
    ({"tenant": "common"}, "form_param_unknown", "tenant"),
    ({"issuer": "https://a.example"}, "form_param_value_invalid", "issuer"),
    ({"token_endpoint": "https://a.example"}, "form_param_value_invalid", "token_endpoint"),
    ({"attributes": {"subject": "x"}}, "form_param_value_invalid", "attributes"),
    ({"pkce": False}, "form_param_value_invalid", "pkce"),
    ({"rotates": True}, "form_param_value_invalid", "rotates"),
    ({"preset": "microsoft", "tenant": "evil.example/"}, "form_param_value_invalid", "tenant"),
    ({"preset": "microsoft", "tenant": "a@b"}, "form_param_value_invalid", "tenant"),
]


@pytest.mark.parametrize(("changes", "code", "param"), WRONG)
def test_wrong_presets(api: Api, changes: dict[str, object], code: str, param: str):
    """A preset is one of the catalogue's entries under an id that the catalogue has not, with that entry's fields and no
    facts of its own."""
    body = {name: value for name, value in {**BODY, **changes}.items() if value is not None}
    before = api.good("GET", "/v1/providers")
    assert api.refused("POST", "/v1/providers", body) == (422, code, param)
    assert api.good("GET", "/v1/providers") == before


def test_place_must_be_public(wider_broker: RunningBroker, provider: ProviderStub):
    """A field that leads to a private address is named, and so is the secret when a field leads to another host."""
    body = {"id": "stub_moved", "preset": "stubbed", "client_id": "x", "client_secret": "y"}
    refused = wider_broker.admin("POST", "/v1/providers", {**body, "place": "10.0.0.1:80"})
    assert refused.json()["errors"][0]["meta"]["param_name"] == "place"
    place = provider.issuer.removeprefix("http://")
    assert wider_broker.admin("POST", "/v1/providers", {**body, "place": place}).status_code == 200
    moved = wider_broker.admin("PATCH", "/v1/providers/stub_moved", {"place": "127.0.0.1:1"})
    assert moved.json()["errors"][0]["meta"]["param_name"] == "client_secret"
