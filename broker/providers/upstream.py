"""The way to the providers: everything that leaves this process over HTTP. Answers are hostile until checked."""

import ipaddress
from base64 import b64encode
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import quote_plus, urlsplit

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request

from broker.core.identity import Identity, ProviderTokens
from broker.core.pkce import challenge_of
from broker.core.records import Discovered, PendingAuthorization
from broker.providers.custom import read_discovery, well_known
from broker.providers.errors import broken, unavailable
from broker.providers.id_token import Expected, UnknownKey, verify_id_token
from broker.providers.jwks import KeySets
from broker.providers.provider import Claims, Connection


class Upstream:
    """One shared HTTP session; no redirect is ever followed (CB-08)."""

    def __init__(self, *, development: bool) -> None:
        self._development = development
        self._opened: Any = None  # an Http, once there is something to ask
        self._keys = KeySets(self._get_document)

    async def close(self) -> None:
        if self._opened:
            await self._opened.close()

    async def sign_in(
        self, connection: Connection, pending: PendingAuthorization, code: str, now: int
    ) -> tuple[Identity, ProviderTokens]:
        """Trade the provider's code for tokens and learn who came. Raises OAuthError server_error or
        temporarily_unavailable, whose detail says what was wrong."""
        tokens = await self._exchange(connection, pending, code, now)
        try:
            claims = await self._claims(connection, pending.upstream_nonce, tokens)
            return connection.provider.to_identity(claims), tokens
        except (KeyError, TypeError, ValueError, AttributeError):
            raise broken("the profile has no usable subject") from None

    async def discover(self, issuer: str) -> Discovered:
        """Read a custom issuer's discovery document. Raises OAuthError."""
        self.check_url(issuer)
        found = read_discovery(issuer, await self._get_document(well_known(issuer)))
        for url in filter(
            None,
            (
                *(found.authorization_endpoint, found.token_endpoint, found.jwks_uri),
                *(found.userinfo_endpoint, found.revocation_endpoint),
            ),
        ):
            self.check_url(url)
        return found

    def check_url(self, url: str) -> None:
        """Raises OAuthError unless it is https to a place that is not evidently private. Development takes loopback."""
        try:
            parts = urlsplit(url)
        except ValueError:
            raise broken(f"{url} is not an https URL") from None
        if self._development and parts.hostname in ("127.0.0.1", "localhost", "::1"):
            return
        if parts.scheme != "https" or not parts.hostname or parts.username is not None:
            raise broken(f"{url} is not an https URL")
        if is_private_literal(parts.hostname):
            raise broken(f"{url} is not a public address")

    async def _exchange(
        self, connection: Connection, pending: PendingAuthorization, code: str, now: int
    ) -> ProviderTokens:
        provider = connection.provider
        form = {"code": code, "redirect_uri": connection.callback}
        if provider.pkce:
            form["code_verifier"] = pending.upstream_verifier
        headers, secret = authenticate(connection, now)
        body = prepare_token_request("authorization_code", **form, **secret)
        answer = await self._request("POST", provider.token_endpoint, headers, body)
        return read_tokens(answer, now)

    async def _claims(self, connection: Connection, nonce: str, tokens: ProviderTokens) -> Claims:
        provider = connection.provider
        if provider.fetch_profile:
            return await provider.fetch_profile(self._get_json, provider, tokens.access_token)
        claims = await self._verified_claims(connection, nonce, tokens)
        if provider.userinfo_endpoint is None or "email" in claims:
            return claims
        said = await self._get_json(provider.userinfo_endpoint, tokens.access_token)
        if not isinstance(said, dict) or said.get("sub") != claims["sub"]:
            raise broken("userinfo speaks of another person than the ID token")  # OC-05
        return {**said, **claims}

    async def _verified_claims(
        self, connection: Connection, nonce: str, tokens: ProviderTokens
    ) -> dict[str, Any]:
        provider = connection.provider
        if not provider.issuer or not provider.jwks_uri or not tokens.id_token:
            raise broken("there is no ID token")
        expected = Expected(
            issuer=provider.issuer,
            client_id=connection.client_id,
            nonce=nonce,
            access_token=tokens.access_token,
            algorithms=provider.algorithms,
        )
        try:
            return verify_id_token(tokens.id_token, await self._keys.get(provider.jwks_uri), expected)
        except UnknownKey:
            fresh = await self._keys.refetch(provider.jwks_uri)
        try:
            return verify_id_token(tokens.id_token, fresh, expected)
        except UnknownKey:
            raise broken("the ID token names an unknown key") from None

    async def _get_document(self, url: str) -> Any:
        return await self._request("GET", url, {})

    async def _get_json(self, url: str, access_token: str) -> Any:
        return await self._request("GET", url, {"Authorization": f"Bearer {access_token}"})

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None = None
    ) -> Any:
        """One call, bounded in time and size (D-06, D-07). Raises OAuthError."""
        self.check_url(url)
        sent = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "mobile-oauth-broker",
        }
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        status, content = await self._http().request(method, url, sent | dict(headers), body)
        return decode(status, content)

    def _http(self) -> Any:
        if self._opened is None:
            self._opened = import_module("broker.providers.http").Http(public_only=not self._development)
        return self._opened


def authorization_url(
    connection: Connection,
    pending: PendingAuthorization,
    state: str,
    prompt: str | None,
    provider_scopes: tuple[str, ...],
) -> str:
    """Where the browser goes. Of the app's parameters only a known prompt and allowed scopes reach the provider."""
    provider = connection.provider
    asked = set((prompt or "").split()) & set(provider.prompts)
    extra = {
        **provider.authorization_params,
        "nonce": pending.upstream_nonce if provider.issuer else None,
        "response_mode": provider.response_mode if provider.response_mode != "query" else None,
        "code_challenge": challenge_of(pending.upstream_verifier) if provider.pkce else None,
        "code_challenge_method": "S256" if provider.pkce else None,
        "prompt": " ".join(sorted(asked)) or None,
    }
    scopes = dict.fromkeys((*connection.scopes, *provider_scopes))
    url: str = prepare_grant_uri(
        provider.authorization_endpoint,
        connection.client_id,
        "code",
        connection.callback,
        provider.scope_separator.join(scopes),
        state,
        **extra,
    )
    return url


def authenticate(connection: Connection, now: int) -> tuple[dict[str, str], dict[str, str]]:
    """How we prove ourselves at the token endpoint: headers, form fields. Both halves of Basic are form-encoded
    first (RFC 6749 section 2.3.1); Authlib leaves that out."""
    secret = connection.client_secret(now)
    if connection.provider.client_auth == "client_secret_basic" and secret:
        joined = f"{quote_plus(connection.client_id)}:{quote_plus(secret)}"
        return {"Authorization": f"Basic {b64encode(joined.encode()).decode()}"}, {}
    return {}, {"client_id": connection.client_id} | ({"client_secret": secret} if secret else {})


def read_tokens(answer: Any, now: int) -> ProviderTokens:
    """A token answer (RFC 6749 section 5.1). GitHub says `error` with status 200."""
    if not isinstance(answer, dict) or "error" in answer or not isinstance(answer.get("access_token"), str):
        raise broken("the token endpoint gave no access token")
    expires_in = answer.get("expires_in")
    try:
        return ProviderTokens(
            access_token=answer["access_token"],
            token_type=str(answer.get("token_type") or "Bearer"),
            refresh_token=optional_text(answer, "refresh_token"),
            id_token=optional_text(answer, "id_token"),
            expires_at=now + min(int(expires_in), 10**9) if expires_in is not None else None,
            scope=tuple(str(answer.get("scope") or "").replace(",", " ").split()),
        )
    except (TypeError, ValueError, OverflowError):
        raise broken("the token answer is malformed") from None


def optional_text(answer: dict[str, Any], name: str) -> str | None:
    value = answer.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(name)
    return value


def decode(status: int, content: bytes) -> Any:
    """A good answer's JSON. 5xx and 429 pass, so try again later; everything else is wrong."""
    if status >= 500 or status == 429:
        raise unavailable(f"status {status}")
    if status != 200:
        raise broken(f"status {status}")
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise broken("the answer is not JSON") from None


def is_private_literal(host: str) -> bool:
    """Whether the host needs no look-up to be suspect. An address in another spelling (`127.1`, full-width digits) goes
    past the resolver's check, and no public name is not ASCII or ends in a label that begins with a digit."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        last = host.removesuffix(".").rpartition(".")[2]
        return not host.isascii() or last[:1].isdigit() or last == "localhost"
