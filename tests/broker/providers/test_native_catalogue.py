"""Apple, Google and Facebook by their SDKs, each in its own way; the stub plays their servers."""

from typing import Any

import httpx2
import jwt
import pytest

from broker.providers import CATALOGUE
from tests.apple import KEY as APPLE_KEY
from tests.broker.conftest import REDIRECT
from tests.broker.providers.outcome import assert_nothing_stored, everything, reason
from tests.device import Device, assert_refused, sha256_hex
from tests.phone import Phone
from tests.provider_stub import Claims, ProviderStub, answer_json
from tests.running import LOCAL, RunningBroker

APPLE, GOOGLE, FACEBOOK = (
    "https://appleid.apple.com",
    "https://accounts.google.com",
    "https://www.facebook.com",
)
IDS = {
    "apple": {"ios": "com.example.app"},
    "google": {"ios": "google-ios", "android": "google-android", "web": "google-web"},
    "facebook": {"ios": "1234567890"},
}
FAILED = "native_sign_in_failed"


@pytest.fixture
def client_id(catalogue_broker: RunningBroker) -> str:
    made = str(catalogue_broker.make_client(native_client_ids=IDS)["client_id"])
    catalogue_broker.allow(REDIRECT, made)
    return made


@pytest.fixture
def iphone(catalogue_broker: RunningBroker, rsa_provider: ProviderStub, client_id: str) -> Device:
    """An iPhone. Apple's token has no name."""
    rsa_provider.claims = lambda claims: {k: v for k, v in claims.items() if k != "name"}
    return Device(
        catalogue_broker, client_id, rsa_provider, "apple", audience="com.example.app", issuer=APPLE
    )


@pytest.fixture
def android(catalogue_broker: RunningBroker, rsa_provider: ProviderStub, client_id: str) -> Device:
    """An Android phone with Google's SDK, which the app has told its server's web client."""
    return Device(
        catalogue_broker, client_id, rsa_provider, "google", "android", audience="google-web", issuer=GOOGLE
    )


@pytest.fixture
def limited(catalogue_broker: RunningBroker, rsa_provider: ProviderStub, client_id: str) -> Device:
    """An iPhone whose person did not allow Facebook to track them."""
    rsa_provider.subject = "10150000000000001"
    return Device(
        catalogue_broker, client_id, rsa_provider, "facebook", audience="1234567890", issuer=FACEBOOK
    )


def user_of(tokens: dict[str, Any]) -> str:
    return str(jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"])


def account_of(broker: RunningBroker, user_id: str) -> dict[str, Any]:
    (account,) = broker.admin("GET", f"/v1/users/{user_id}/external_accounts").json()
    return dict(account)


def names(broker: RunningBroker, user_id: str) -> tuple[str, str]:
    account = account_of(broker, user_id)
    return account["first_name"], account["last_name"]


def code_for(device: Device, subject: str, issuer: str) -> str:
    """A code as the SDK gives it; the answer to it is for whoever asks, as the true servers make sure."""
    stub, code = device.stub, f"code-{subject}"
    stub.codes[code] = {"subject": subject}
    before = stub.claims

    def claims(honest: Claims) -> Claims:
        asked = stub.asked("/token")[-1:] if "nonce" not in honest else []
        return before(honest | ({"iss": issuer, "aud": asked[0]["client_id"]} if asked else {}))

    stub.claims = claims
    return code


def secret_of(form: dict[str, str]) -> Claims:
    """The client secret that Apple was sent."""
    audience = "https://appleid.apple.com"
    return dict(jwt.decode(form["client_secret"], APPLE_KEY.public_key(), ["ES256"], audience=audience))


@pytest.mark.parametrize("provider_id", ["apple", "google", "facebook"])
def test_the_facts_have_their_source(provider_id: str):
    """What is known of a provider's SDK stands on pages of its documentation, and each hands over a digest."""
    native = CATALOGUE[provider_id].native
    assert native is not None
    assert all(page.startswith("https://developer") for page in native.sources)
    assert {sdk.nonce for sdk in native.sdks.values()} == {"sha256-hex"}
    assert native.algorithms == ("RS256",)


def test_apple(iphone: Device):
    """Apple's token for the bundle id, with the digest of our challenge in it, signs in; the connection's own id does not."""
    iphone.stub.subject = "apple-plain"
    made = iphone.challenge()
    assert made["nonce"] == sha256_hex(made["challenge"])
    assert iphone.exchange(made["challenge"], iphone.id_token(made["nonce"])).status_code == 200
    assert_refused(iphone.try_in({"aud": "com.example.web"}))
    assert_refused(iphone.try_in({"iss": "https://account.apple.com"}))
    assert iphone.ask(platform="android").status_code == 400


def test_apple_tells_a_name_once(iphone: Device, catalogue_broker: RunningBroker):
    """The name that the app was told at the first sign-in is kept, and no later one comes in its place."""
    iphone.stub.subject = "apple-name"
    user_id = user_of(iphone.sign_in(given_name="Ada", family_name="Lovelace"))
    assert names(catalogue_broker, user_id) == ("Ada", "Lovelace")
    for later in ({"given_name": "Mallory", "family_name": "M"}, {}):
        assert user_of(iphone.sign_in(**later)) == user_id
        assert names(catalogue_broker, user_id) == ("Ada", "Lovelace")
    assert catalogue_broker.admin("GET", f"/v1/users/{user_id}").json()["first_name"] == "Ada"


def test_apple_tells_a_name_late(iphone: Device, catalogue_broker: RunningBroker):
    """An app whose first try was lost may send the name that it kept; it is bounded, and blanks are no name."""
    iphone.stub.subject = "apple-late"
    user_id = user_of(iphone.sign_in(given_name=" ", family_name=""))
    assert names(catalogue_broker, user_id) == ("", "")
    iphone.sign_in(given_name="a" * 1000)
    assert names(catalogue_broker, user_id) == ("a" * 100, "")


def test_a_signed_name_stays(android: Device, catalogue_broker: RunningBroker):
    """A name beside the token of a provider that signs one is not read."""
    android.stub.subject = "google-name"
    user_id = user_of(android.sign_in({"azp": "google-android"}, given_name="Mallory"))
    assert names(catalogue_broker, user_id) == ("Google-Name", "")


def test_apples_code(iphone: Device, catalogue_broker: RunningBroker):
    """Apple's code is exchanged, renewed and given back by the bundle id, with a secret minted for it and no redirect URI."""
    iphone.stub.subject = "apple-code"
    code = code_for(iphone, "apple-code", APPLE)
    user_id = user_of(iphone.sign_in(authorization_code=code))
    (form,) = iphone.stub.asked("/token")
    assert (form["client_id"], form["code"]) == ("com.example.app", code)
    assert (secret_of(form)["sub"], secret_of(form)["iss"]) == ("com.example.app", "TEAM123456")
    assert "redirect_uri" not in form
    for _ in range(2):
        read = f"/v1/users/{user_id}/oauth_access_tokens/apple?force_refresh=true"
        assert catalogue_broker.admin("GET", read).status_code == 200
        form = iphone.stub.asked("/token")[-1]
        assert (form["grant_type"], form["client_id"]) == ("refresh_token", "com.example.app")
        assert secret_of(form)["sub"] == "com.example.app"
    deleted = catalogue_broker.admin("DELETE", f"/v1/users/{user_id}").json()
    assert [each["revocation"] for each in deleted["revocations"]] == ["revoked"]
    (form,) = iphone.stub.asked("/revoke")
    assert (form["client_id"], form["token_type_hint"]) == ("com.example.app", "refresh_token")
    assert secret_of(form)["sub"] == "com.example.app"


def test_apples_code_keeps_its_client(iphone: Device, catalogue_broker: RunningBroker):
    """What the app's own id got stays its own though the app is gone; a sign-in without a code changes nothing of it."""
    iphone.stub.subject = "apple-gone"
    code = code_for(iphone, "apple-gone", APPLE)
    user_id = user_of(iphone.sign_in(authorization_code=code))
    assert user_of(iphone.sign_in()) == user_id
    catalogue_broker.admin("DELETE", f"/v1/clients/{iphone.client_id}")
    read = f"/v1/users/{user_id}/oauth_access_tokens/apple?force_refresh=true"
    assert catalogue_broker.admin("GET", read).status_code == 200
    assert iphone.stub.asked("/token")[-1]["client_id"] == "com.example.app"


BROKEN_CODES = {
    "unknown": ({}, {}, "status 400 invalid_grant"),
    "of another person": ({"subject": "mallory"}, {}, "the code is another person's"),
    "answered for the web's id": ({}, {"aud": "com.example.web"}, "ID token: InvalidAudienceError"),
    "answered by a stranger": ({}, {"iss": "https://evil.example.net"}, "ID token: iss"),
    "answered with another nonce": ({}, {"nonce": "another"}, "ID token: nonce"),
    "answered with another at_hash": ({}, {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "ID token: at_hash"),
}


@pytest.mark.parametrize("broken", BROKEN_CODES)
def test_a_code_that_fails(iphone: Device, broken: str):
    """A code that is refused, another person's or answered for somebody else ends the sign-in, and nothing is stored."""
    grant, answered, rule = BROKEN_CODES[broken]
    iphone.stub.subject = "apple-broken"
    code = code_for(iphone, "apple-broken", APPLE)
    iphone.stub.codes[code] |= grant
    made = iphone.challenge()
    token, honest = iphone.id_token(made["nonce"]), iphone.stub.claims
    iphone.stub.claims = lambda claims: honest(claims) | answered
    before = everything(iphone.broker)
    sent = "unknown" if broken == "unknown" else code
    assert_refused(iphone.exchange(made["challenge"], token, authorization_code=sent))
    assert_nothing_stored(iphone.broker, before)
    assert reason(iphone.broker, FAILED) == rule


def test_a_code_without_an_id_token(iphone: Device):
    """An answer to a code that does not say whose it is ends the sign-in."""
    iphone.stub.subject = "apple-mute"
    code = code_for(iphone, "apple-mute", APPLE)
    iphone.stub.token_fields = {"id_token": None}
    assert_refused(iphone.try_in(authorization_code=code))


def test_a_provider_that_is_down_at_the_code(iphone: Device):
    """A token endpoint that does not answer now is told apart, and nothing is stored."""
    before = everything(iphone.broker)
    iphone.stub.answers["/token"] = answer_json({}, 503)
    answer = iphone.try_in(authorization_code="code")
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert_nothing_stored(iphone.broker, before)


GOOGLES = {
    "Android, as documented": ("android", {"aud": "google-web", "azp": "google-android"}, True),
    "Android, the old issuer": (
        "android",
        {"aud": "google-web", "azp": "google-android", "iss": "accounts.google.com"},
        True,
    ),
    "Android, no azp": ("android", {"aud": "google-web"}, False),
    "Android, for the app's own id": ("android", {"aud": "google-android", "azp": "google-android"}, False),
    "Android, asked for by another app of the project": (
        "android",
        {"aud": "google-web", "azp": "another-android"},
        False,
    ),
    "Android, asked for by the iPhone's app": ("android", {"aud": "google-web", "azp": "google-ios"}, False),
    "iPhone, without a server": ("ios", {"aud": "google-ios", "azp": "google-ios"}, True),
    "iPhone, with a server": ("ios", {"aud": "google-web", "azp": "google-ios"}, True),
    "iPhone, the web's own": ("ios", {"aud": "google-web", "azp": "google-web"}, False),
    "iPhone, asked for by the Android's app": ("ios", {"aud": "google-web", "azp": "google-android"}, False),
    "web": ("web", {"aud": "google-web", "azp": "google-web"}, True),
    "web, asked for by the Android's app": ("web", {"aud": "google-web", "azp": "google-android"}, False),
    "another issuer": ("web", {"aud": "google-web", "iss": "https://google.com"}, False),
    "no issuer's scheme but http": ("web", {"aud": "google-web", "iss": "http://accounts.google.com"}, False),
}


@pytest.mark.parametrize("case", GOOGLES)
def test_google(android: Device, case: str):
    """Which of an app's ids stand in `aud` and `azp` depends on the platform, and only Google's documented ways are taken."""
    platform, claims, taken = GOOGLES[case]
    android.platform, android.stub.subject = platform, "google-ids"
    answer = android.try_in(claims)
    assert answer.status_code == (200 if taken else 400), answer.text
    assert answer.json().get("error") == (None if taken else "invalid_grant")


def test_googles_server_auth_code(android: Device, catalogue_broker: RunningBroker):
    """Google's code is exchanged by the connection's web client with an empty redirect URI, and its tokens are in custody."""
    android.stub.subject = "google-code"
    code = code_for(android, "google-code", GOOGLE)
    user_id = user_of(android.sign_in({"azp": "google-android"}, authorization_code=code))
    (form,) = android.stub.asked("/token")
    assert (form["client_id"], form["client_secret"]) == ("google-web", "google-secret-canary")
    assert (form["code"], form["redirect_uri"]) == (code, "")
    (token,) = catalogue_broker.admin("GET", f"/v1/users/{user_id}/oauth_access_tokens/google").json()
    assert token["token"].startswith("at-canary-google-code")
    assert account_of(catalogue_broker, user_id)["health"] == "fresh"


def test_google_by_sdk_and_by_browser(android: Device, catalogue_broker: RunningBroker):
    """The same person by Google's SDK and by the browser is one user."""
    android.stub.subject = "google-both"
    native = user_of(android.sign_in({"azp": "google-android"}))
    android.stub.claims = lambda claims: claims | {"iss": GOOGLE, "aud": "google-web"}
    with httpx2.Client(follow_redirects=False, **LOCAL) as browser:
        phone = Phone(catalogue_broker, android.client_id, REDIRECT, "google", browser=browser)
        assert user_of(phone.sign_in()) == native
    assert user_of(android.sign_in({"azp": "google-android"})) == native


def test_facebooks_limited_login(limited: Device, catalogue_broker: RunningBroker):
    """Facebook's token of Limited Login signs in by the number that the Graph API knows the person by."""
    user_id = user_of(limited.sign_in({"email_verified": None, "given_name": "Ada", "family_name": "L"}))
    account = account_of(catalogue_broker, user_id)
    assert account["provider_user_id"] == "10150000000000001"
    assert (account["first_name"], account["email_address_verified"]) == ("Ada", None)
    assert limited.sign_in({"iss": "https://facebook.com"})["access_token"]
    for wrong in ({"iss": "https://evil.facebook.com"}, {"sub": "ada"}, {"aud": "999"}):
        assert_refused(limited.try_in(wrong))
    assert limited.ask(platform="android").status_code == 400
    assert_refused(limited.try_in(authorization_code="code"))
