"""Every setting: `BROKER_*` variables, read once. docs/settings.md lists them; an unknown name stops the start."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from broker.core.account_rules import Linking, Policy, SignUpMode, comparable
from broker.core.brand import COLOUR, Brand, Logo, logo_of
from broker.core.encryption_keys import EncryptionKeys
from broker.core.provider_field import ProviderField
from broker.core.records import ProviderConfiguration
from broker.core.signing_keys import SigningKeys
from broker.key_sources import open_ring
from broker.provider_settings import PREFIX, SettingsError, listed, take_providers, with_refresh_ahead

REDIS_SCHEMES = ("redis", "rediss", "unix")
SAMPLE_WORDS = (
    "abcdef",
    "012345",
    "123456",
    "change",
    "example",
    "placeholder",
    "replace",
    "sample",
    "secret",
)
DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
LOCAL_SUFFIXES = (".localhost", ".local", ".test", ".internal", ".home.arpa")


def read_switch(text: object) -> object:
    """`1` or `0`: a mistyped `flase` must not switch anything on."""
    if text not in ("0", "1", True, False):
        raise ValueError("must be 1 or 0")
    return text in ("1", True)


Switch = Annotated[bool, BeforeValidator(read_switch)]


class Settings(BaseModel):
    """What the broker needs to know. There is no default for a secret."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    issuer: str = Field(description="Public https URL of this broker, without a trailing slash.")
    redis_url: str = Field(description="Where the state lives: `redis://`, `rediss://` or `unix://`.")
    encryption_keys: EncryptionKeys = Field(
        repr=False,
        description="Ring of AES-256 keys, `id:base64` or `id:source:reference`, comma-separated, newest first.",
    )
    signing_keys: SigningKeys = Field(
        repr=False,
        description="ES256 and RS256 private keys, base64 PKCS#8, comma-separated; the first of a kind signs.",
    )
    secret_keys: tuple[str, ...] = Field(
        repr=False, description="Keys of the backend API, `sk_...`, comma-separated."
    )
    audience: str = Field("", description="`aud` of the access tokens. Default: the issuer.")
    development: Switch = Field(
        default=False,
        description="`1` takes loopback http, development redirect URLs and shows developers what was wrong. Never in public.",
    )
    simulated_providers: Switch = Field(
        default=False, description="`1` offers the catalogue without credentials. Only in development."
    )
    refuse_short_schemes: Switch = Field(
        default=False,
        description="`1` refuses redirect URLs with a scheme that has no dot, such as `myapp://`.",
    )
    refresh_ahead: tuple[str, ...] = Field(
        (),
        description="Providers of the variables below whose tokens are kept fresh before anybody asks for them, comma-separated ids.",
    )
    brand_name: str | None = Field(
        None, min_length=1, max_length=60, description="Who runs this sign-in, shown on its pages."
    )
    brand_logo: Logo | None = Field(
        None, repr=False, description="Path of an SVG, PNG or WebP file shown on its pages, at most 100 kB."
    )
    brand_colour: str | None = Field(
        None, description="Colour of the pages' main buttons and links, as `#2450d3`."
    )
    sign_up: SignUpMode = Field(
        default="open",
        description="Who may become a new user: `open`, everybody; `restricted`, who has a verified address on the list; `closed`, nobody.",
    )
    sign_up_allowed: tuple[str, ...] = Field(
        (), description="The list of `restricted`: domains and e-mail addresses, comma-separated."
    )
    block_subaddresses: Switch = Field(
        default=False,
        description="`1` lets nobody sign up with `+`, `=` or `#` before the `@` of their address.",
    )
    account_linking: Linking = Field(
        default="verified",
        description="What an address does that a user here has, too: `verified` joins them where its provider is authoritative and asks for proof elsewhere; `prove` always asks; `off` joins nobody.",
    )
    dashboard_emails: tuple[str, ...] = Field(
        (),
        description="Who may sign in to the dashboard with a provider, by verified e-mail address, comma-separated.",
    )
    providers: dict[str, ProviderConfiguration] = Field(default_factory=dict, exclude=True, repr=False)

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str], provider_fields: Mapping[str, tuple[ProviderField, ...]]
    ) -> "Settings":
        """Read `environ`. `provider_fields` says what each provider may be given besides its client id.

        Raises SettingsError.
        """
        given = {
            name.removeprefix(PREFIX): value for name, value in environ.items() if name.startswith(PREFIX)
        }
        if "PROVIDERS" in given:  # a field of ours, filled below
            raise SettingsError(f"{PREFIX}PROVIDERS: there is no such setting")
        providers = take_providers(given, provider_fields)
        providers = with_refresh_ahead(providers, given.get("REFRESH_AHEAD", ""))
        try:
            fields = {name.lower(): value for name, value in given.items()}
            return cls.model_validate(fields | {"providers": providers})
        except ValidationError as error:
            raise SettingsError("\n".join(map(explain, error.errors()))) from None

    @field_validator("encryption_keys", mode="before")
    @classmethod
    def _read_encryption_keys(cls, text: Any) -> Any:
        return open_ring(text) if isinstance(text, str) else text

    @field_validator("signing_keys", mode="before")
    @classmethod
    def _read_signing_keys(cls, text: Any) -> Any:
        return SigningKeys.parse(text) if isinstance(text, str) else text

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _read_secret_keys(cls, text: Any) -> Any:
        keys = tuple(part.strip() for part in text.split(",")) if isinstance(text, str) else text
        if any(not key.startswith("sk_") or len(key) < 40 or looks_made_up(key[3:]) for key in keys):
            raise ValueError(
                "each key is sk_ and at least 37 random characters; make one with `broker keys new`"
            )
        if len(set(keys)) < len(keys):
            raise ValueError("one key stands twice")
        return keys

    @field_validator("brand_logo", mode="before")
    @classmethod
    def _read_brand_logo(cls, path: Any) -> Any:
        if not isinstance(path, str):
            return path
        try:
            return logo_of(path, Path(path).read_bytes())
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from None

    @field_validator("brand_colour")
    @classmethod
    def _check_brand_colour(cls, colour: str | None) -> str | None:
        if colour is not None and not COLOUR.fullmatch(colour):
            raise ValueError("must be written #rrggbb in lower case")
        return colour

    @field_validator("refresh_ahead", mode="before")
    @classmethod
    def _read_refresh_ahead(cls, text: Any) -> Any:
        return listed(text) if isinstance(text, str) else text

    @field_validator("sign_up_allowed", mode="before")
    @classmethod
    def _read_sign_up_allowed(cls, text: Any) -> Any:
        allowed = tuple(map(str.lower, listed(text))) if isinstance(text, str) else text
        if not all(DOMAIN.fullmatch(each) or comparable(each) for each in allowed):
            raise ValueError("each is a domain such as example.com or an e-mail address, in ASCII")
        return allowed

    @field_validator("dashboard_emails", mode="before")
    @classmethod
    def _read_dashboard_emails(cls, text: Any) -> Any:
        emails = tuple(map(str.lower, listed(text))) if isinstance(text, str) else text
        if not all(map(comparable, emails)):
            raise ValueError("each is an e-mail address, in ASCII")
        return emails

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, url: str) -> str:
        if urlsplit(url).scheme not in REDIS_SCHEMES:
            raise ValueError("must start with redis://, rediss:// or unix://")
        try:
            _ = urlsplit(url).port
        except ValueError:
            raise ValueError("its port must be a number") from None
        return url

    @field_validator("issuer")
    @classmethod
    def _check_issuer(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError("must be an https URL")
        if parts.query or parts.fragment or parts.username is not None or issuer.endswith(("/", "?", "#")):
            raise ValueError("must have no query, fragment, user or trailing slash")
        return issuer

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        parts = urlsplit(self.issuer)
        host = parts.hostname or ""
        if parts.scheme == "http" and not (self.development and is_loopback(host)):
            raise ValueError("ISSUER: must be https; plain http is only for loopback in development")
        if self.development and not is_local(host):
            raise ValueError("DEVELOPMENT: must be off for an issuer that others can reach")
        if self.simulated_providers and not self.development:
            raise ValueError("SIMULATED_PROVIDERS: is possible only in development")
        if (self.sign_up == "restricted") != bool(self.sign_up_allowed):
            raise ValueError("SIGN_UP_ALLOWED: is needed with SIGN_UP=restricted, and means nothing without")
        return self

    @property
    def base(self) -> str:
        """The issuer's path, under which everything is served; mostly empty."""
        return urlsplit(self.issuer).path

    @property
    def brand(self) -> Brand:
        return Brand(self.brand_name, self.brand_logo, self.brand_colour)

    @property
    def accounts(self) -> Policy:
        return Policy(
            sign_up=self.sign_up,
            allowed=self.sign_up_allowed,
            block_subaddresses=self.block_subaddresses,
            linking=self.account_linking,
        )

    @property
    def token_audience(self) -> str:
        return self.audience or self.issuer


def explain(error: Any) -> str:
    """Pydantic's finding, with the variable's name in front."""
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return f"{PREFIX}{message}"
    name = PREFIX + str(error["loc"][0]).upper()
    if error["type"] == "missing":
        return f"{name}: is not set"
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such setting"
    return f"{name}: {message}"


def looks_made_up(key: str) -> bool:
    """Whether a person typed it or copied a sample: few different characters, or words that chance does not write."""
    return len(set(key)) < 12 or any(word in key for word in SAMPLE_WORDS)


def is_loopback(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def is_local(host: str) -> bool:
    """Whether a name or address evidently stays on this machine or network."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(LOCAL_SUFFIXES)
