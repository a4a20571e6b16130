"""What is remembered between the legs of a flow, one record a leg. Times are seconds since 1970."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from broker.core.challenge import NoncePolicy, Platform


class PendingAuthorization(msgspec.Struct, frozen=True, kw_only=True):
    """From /authorize to /callback, under the fingerprint of our `state` at the provider."""

    client_id: str
    redirect_uri: str
    state: str | None
    scope: str
    code_challenge: str
    nonce: str | None
    provider: str
    upstream_verifier: str
    upstream_nonce: str
    browser: str  # fingerprint of the cookie that this browser alone holds
    prompt: str | None = None
    provider_scopes: tuple[str, ...] = ()
    consent: bool = False  # the provider is asked anew, because it gave no refresh token and we hold none


class NativeChallenge(msgspec.Struct, frozen=True, kw_only=True):
    """From /challenge to /token, under the challenge's fingerprint: for whom it was made, and where."""

    client_id: str
    provider: str
    platform: Platform


class AuthorizationCode(msgspec.Struct, frozen=True, kw_only=True):
    """From the redirect into the app to /token, under the code's fingerprint. `session_id` is decided here,
    so that a replay knows which session the first exchange began."""

    user_id: str
    session_id: str
    client_id: str
    redirect_uri: str
    code_challenge: str
    scope: str
    nonce: str | None
    signed_in_at: int
    spent: bool = False


class PendingReturn(msgspec.Struct, frozen=True, kw_only=True):
    """A finished sign-in that waits for a person's deliberate act before the app gets its code (RFC 8252 8.6)."""

    grant: AuthorizationCode
    state: str | None
    browser: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One app on one device, and the one refresh token that is good for it now. `salt` is what the last rotation
    added, so that within the grace the same successor can be made again without keeping it."""

    id: str
    user_id: str
    client_id: str
    scope: str
    signed_in_at: int
    last_active_at: int
    idle_until: int
    expires_at: int
    current: str
    previous: str = ""
    rotated_at: int = 0
    salt: str = ""
    status: Literal["active", "revoked"] = "active"

    def alive(self, now: int) -> bool:
        return self.status == "active" and now < min(self.idle_until, self.expires_at)


class Discovered(msgspec.Struct, frozen=True, kw_only=True):
    """What a custom issuer's discovery document said, kept so that a start needs no provider up."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    revocation_endpoint: str | None = None
    basic_auth: bool = False  # the token endpoint takes Basic and not the form
    announces_issuer: bool = False  # RFC 9207


class ProviderConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """What an admin set for one provider. `credentials` are secret and sealed in the store; `scopes` None means the
    catalogue's; `additional_scopes` are what an app may ask for beyond them. `rotates` and `rotation_grace` (seconds) say
    of a custom provider what the catalogue says of others, and so does `native_nonce`: what its SDK is handed of a challenge,
    where people may sign in with it on the device."""

    id: str
    name: str | None = None
    issuer: str | None = None
    discovered: Discovered | None = None
    client_id: str = ""
    credentials: Mapping[str, str] = msgspec.field(default_factory=dict)
    scopes: tuple[str, ...] | None = None
    additional_scopes: tuple[str, ...] = ()
    enabled: bool = True
    sign_in: bool = True
    rotates: bool | None = None
    rotation_grace: int | None = None
    refresh_ahead: bool = False
    native_nonce: NoncePolicy | Literal["off"] = "off"
    created_at: int = 0
    updated_at: int = 0
