"""An app as the broker knows it (RFC 6749 section 2), and how it proves itself at the token endpoint."""

import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from typing import Literal
from urllib.parse import unquote_plus

import msgspec

from broker.core.challenge import Platform
from broker.core.embedded_webview import WebviewPolicy
from broker.core.errors import ErrorCode, OAuthError
from broker.core.opaque import fingerprint
from broker.core.parameters import Parameters

DEFAULT_CLIENT = "default"
SCOPES = ("openid", "profile", "email", "offline_access")
UNASKED = "profile email"  # the scope of a request that names none: no id_token that nobody wanted

ClientType = Literal["public", "confidential"]
TokenProfile = Literal["rfc9068", "clerk"]


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A registered app. `secret_fingerprint` stands where a confidential client's secret would. `native_client_ids` are the
    app's own ids at providers, by provider and platform: whose ID tokens it may show us."""

    client_id: str
    name: str
    type: ClientType = "public"
    development: bool = False
    web_origins: tuple[str, ...] = ()
    token_profile: TokenProfile = "rfc9068"
    webview_policy: WebviewPolicy = "warn"
    scopes: tuple[str, ...] = SCOPES
    native_client_ids: dict[str, dict[Platform, str]] = {}
    secret_fingerprint: str | None = None
    created_at: int
    updated_at: int


class PresentedCredentials(msgspec.Struct, frozen=True):
    """Who the request says it is, and the secret it showed, if any."""

    client_id: str
    secret: str | None


def presented_credentials(authorization: str | None, form: Parameters) -> PresentedCredentials:
    """Read client authentication (RFC 6749 section 2.3.1): Basic, or the form; never both (TK-14).

    Raises OAuthError invalid_request or invalid_client.
    """
    if authorization is None:
        return PresentedCredentials(form.required("client_id"), form.get("client_secret"))
    basic = read_basic(authorization)
    if "client_secret" in form:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "client_secret is given in the header and in the body")
    if form.get("client_id", basic.client_id) != basic.client_id:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "client_id differs between the header and the body")
    return basic


def read_basic(authorization: str) -> PresentedCredentials:
    """Both halves are form-encoded before they are joined (section 2.3.1), so `:` inside one survives."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise OAuthError(ErrorCode.INVALID_CLIENT, "the Authorization header must be Basic")
    try:
        client_id, found, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (NotBase64, ValueError):
        raise OAuthError(ErrorCode.INVALID_CLIENT, "the Authorization header is not readable") from None
    if not found:
        raise OAuthError(ErrorCode.INVALID_CLIENT, "the Authorization header is not readable")
    return PresentedCredentials(unquote_plus(client_id), unquote_plus(secret))


def authenticate(client: Client | None, presented: PresentedCredentials) -> Client:
    """The client, proven. Unknown and wrong look alike (TK-13). Raises OAuthError invalid_client."""
    if client is None or not proves(client, presented.secret):
        raise OAuthError(ErrorCode.INVALID_CLIENT, "client authentication failed")
    return client


def proves(client: Client, secret: str | None) -> bool:
    """A public client has no secret to ask for; holding the code or token is its proof, with PKCE beside it."""
    if client.type == "public":
        return not secret
    return client.secret_fingerprint is not None and hmac.compare_digest(
        fingerprint(secret or ""), client.secret_fingerprint
    )
