"""The metadata document (RFC 8414) is true: what it lists works, and what it does not list fails."""

from urllib.parse import urlsplit

import httpx2
import jwt
import pytest

from tests.conftest import HTTPS_REDIRECT
from tests.device import EXCHANGE, Device
from tests.phone import Phone, challenge_of
from tests.provider_stub import ProviderStub
from tests.running import RunningBroker


def refuses(answer: httpx2.Response, error: str) -> bool:
    return answer.status_code in {400, 401} and answer.json()["error"] == error


@pytest.fixture(scope="module")
def document(broker: RunningBroker) -> dict[str, object]:
    documents = [
        broker.get(f"/.well-known/{name}").json()
        for name in ("openid-configuration", "oauth-authorization-server")
    ]
    assert documents[0] == documents[1]
    return dict(documents[0])


def test_md_02_must_be_listed(document: dict[str, object], broker: RunningBroker):
    """MD-02: S256 alone, `iss` in answers, code and query alone: what clients decide by is listed."""
    assert document["issuer"] == broker.issuer
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["response_types_supported"] == ["code"]
    assert document["response_modes_supported"] == ["query"]
    assert document["request_parameter_supported"] is False
    assert document["request_uri_parameter_supported"] is False
    assert document["require_pushed_authorization_requests"] is False


def test_md_02_every_endpoint_is_there(document: dict[str, object], broker: RunningBroker):
    """MD-02: every address that is listed is a door."""
    listed = {name: str(url) for name, url in document.items() if name.endswith(("_endpoint", "jwks_uri"))}
    assert len(listed) == 9
    for name, url in listed.items():
        assert url.startswith(f"{broker.issuer}/"), name
        assert broker.get(urlsplit(url).path).status_code != 404, name


GRANTS = {
    "authorization_code": {},
    "refresh_token": {},
    "password": {"username": "ada", "password": "x"},
    "client_credentials": {},
    "implicit": {},
    "urn:ietf:params:oauth:grant-type:device_code": {"device_code": "x"},
    "urn:ietf:params:oauth:grant-type:jwt-bearer": {"assertion": "e30.e30.e30"},
    "urn:openid:params:grant-type:ciba": {"auth_req_id": "x"},
}


def test_md_02_grants(document: dict[str, object], phone: Phone, device: Device):
    """MD-02: each grant that is listed gives tokens, and each other is unsupported."""
    listed = document["grant_types_supported"]
    code = phone.land()["code"]
    tokens = phone.exchange(code, grant_type="authorization_code")
    works = {
        "authorization_code": tokens,
        "refresh_token": phone.refresh(tokens.json()["refresh_token"]),
        EXCHANGE: device.try_in(),
    }
    assert {name for name, answer in works.items() if answer.status_code == 200} == set(listed)
    for name, form in GRANTS.items():
        if name not in listed:
            assert refuses(phone.call("/token", {"grant_type": name, **form}), "unsupported_grant_type"), name


def test_md_02_scopes(document: dict[str, object], phone: Phone):
    """MD-02: each scope that is listed is granted, and each other refused."""
    for scope in document["scopes_supported"]:
        assert phone.sign_in(scope=scope)["scope"] == scope
    for scope in ("address", "phone", "admin", "online_access"):
        assert phone.follow(phone.authorize(scope=scope))["error"] == "invalid_scope"


def test_md_02_prompts(document: dict[str, object], phone: Phone, provider: ProviderStub):
    """MD-02: each prompt that is listed is asked of the provider, and each other refused."""
    for prompt in document["prompt_values_supported"]:
        phone.authorize(prompt=prompt)
        assert phone.land(prompt=prompt)["code"]
        assert provider.asked("/authorize")[-1]["prompt"] == prompt
    for prompt in ("none", "create"):
        assert "error" in phone.follow(phone.authorize(prompt=prompt)).parameters


def test_md_02_tokens_and_claims(document: dict[str, object], phone: Phone):
    """MD-02: an ID token is signed as listed with a key of the JWKS, and claims nothing unlisted; likewise userinfo."""
    tokens = phone.sign_in(nonce="n")
    header = jwt.get_unverified_header(tokens["id_token"])
    assert document["id_token_signing_alg_values_supported"] == [header["alg"]]
    assert document["subject_types_supported"] == ["public"]
    (key,) = (
        key
        for key in phone.broker.get("/.well-known/jwks.json").json()["keys"]
        if key["kid"] == header["kid"]
    )
    claims = jwt.decode(
        tokens["id_token"],
        jwt.PyJWK(key),
        [header["alg"]],
        audience=phone.client_id,
        issuer=document["issuer"],
    )
    told = phone.userinfo(tokens["access_token"]).json()
    assert set(claims) | set(told) <= set(document["claims_supported"])
    assert told["sub"] == claims["sub"]


def form_of(path: str, token: str) -> dict[str, str]:
    if path == "token":
        return {"grant_type": "refresh_token", "refresh_token": token}
    return {"token": token}


@pytest.mark.parametrize("path", ["token", "revocation", "introspection"])
def test_md_02_client_authentication(
    document: dict[str, object], broker: RunningBroker, provider: ProviderStub, path: str
):
    """MD-02: each way to authenticate that is listed works at its endpoint, and each other does not."""
    listed = set(document[f"{path}_endpoint_auth_methods_supported"])
    client = broker.make_client(type="confidential")
    client_id, secret = client["client_id"], client["client_secret"]
    broker.allow(HTTPS_REDIRECT, client_id)
    phone = Phone(broker, client_id, HTTPS_REDIRECT, client_secret=secret)
    with phone.browser:
        token = phone.sign_in()["refresh_token"]
    url = urlsplit(str(document[f"{path}_endpoint"])).path
    own, form = {"client_id": client_id}, form_of(path, token)
    assertion = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode({"iss": client_id, "sub": client_id}, secret * 2, "HS256"),
    }
    tried = {
        "client_secret_jwt": broker.post(url, data=own | form | assertion),
        "nobody": broker.post(url, data=own | form),
        "client_secret_basic": broker.post(url, data=form, auth=httpx2.BasicAuth(client_id, secret)),
        "client_secret_post": broker.post(url, data=own | form | {"client_secret": secret}),
    }
    working = {name for name, answer in tried.items() if answer.status_code == 200}
    assert working == listed - {"none"}
    assert all(refuses(answer, "invalid_client") for name, answer in tried.items() if name not in working)


def test_md_02_a_client_without_a_secret(document: dict[str, object], phone: Phone):
    """MD-02: `none` is listed where a public client works, and not where it does not."""
    tokens = phone.sign_in()
    assert ("none" in document["token_endpoint_auth_methods_supported"]) is True
    refreshed = phone.refresh(tokens["refresh_token"]).json()
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
    assert refuses(phone.call("/introspect", {"token": refreshed["access_token"]}), "invalid_client")
    assert "none" in document["revocation_endpoint_auth_methods_supported"]
    assert phone.revoke(refreshed["refresh_token"]).status_code == 200
    assert phone.userinfo(refreshed["access_token"]).status_code == 401


@pytest.mark.parametrize("method", ["plain", "s256", "S512", ""])
def test_md_02_challenge_methods(phone: Phone, method: str):
    """MD-02: a challenge by a method that is not listed is refused."""
    challenge = phone.verifier if method == "plain" else challenge_of(phone.verifier)
    landing = phone.follow(phone.authorize(code_challenge=challenge, code_challenge_method=method))
    assert landing["error"] == "invalid_request"
