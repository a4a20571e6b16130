"""What is remembered between the legs of a flow, one record a leg. Times are seconds since 1970."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from broker.core.account_rules import Purpose
from broker.core.challenge import NoncePolicy, Platform
from broker.core.identity import Identity, ProviderTokens


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """Who came back from a provider, and with which tokens, where nothing of it may be written down yet."""

    provider: str
    identity: Identity
    tokens: ProviderTokens


class Ticket(msgspec.Struct, frozen=True):
    """Who asked at /par to connect a provider: a living session of a user."""

    user_id: str
    session_id: str


LONGEST_REFUSED = 1024  # characters of it that are kept; no redirect URL is longer


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An address that was on no allowlist when an app asked for it. `url` is anybody's text; `count` is how often since it
    was first seen, `at` when last."""

    client_id: str
    url: str
    reason: str
    nearest: str | None
    at: int
    count: int = 1


class Tested(msgspec.Struct, frozen=True):
    """What came of the last test of a provider's credentials."""

    verdict: str
    detail: str
    at: int


class PendingAuthorization(msgspec.Struct, frozen=True, kw_only=True):
    """From /authorize to /callback, under the fingerprint of our `state` at the provider. `waiting` is the new account that
    a proof is asked for. To reconnect needs no app, so client and redirect URI are empty then."""

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
    attempt: str = ""  # of a device with Clerk's SDK: the flow ends in a nonce for it (core/attempts.py)
    prompt: str | None = None
    provider_scopes: tuple[str, ...] = ()
    consent: bool = False  # the provider is asked anew, because it gave no refresh token and we hold none
    purpose: Purpose = msgspec.field(default_factory=Purpose)
    waiting: Arrived | None = None
    flow_id: str = ""  # by which its steps are told together (core/flows.py); not a secret


class PendingProof(msgspec.Struct, frozen=True, kw_only=True):
    """A new account whose address is somebody's already, from the page that asks for proof to its buttons. `choices` are
    the providers that the page named."""

    flow: PendingAuthorization
    arrived: Arrived
    owners: tuple[str, ...]
    choices: tuple[str, ...]
    browser: str


class NativeChallenge(msgspec.Struct, frozen=True, kw_only=True):
    """From /challenge to /token, under the challenge's fingerprint: for whom it was made, and where."""

    client_id: str
    provider: str
    platform: Platform


class AuthorizationCode(msgspec.Struct, frozen=True, kw_only=True):
    """From the redirect into the app to /token, under the code's fingerprint. `session_id` is decided here,
    so that a replay knows which session the first exchange began. `connects`: it begins none, and what was connected
    lies beside it."""

    user_id: str
    session_id: str
    client_id: str
    redirect_uri: str
    attempt: str = ""  # then it is no code but that attempt's nonce, and /token does not take it
    code_challenge: str
    scope: str
    nonce: str | None
    signed_in_at: int
    spent: bool = False
    connects: bool = False
    flow_id: str = ""
    provider: str = ""


class PendingReturn(msgspec.Struct, frozen=True, kw_only=True):
    """A finished sign-in that waits for a person's deliberate act before the app gets its code (RFC 8252 8.6). What the
    page says of it: `provider_name`, `who`."""

    grant: AuthorizationCode
    state: str | None
    browser: str
    arrived: Arrived | None = None
    provider_name: str = ""
    who: str | None = None


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


class AccountTicket(msgspec.Struct, frozen=True, kw_only=True):
    """An app's way to open the account page for its user: a living session of theirs, and where they go back to."""

    user_id: str
    session_id: str
    client_id: str
    return_to: str | None = None
    section: str = ""


class AccountSession(msgspec.Struct, frozen=True, kw_only=True):
    """The account page in one browser. `session_id` is the app's session whose ticket made it, without which it is over.
    `proven`: somebody signed in at a provider in this very browser; a ticket's link alone may have been opened by anybody.
    Its record has no `last_active_at`; that stands beside the seal."""

    user_id: str
    signed_in_at: int
    begun_at: int
    expires_at: int
    proven: bool
    session_id: str | None = None
    client_id: str | None = None
    return_to: str | None = None


class AccountArrival(msgspec.Struct, frozen=True, kw_only=True):
    """Who came back from a provider for the account page, until the page takes it up."""

    purpose: Purpose
    arrived: Arrived
    asked: tuple[str, ...]
    browser: str


class Discovered(msgspec.Struct, frozen=True, kw_only=True):
    """What a custom issuer's discovery document said, kept so that a start needs no provider up."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    revocation_endpoint: str | None = None
    basic_auth: bool = False  # the token endpoint takes Basic and not the form
    announces_issuer: bool = False  # RFC 9207


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an admin says of a custom provider, where the catalogue or a discovery document says it of others; None: not
    said. `attributes` and `authorization_parameters` are as `broker/providers/custom.py` reads them, `rotation_grace` is in
    seconds, `native_nonce` is what its SDK is handed of a challenge, where people may sign in with it on the device."""

    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    revocation_endpoint: str | None = None
    jwks_uri: str | None = None
    pkce: bool | None = None
    client_auth: Literal["client_secret_post", "client_secret_basic"] | None = None
    token_body: Literal["form", "json"] | None = None
    scope_separator: str | None = None
    authorization_parameters: Mapping[str, str] | None = None
    attributes: Mapping[str, str] | None = None
    native_nonce: NoncePolicy | None = None
    rotates: bool | None = None
    rotation_grace: int | None = None


class ProviderConfiguration(Told, frozen=True, kw_only=True):
    """What an admin set for one provider. `preset` is the catalogue's entry that this is another connection of.
    `credentials` are the values of the provider's fields, secret and sealed in the store; `scopes` None means the
    catalogue's; `additional_scopes` are what an app may ask for beyond them."""

    id: str
    name: str | None = None
    preset: str | None = None
    discovered: Discovered | None = None
    client_id: str = ""
    credentials: Mapping[str, str] = msgspec.field(default_factory=dict)
    scopes: tuple[str, ...] | None = None
    additional_scopes: tuple[str, ...] = ()
    enabled: bool = True
    sign_in: bool = True
    refresh_ahead: bool = False
    created_at: int = 0
    updated_at: int = 0
