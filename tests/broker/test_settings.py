"""The settings: each right one is read, each wrong one is refused by a line that names it and shows no value (AD-02)."""

import re
from base64 import b64encode, urlsafe_b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from broker.cli.keys import new_keys
from broker.cli.settings import PROVIDER_FIELDS
from broker.core.encryption_keys import new_encryption_key
from broker.core.secret_keys import new_secret_key
from broker.settings import Settings, SettingsError
from tests.apple import CREDENTIALS

KEYS = dict(line.split("=", 1) for line in new_keys("k1"))
EC, RSA = KEYS["BROKER_SIGNING_KEYS"].split(",")
SECRET_KEY = KEYS["BROKER_SECRET_KEYS"]
GOOD = KEYS | {"BROKER_ISSUER": "https://id.example.com", "BROKER_REDIS_URL": "redis://127.0.0.1"}
DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def read(**changes: str | None) -> Settings:
    """Good settings with some changed; None leaves one out."""
    given = GOOD | {f"BROKER_{name}": value for name, value in changes.items()}
    return Settings.from_env(
        {name: value for name, value in given.items() if value is not None}, PROVIDER_FIELDS
    )


def encoded(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return b64encode(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


def published_sample() -> str:
    """The private key that RFC 7515 prints in appendix A.3."""
    number = urlsafe_b64decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI=")
    return encoded(ec.derive_private_key(int.from_bytes(number), ec.SECP256R1()))


def named(key: bytes) -> str:
    return f"k1:{b64encode(key).decode()}"


DEVELOPMENT = {"DEVELOPMENT": "1", "ISSUER": "http://127.0.0.1:8080"}
REFUSED = [
    ("ISSUER", {"ISSUER": None}, "is not set"),
    ("ISSUER", {"ISSUER": "http://id.example.com"}, "https"),
    ("ISSUER", {"ISSUER": "http://127.0.0.1:8080"}, "https"),
    ("ISSUER", {"ISSUER": "http://192.168.1.5", "DEVELOPMENT": "1"}, "https"),
    ("ISSUER", {"ISSUER": "ftp://id.example.com"}, "https"),
    ("ISSUER", {"ISSUER": "id.example.com"}, "https"),
    ("ISSUER", {"ISSUER": "https://"}, "https"),
    ("ISSUER", {"ISSUER": "https://id.example.com/"}, "slash"),
    ("ISSUER", {"ISSUER": "https://id.example.com?a=1"}, "query"),
    ("ISSUER", {"ISSUER": "https://id.example.com#a"}, "fragment"),
    ("ISSUER", {"ISSUER": "https://hush-hush@id.example.com"}, "user"),
    ("REDIS_URL", {"REDIS_URL": None}, "is not set"),
    ("REDIS_URL", {"REDIS_URL": "http://:hush-hush@127.0.0.1"}, "redis://"),
    ("REDIS_URL", {"REDIS_URL": "redis://:hush-hush@127.0.0.1:six"}, "port"),
    ("ENCRYPTION_KEYS", {"ENCRYPTION_KEYS": None}, "is not set"),
    ("ENCRYPTION_KEYS", {"ENCRYPTION_KEYS": ""}, "id:base64"),
    ("ENCRYPTION_KEYS", {"ENCRYPTION_KEYS": "hush-hush"}, "base64"),
    ("ENCRYPTION_KEYS", {"ENCRYPTION_KEYS": named(b"hush-hush")}, "9 bytes"),
    ("ENCRYPTION_KEYS", {"ENCRYPTION_KEYS": named(bytes(32))}, "not random"),
    ("ENCRYPTION_KEYS", {"ENCRYPTION_KEYS": named(bytes(range(32)))}, "not random"),
    ("ENCRYPTION_KEYS", {"ENCRYPTION_KEYS": named(b"0123456789abcdef0123456789abcdef")}, "not random"),
    ("ENCRYPTION_KEYS", {"ENCRYPTION_KEYS": named(b"correct horse battery staple, ok")}, "not random"),
    ("SIGNING_KEYS", {"SIGNING_KEYS": None}, "is not set"),
    ("SIGNING_KEYS", {"SIGNING_KEYS": "hush-hush"}, "PKCS#8"),
    ("SIGNING_KEYS", {"SIGNING_KEYS": EC}, "RS256"),
    ("SIGNING_KEYS", {"SIGNING_KEYS": RSA}, "ES256"),
    ("SIGNING_KEYS", {"SIGNING_KEYS": f"{EC},{RSA},{EC}"}, "twice"),
    ("SIGNING_KEYS", {"SIGNING_KEYS": f"{published_sample()},{RSA}"}, "sample"),
    ("SIGNING_KEYS", {"SIGNING_KEYS": f"{EC},{encoded(rsa.generate_private_key(65537, 1024))}"}, "2048"),
    ("SIGNING_KEYS", {"SIGNING_KEYS": f"{encoded(ec.generate_private_key(ec.SECP384R1()))},{RSA}"}, "P-256"),
    ("SECRET_KEYS", {"SECRET_KEYS": None}, "is not set"),
    ("SECRET_KEYS", {"SECRET_KEYS": ""}, "random"),
    ("SECRET_KEYS", {"SECRET_KEYS": SECRET_KEY.removeprefix("sk_")}, "sk_"),
    ("SECRET_KEYS", {"SECRET_KEYS": SECRET_KEY[:39]}, "random"),
    ("SECRET_KEYS", {"SECRET_KEYS": "sk_" + "ab" * 20}, "random"),
    ("SECRET_KEYS", {"SECRET_KEYS": "sk_replace_me_with_a_real_key_hush-hush_abcxyz"}, "random"),
    ("SECRET_KEYS", {"SECRET_KEYS": "sk_abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"}, "random"),
    ("SECRET_KEYS", {"SECRET_KEYS": f"{SECRET_KEY},{SECRET_KEY}"}, "twice"),
    ("DEVELOPMENT", {"DEVELOPMENT": "true"}, "1 or 0"),
    ("DEVELOPMENT", {"DEVELOPMENT": "1"}, "others can reach"),
    ("DEVELOPMENT", {"DEVELOPMENT": "1", "ISSUER": "https://8.8.8.8"}, "others can reach"),
    ("SIMULATED_PROVIDERS", {"SIMULATED_PROVIDERS": "1"}, "development"),
    ("REFUSE_SHORT_SCHEMES", {"REFUSE_SHORT_SCHEMES": "yes"}, "1 or 0"),
    ("SIGN_UP", {"SIGN_UP": "hush-hush"}, "'open', 'restricted' or 'closed'"),
    ("SIGN_UP_ALLOWED", {"SIGN_UP": "restricted"}, "is needed"),
    ("SIGN_UP_ALLOWED", {"SIGN_UP": "restricted", "SIGN_UP_ALLOWED": " , "}, "is needed"),
    ("SIGN_UP_ALLOWED", {"SIGN_UP_ALLOWED": "example.com"}, "means nothing"),
    ("SIGN_UP_ALLOWED", {"SIGN_UP": "closed", "SIGN_UP_ALLOWED": "example.com"}, "means nothing"),
    ("SIGN_UP_ALLOWED", {"SIGN_UP": "restricted", "SIGN_UP_ALLOWED": "hush-hush"}, "domain"),
    ("SIGN_UP_ALLOWED", {"SIGN_UP": "restricted", "SIGN_UP_ALLOWED": "*.hush-hush.com"}, "domain"),
    ("SIGN_UP_ALLOWED", {"SIGN_UP": "restricted", "SIGN_UP_ALLOWED": "@hush-hush.com"}, "domain"),
    ("SIGN_UP_ALLOWED", {"SIGN_UP": "restricted", "SIGN_UP_ALLOWED": "a@hush-hush@b.com"}, "domain"),
    ("SIGN_UP_ALLOWED", {"SIGN_UP": "restricted", "SIGN_UP_ALLOWED": "hush-hu\u0455h.com"}, "domain"),
    ("BLOCK_SUBADDRESSES", {"BLOCK_SUBADDRESSES": "on"}, "1 or 0"),
    ("ACCOUNT_LINKING", {"ACCOUNT_LINKING": "hush-hush"}, "'verified', 'prove' or 'off'"),
    ("REFRESH_AHEAD", {"REFRESH_AHEAD": "hush-hush"}, "configured here: none"),
    (
        "REFRESH_AHEAD",
        {"REFRESH_AHEAD": "google,apple", "GOOGLE_CLIENT_ID": "g", "GOOGLE_CLIENT_SECRET": "hush-hush"},
        "configured here: google",
    ),
    ("ISUER", {"ISUER": "https://hush-hush.example.com"}, "no such setting"),
    ("PROVIDERS", {"PROVIDERS": "{}"}, "no such setting"),
    ("GOOGEL_CLIENT_ID", {"GOOGEL_CLIENT_ID": "hush-hush"}, "no such setting"),
    ("GOOGLE_TEAM_ID", {"GOOGLE_TEAM_ID": "hush-hush"}, "no such setting"),
    ("GOOGLE_CLIENT_SECRET", {"GOOGLE_CLIENT_ID": "hush-hush"}, "is missing"),
    ("GOOGLE_CLIENT_ID", {"GOOGLE_CLIENT_SECRET": "hush-hush"}, "is missing"),
    ("APPLE_PRIVATE_KEY", {"APPLE_CLIENT_ID": "a", "APPLE_TEAM_ID": "hush-hush"}, "is missing"),
]


@pytest.mark.parametrize(("name", "changes", "word"), REFUSED)
def test_ad_02_wrong_settings_are_named(name: str, changes: dict[str, str | None], word: str):
    """AD-02: a weak, sample, short, reused, mistyped or missing setting is refused by a line that names it and says
    what is wrong, without the value."""
    with pytest.raises(SettingsError) as refusal:
        read(**changes)
    (line,) = [line for line in str(refusal.value).splitlines() if line.startswith(f"BROKER_{name}: ")]
    assert word in line
    assert "hush-hush" not in str(refusal.value)
    for value in changes.values():
        assert value is None or len(value) < 20 or value not in str(refusal.value)


def test_ad_02_a_key_under_two_names():
    """AD-02: one encryption key under two ids, or two keys under one id, would make a rotation a pretence."""
    key = new_encryption_key("a").removeprefix("a:")
    for text, word in ((f"a:{key},b:{key}", "share"), (f"a:{key},{new_encryption_key('a')}", "twice")):
        with pytest.raises(SettingsError, match=word) as refusal:
            read(ENCRYPTION_KEYS=text)
        assert key not in str(refusal.value)


def test_account_settings():
    """The list of who may sign up is read in lower case; without any setting everybody may, and no address joins alone."""
    restricted = read(
        SIGN_UP="restricted", SIGN_UP_ALLOWED="Corp.Example, Ada@Example.com,", ACCOUNT_LINKING="off"
    )
    assert restricted.accounts.allowed == ("corp.example", "ada@example.com")
    assert (restricted.accounts.sign_up, restricted.accounts.linking) == ("restricted", "off")
    plain = read().accounts
    assert (plain.sign_up, plain.linking, plain.allowed, plain.block_subaddresses) == (
        "open",
        "verified",
        (),
        False,
    )


def test_all_mistakes_at_once():
    """Who has made three mistakes is told of all three at the first start."""
    with pytest.raises(SettingsError) as refusal:
        read(ISSUER=None, REDIS_URL="nowhere", SECRET_KEYS="short")
    assert re.findall(r"^BROKER_\w+", str(refusal.value), re.MULTILINE) == [
        "BROKER_ISSUER",
        "BROKER_REDIS_URL",
        "BROKER_SECRET_KEYS",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ISSUER": "https://example.com/id"},
        {"ISSUER": "https://id.example.com:8443"},
        {"REDIS_URL": "rediss://:hush@redis.example.com:6380/2"},
        {"REDIS_URL": "unix:///run/valkey.sock"},
        {"ENCRYPTION_KEYS": f"{new_encryption_key('new')}, {new_encryption_key('old')}"},
        {"SIGNING_KEYS": f"{EC},{RSA},{encoded(ec.generate_private_key(ec.SECP256R1()))}"},
        {"SECRET_KEYS": f"{SECRET_KEY}, {new_secret_key()}"},
        DEVELOPMENT,
        DEVELOPMENT | {"SIMULATED_PROVIDERS": "1"},
        {"DEVELOPMENT": "1", "ISSUER": "https://192.168.1.5"},
        {"DEVELOPMENT": "1", "ISSUER": "https://broker.localhost"},
        {"DEVELOPMENT": "0", "REFUSE_SHORT_SCHEMES": "1"},
    ],
)
def test_right_settings_are_taken(changes: dict[str, str]):
    """Everything that the documentation offers is accepted."""
    settings = read(**changes)
    assert settings.issuer == changes.get("ISSUER", GOOD["BROKER_ISSUER"])
    assert settings.development is (changes.get("DEVELOPMENT") == "1")


def test_defaults():
    """What is not set is off, and the access tokens' audience is the issuer."""
    settings = read()
    switches = (settings.development, settings.simulated_providers, settings.refuse_short_schemes)
    assert switches == (False, False, False)
    assert settings.token_audience == settings.issuer
    assert read(AUDIENCE="https://api.example.com").token_audience == "https://api.example.com"
    assert settings.providers == {}


def test_provider_credentials():
    """A provider is configured by its client id and all of its own credentials."""
    settings = read(
        GOOGLE_CLIENT_ID="g",
        GOOGLE_CLIENT_SECRET="hush",
        APPLE_CLIENT_ID="a",
        **{f"APPLE_{name.upper()}": value for name, value in CREDENTIALS.items()},
    )
    assert settings.providers["google"].credentials == {"client_secret": "hush"}
    assert settings.providers["apple"].credentials == CREDENTIALS


def test_provider_fields_are_checked():
    """A value that cannot be what the field asks for stops the start, by its name and without its text."""
    apple = {f"APPLE_{name.upper()}": value for name, value in CREDENTIALS.items()}
    with pytest.raises(SettingsError) as wrong:
        read(APPLE_CLIENT_ID="a", **apple | {"APPLE_TEAM_ID": "hush"})
    assert str(wrong.value).startswith("BROKER_APPLE_TEAM_ID: ")
    assert "hush" not in str(wrong.value)


def test_provider_field_with_a_default():
    """A field that has a default may be left out, and counts when it is given."""
    whole = {"MICROSOFT_CLIENT_ID": "m", "MICROSOFT_CLIENT_SECRET": "hush"}
    assert "tenant" not in read(**whole).providers["microsoft"].credentials
    given = read(**whole, MICROSOFT_TENANT="organizations").providers["microsoft"]
    assert given.credentials["tenant"] == "organizations"


def test_refresh_ahead():
    """BROKER_REFRESH_AHEAD switches background freshness on for the providers it names and no others."""
    both = {f"{name}_CLIENT_{part}": "x" for name in ("GOOGLE", "MICROSOFT") for part in ("ID", "SECRET")}
    assert {each.refresh_ahead for each in read(**both).providers.values()} == {False}
    ahead = read(**both, REFRESH_AHEAD=" microsoft, ").providers
    assert {name: each.refresh_ahead for name, each in ahead.items()} == {"google": False, "microsoft": True}


def test_no_secret_is_printed():
    """Settings in a log line or a traceback show no key and no credential."""
    settings = read(GOOGLE_CLIENT_ID="g", GOOGLE_CLIENT_SECRET="hush-hush")
    shown = f"{settings!r} {settings} {settings.encryption_keys!r} {settings.signing_keys!r}"
    for secret in (SECRET_KEY, KEYS["BROKER_ENCRYPTION_KEYS"].partition(":")[2], EC, RSA, "hush-hush"):
        assert secret not in shown


def documented() -> set[str]:
    return set(re.findall(r"^\| `(BROKER_\w+)`", DOCUMENT.read_text(), re.MULTILINE))


def test_every_setting_is_documented():
    """docs/settings.md has a row for each setting, and for nothing that is not there."""
    assert documented() == {f"BROKER_{name.upper()}" for name in Settings.model_fields if name != "providers"}


def test_every_credential_is_documented():
    """The table of providers names each variable of each, and none that is not taken."""
    table = (DOCUMENT.parent / "providers/README.md").read_text()
    assert set(re.findall(r"`(BROKER_[A-Z0-9_]+)`", table)) == {
        f"BROKER_{provider.upper()}_{name.upper()}"
        for provider, fields in PROVIDER_FIELDS.items()
        for name in ("client_id", *(each.name for each in fields))
    }


def test_documented_meanings_are_the_real_ones():
    """Each description in the code stands in the documentation, so that neither grows old alone."""
    text = " ".join(DOCUMENT.read_text().split())
    for name, field in Settings.model_fields.items():
        if name != "providers":
            assert field.description in text, name
