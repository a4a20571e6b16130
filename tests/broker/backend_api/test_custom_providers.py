"""Custom providers of every kind: plain OAuth 2 by endpoints and attributes, OpenID Connect without discovery; what is
wrong is named, and nothing is half-written."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.broker.backend_api.conftest import Api
from tests.conftest import HTTPS_REDIRECT
from tests.phone import Phone
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub, answer_json
from tests.running import RunningBroker

DISCOVERY = "/.well-known/openid-configuration"
ATTRIBUTES = {
    "subject": "data.id",
    "email": "data.emails.0.address",
    "email_verified": "data.emails.0.confirmed",
    "name": "data.profile.display_name",
    "username": "data.login",
}
ADA = {
    "data": {
        "id": 4711,
        "login": "ada",
        "emails": [{"address": "ada@plain.example", "confirmed": "true"}],
        "profile": {"display_name": "Ada Lovelace"},
    }
}


@pytest.fixture(autouse=True)
def _tidy(api: Api) -> Iterator[None]:
    yield
    api.call("DELETE", "/v1/providers/plain")


@pytest.fixture
def own(broker: RunningBroker, phone: Phone, provider: ProviderStub) -> Phone:
    """A phone that signs in with `plain`, as somebody whom no other provider of this broker knows."""
    provider.subject = "plain-ada"
    return Phone(broker, "default", HTTPS_REDIRECT, provider="plain", browser=phone.browser)


def plain(provider: ProviderStub, **changes: object) -> dict[str, Any]:
    """The stub as an OAuth 2 server that tells who came in a shape of its own; None leaves a member out."""
    provider.answers["/userinfo"] = answer_json(ADA)
    body = {
        "id": "plain",
        "authorization_endpoint": f"{provider.issuer}/authorize",
        "token_endpoint": f"{provider.issuer}/token",
        "userinfo_endpoint": f"{provider.issuer}/userinfo",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "attributes": ATTRIBUTES,
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def oidc(provider: ProviderStub, **changes: object) -> dict[str, Any]:
    """The stub as an OpenID Connect provider whose endpoints an admin tells."""
    told = {"issuer": provider.issuer, "jwks_uri": f"{provider.issuer}/jwks", "attributes": None}
    return plain(provider, **{**told, **changes})


def signed_in(api: Api, own: Phone) -> dict[str, Any]:
    """The external account of who signed in just now, and as `user` what userinfo says of them."""
    token = own.sign_in()["access_token"]
    user = own.userinfo(token).json()
    (account,) = api.good("GET", f"/v1/users/{user['sub']}/external_accounts")
    return {**account, "user": user}


def test_plain_oauth_signs_people_in(api: Api, provider: ProviderStub, own: Phone):
    """An OAuth 2 server without ID tokens signs people in by what its userinfo answer says, however deep it stands there,
    and its tokens are kept for backends."""
    api.good("POST", "/v1/providers", plain(provider, name="Plain", scopes=["user:read", "mail"]))
    account = signed_in(api, own)
    shown = (account["provider_user_id"], account["email_address"], account["username"])
    assert shown == ("4711", "ada@plain.example", "ada")
    assert (account["user"]["email_verified"], account["user"]["name"]) == (True, "Ada Lovelace")
    asked = provider.asked("/authorize")[-1]
    assert (asked["scope"], asked["code_challenge_method"]) == ("user:read mail", "S256")
    assert "nonce" not in asked
    assert provider.headers["/userinfo"][-1]["Authorization"].startswith("Bearer at-canary-")
    read = api.good("GET", f"/v1/users/{account['user']['sub']}/oauth_access_tokens/plain?force_refresh=true")
    assert read[0]["token"].startswith("at-canary-")


DIALECTS = {
    "PKCE by default": ({}, {"code_verifier": True, "client_secret": True, "authorization": False}),
    "no PKCE": ({"pkce": False}, {"code_verifier": False}),
    "basic": ({"client_auth": "client_secret_basic"}, {"authorization": True, "client_secret": False}),
    "post": ({"client_auth": "client_secret_post"}, {"authorization": False, "client_secret": True}),
    "JSON": ({"token_body": "json"}, {"json": True, "client_secret": True}),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ways_of_speaking(api: Api, provider: ProviderStub, own: Phone, dialect: str):
    """PKCE, client authentication and the token endpoint's body are as the admin says."""
    changes, expected = DIALECTS[dialect]
    api.good("POST", "/v1/providers", plain(provider, **changes))
    signed_in(api, own)
    said, headers = provider.asked("/token")[-1], provider.headers["/token"][-1]
    basic = f"Basic {base64.b64encode(f'{CLIENT_ID}:{CLIENT_SECRET}'.encode()).decode()}"
    found = {
        "code_verifier": "code_verifier" in said,
        "client_secret": said.get("client_secret") == CLIENT_SECRET,
        "authorization": headers.get("Authorization") == basic,
        "json": headers["Content-Type"] == "application/json",
    }
    assert {name: found[name] for name in expected} == expected
    assert ("code_challenge" in provider.asked("/authorize")[-1]) is (changes.get("pkce") is not False)


def test_authorization_request_as_told(api: Api, provider: ProviderStub, own: Phone):
    """The admin's parameters and separator reach the provider; an app's prompt stands beside the admin's."""
    told = {
        "scopes": ["a", "b"],
        "scope_separator": ",",
        "authorization_parameters": {"audience": "https://api.example.com", "prompt": "consent"},
    }
    api.good("POST", "/v1/providers", plain(provider, **told))
    own.land()
    asked = provider.asked("/authorize")[-1]
    assert (asked["scope"], asked["audience"], asked["prompt"]) == (
        "a,b",
        "https://api.example.com",
        "consent",
    )
    own.land(prompt="login")
    assert provider.asked("/authorize")[-1]["prompt"] == "consent login"


def test_openid_connect_without_discovery(api: Api, provider: ProviderStub, own: Phone):
    """An issuer whose endpoints are told is not discovered, and its ID tokens are checked all the same."""
    api.good("POST", "/v1/providers", oidc(provider))
    assert provider.asked(DISCOVERY) == []
    assert signed_in(api, own)["provider_user_id"] == "plain-ada"
    assert provider.asked("/authorize")[-1]["nonce"]
    provider.claims = lambda claims: {**claims, "iss": "https://accounts.example.com"}
    assert own.land()["error"] == "server_error"


def test_claims_by_other_names(api: Api, provider: ProviderStub, own: Phone):
    """An issuer's own claims are read where the admin says, at userinfo too, the standard's names for the rest; an address
    of its own is not verified by the flag of the standard's."""
    body = {"id": "plain", "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    api.good("POST", "/v1/providers", {**body, "attributes": {"email": "work.mail", "username": "nick"}})
    provider.claims = lambda claims: {**claims, "work": {"mail": "ada@work.example"}}
    provider.userinfo = lambda claims: {**claims, "nick": "countess"}
    account = signed_in(api, own)
    assert (account["provider_user_id"], account["email_address"]) == ("plain-ada", "ada@work.example")
    assert account["username"] == "countess"
    assert (account["user"]["name"], account["user"]["email_verified"]) == ("Plain-Ada", False)


@pytest.mark.parametrize(
    "answer", [{}, {"data": []}, {"data": {"id": None}}, {"data": {"id": {"x": 1}}}, [], "x", None]
)
def test_subject_at_a_wrong_path(
    api: Api, provider: ProviderStub, own: Phone, broker: RunningBroker, answer: object
):
    """Without a usable id at its path nobody is signed in, and our log names the path and no value."""
    api.good("POST", "/v1/providers", plain(provider))
    provider.answers["/userinfo"] = answer_json(answer)
    assert own.land()["error"] == "server_error"
    line = broker.log().splitlines()[-1]
    assert "attributes.subject: there is no usable id at data.id" in line


WRONG: dict[str, tuple[dict[str, object], list[tuple[str, str]]]] = {
    "no endpoint": (
        {"authorization_endpoint": None, "token_endpoint": None, "userinfo_endpoint": None},
        [("form_param_missing", "issuer")],
    ),
    "no token endpoint": ({"token_endpoint": None}, [("form_param_missing", "token_endpoint")]),
    "no userinfo": ({"userinfo_endpoint": None}, [("form_param_missing", "userinfo_endpoint")]),
    "no attributes": ({"attributes": None}, [("form_param_missing", "attributes")]),
    "no subject": ({"attributes": {"email": "x"}}, [("form_param_missing", "attributes")]),
    "several": (
        {"authorization_endpoint": None, "attributes": {}, "client_secret": None},
        [
            ("form_param_missing", "authorization_endpoint"),
            ("form_param_missing", "attributes"),
            ("form_param_missing", "client_secret"),
        ],
    ),
    "unknown attribute": (
        {"attributes": {"subject": "id", "email_authoritative": "id", "number": "id"}},
        [
            ("form_param_unknown", "attributes.email_authoritative"),
            ("form_param_unknown", "attributes.number"),
        ],
    ),
    "no path": ({"attributes": {"subject": "a..b"}}, [("form_param_value_invalid", "attributes.subject")]),
    "a path with a space": (
        {"attributes": {"subject": "a b"}},
        [("form_param_value_invalid", "attributes.subject")],
    ),
    "a number as path": (
        {"attributes": {"subject": 1}},
        [("form_param_format_invalid", "attributes.subject")],
    ),
    "attributes as text": ({"attributes": "subject"}, [("form_param_format_invalid", "attributes")]),
    "key set without issuer": (
        {"jwks_uri": "https://a.example/jwks"},
        [("form_param_value_invalid", "jwks_uri")],
    ),
    "braces": (
        {"token_endpoint": "https://a.example/{tid}"},
        [("form_param_value_invalid", "token_endpoint")],
    ),
    "fragment": (
        {"authorization_endpoint": "https://a.example/#x"},
        [("form_param_value_invalid", "authorization_endpoint")],
    ),
    "auth by magic": ({"client_auth": "none"}, [("form_param_format_invalid", "client_auth")]),
    "body": ({"token_body": "xml"}, [("form_param_format_invalid", "token_body")]),
    "separator": ({"scope_separator": "; "}, [("form_param_format_invalid", "scope_separator")]),
    "pkce": ({"pkce": "no"}, [("form_param_format_invalid", "pkce")]),
    "parameter without a value": (
        {"authorization_parameters": {"x": ""}},
        [("form_param_format_invalid", "authorization_parameters.x")],
    ),
    "parameter's name": (
        {"authorization_parameters": {"x&y": "1"}},
        [("form_param_value_invalid", "authorization_parameters.x&y")],
    ),
    "both kinds, half": (
        {"issuer": "https://a.example"},
        [("form_param_missing", "jwks_uri")],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_bad_member_is_named(api: Api, provider: ProviderStub, case: str):
    """Everything that is missing or wrong is named at once, and nothing is written."""
    changes, expected = WRONG[case]
    answer = api.call("POST", "/v1/providers", plain(provider, **changes))
    assert answer.status_code == 422
    found = [(error["code"], error["meta"]["param_name"]) for error in answer.json()["errors"]]
    assert found == expected
    assert CLIENT_SECRET not in answer.text
    assert api.call("GET", "/v1/providers/plain").status_code == 404


RESERVED = [
    "state",
    "redirect_uri",
    "client_id",
    "response_type",
    "code_challenge",
    "code_challenge_method",
    "nonce",
]


@pytest.mark.parametrize(
    "name", [*RESERVED, "scope", "response_mode", "request", "request_uri", "client_secret"]
)
def test_reserved_parameters(api: Api, provider: ProviderStub, name: str):
    """No configuration can say for a flow what the flow itself says, or replace it as a whole."""
    body = plain(provider, authorization_parameters={name: "x"})
    told = api.refused("POST", "/v1/providers", body)
    assert told == (422, "form_param_value_invalid", f"authorization_parameters.{name}")


ENDPOINTS = [
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "revocation_endpoint",
    "jwks_uri",
    "issuer",
]


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/x",
        "https://10.1.2.3/",
        "https://127.1/",
        "http://127.0.0.1/x",
        "file:///etc/passwd",
        "x",
    ],
)
@pytest.mark.parametrize("name", ENDPOINTS)
def test_oc_06_told_endpoints_elsewhere(public_broker: RunningBroker, name: str, url: str):
    """OC-06: in production each endpoint that an admin tells is public and https, or is named and nothing is written."""
    told = {each: f"https://idp.example.com/{each}" for each in ENDPOINTS}
    body = {"id": "plain", "client_id": "x", "client_secret": "y", **told, name: url}
    answer = public_broker.admin("POST", "/v1/providers", body)
    assert answer.status_code == 422
    assert [error["meta"]["param_name"] for error in answer.json()["errors"]] == [name]
    assert public_broker.admin("GET", "/v1/providers/plain").status_code == 404


def test_shown_as_told(api: Api, provider: ProviderStub):
    """What was told is shown again, but for the secret; what was not is null."""
    told = {
        "scopes": ["a"],
        "pkce": False,
        "client_auth": "client_secret_basic",
        "token_body": "json",
        "scope_separator": ",",
        "authorization_parameters": {"audience": "x"},
        "revocation_endpoint": f"{provider.issuer}/revoke",
    }
    body = plain(provider, **told)
    made = api.good("POST", "/v1/providers", body)
    assert {name: made[name] for name in body if name != "client_secret"} == {
        name: value for name, value in body.items() if name != "client_secret"
    }
    assert (made["kind"], made["source"], made["issuer"], made["preset"]) == ("oauth2", "stored", None, None)
    assert (made["credentials_set"], made["parameters"]) == (["client_secret"], {})
    assert api.good("GET", "/v1/providers/plain") == made


def test_single_members_change(api: Api, provider: ProviderStub, own: Phone):
    """A change of one member leaves the others, and null takes one away."""
    made = api.good("POST", "/v1/providers", plain(provider, pkce=False, name="Plain"))
    changed = api.good(
        "PATCH", "/v1/providers/plain", {"attributes": {"subject": "data.login"}, "pkce": None}
    )
    expected = {"attributes": {"subject": "data.login"}, "pkce": None, "updated_at": changed["updated_at"]}
    assert changed == made | expected
    assert signed_in(api, own)["provider_user_id"] == "ada"
    assert "code_verifier" in provider.asked("/token")[-1]


@pytest.mark.parametrize(
    "change",
    [
        {"userinfo_endpoint": None},
        {"attributes": None},
        {"attributes": {"email": "x"}},
        {"client_id": None},
        {"client_secret": None},
        {"token_endpoint": "ftp://a.example"},
        {"name": "New", "scope_separator": "x"},
        {"name": "New", "issuer": "http://127.0.0.1:1"},
        {"preset": "google"},
        {"preset": "nowhere"},
    ],
)
def test_a_refused_change_leaves_everything(api: Api, provider: ProviderStub, change: dict[str, object]):
    """A change after which the provider would not work is refused as a whole."""
    made = api.good("POST", "/v1/providers", plain(provider))
    assert api.call("PATCH", "/v1/providers/plain", change).status_code == 422
    assert api.good("GET", "/v1/providers/plain") == made


def test_from_kind_to_kind(api: Api, provider: ProviderStub, own: Phone):
    """A provider may become one of another kind, and back, with each kind's members gone that were taken away."""
    issuer = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    api.good("POST", "/v1/providers", {"id": "plain", **issuer})
    assert signed_in(api, own)["provider_user_id"] == "plain-ada"
    as_plain = {name: value for name, value in plain(provider).items() if name != "id"}
    changed = api.good("PATCH", "/v1/providers/plain", {**as_plain, "issuer": None})
    assert (changed["kind"], changed["issuer"]) == ("oauth2", None)
    assert signed_in(api, own)["provider_user_id"] == "4711"
    endpoints = dict.fromkeys(["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "attributes"])
    back = api.good("PATCH", "/v1/providers/plain", {**endpoints, "issuer": provider.issuer})
    assert (back["kind"], back["token_endpoint"]) == ("oidc", None)
    del provider.answers["/userinfo"]
    assert signed_in(api, own)["provider_user_id"] == "plain-ada"
    gone = {"issuer": None, "client_secret": "another"}
    preset = api.good("PATCH", "/v1/providers/plain", {**gone, "preset": "google"})
    assert (preset["preset"], preset["kind"], preset["offered"]) == ("google", "oidc", True)


@pytest.mark.parametrize("name", ["token_endpoint", "userinfo_endpoint", "revocation_endpoint"])
def test_a_secret_goes_to_no_other_host(api: Api, provider: ProviderStub, name: str):
    """Who moves a provider to another host must know its secret: else whoever may change providers could have it, and
    people's tokens, sent to himself."""
    made = api.good("POST", "/v1/providers", plain(provider))
    change = {name: "https://evil.example.com/x"}
    assert api.refused("PATCH", "/v1/providers/plain", change) == (422, "form_param_missing", "client_secret")
    assert api.refused("POST", "/v1/providers", {"id": "plain", "client_id": "x", **change})[0] == 422
    assert api.good("GET", "/v1/providers/plain") == made
    moved = api.good("PATCH", "/v1/providers/plain", {**change, "client_secret": CLIENT_SECRET})
    assert moved[name] == change[name]
    same_host = {name: "https://evil.example.com/y"}
    assert api.good("PATCH", "/v1/providers/plain", same_host)[name] == same_host[name]
