"""The way to the providers: everything that leaves this process over HTTP. Answers are hostile until checked."""

import asyncio
import ipaddress
from collections.abc import Callable, Coroutine, Mapping
from importlib import import_module
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
from jwt import PyJWK

from broker.core.errors import OAuthError
from broker.core.grant import renewed
from broker.core.identity import Identity, ProviderTokens
from broker.core.records import Discovered, PendingAuthorization
from broker.providers.attributes import Claims
from broker.providers.credentials import UNUSABLE, Proof, bogus_request, judged
from broker.providers.custom import read_discovery, well_known
from broker.providers.errors import GrantRefused, Unavailable, broken
from broker.providers.id_token import Expected, UnknownKey, verify_id_token
from broker.providers.jwks import KeySets
from broker.providers.provider import Connection
from broker.providers.token_answer import (
    Answer,
    read_json,
    read_refresh,
    read_tokens,
    was_revoked,
    worded,
)
from broker.providers.token_requests import (
    Request,
    code_request,
    exchange_request,
    profile_requests,
    renewal_request,
    revocation_request,
    token_request,
)

Revoked = Literal["revoked", "unsupported", "nothing_to_revoke"]
Checked = TypeVar("Checked")
REFRESH_TIME = 10.0  # seconds for a refresh; giving up early may cost the grant
SECOND_LOOK = 0.5


class Upstream:
    """One shared HTTP session; no redirect is ever followed (CB-08)."""

    def __init__(self, *, development: bool) -> None:
        self._development = development
        self._opened: Any = None  # an Http, once there is something to ask
        self._keys = KeySets(self.get_document)

    async def close(self) -> None:
        if self._opened:
            await self._opened.close()

    async def sign_in(
        self, connection: Connection, pending: PendingAuthorization, code: str, now: int
    ) -> tuple[Identity, ProviderTokens]:
        """Trade the provider's code for tokens and learn who came. Raises OAuthError server_error or
        temporarily_unavailable, whose detail says what was wrong."""
        try:
            said = await self._exchange(connection, pending, code, now)
            tokens = dated(await self._long_lived(connection, read_tokens(said, now), now), connection, now)
            claims = await self._claims(connection, pending.upstream_nonce, tokens, said, now)
            return connection.provider.to_identity(claims), tokens
        except (KeyError, TypeError, ValueError, AttributeError):
            raise broken("the token answer or the profile is of another shape than documented") from None

    async def refresh(self, connection: Connection, tokens: ProviderTokens, now: int) -> ProviderTokens:
        """New tokens for these. Raises GrantRefused, which is for good, or Unavailable, which is not."""
        request = renewal_request(connection, tokens, now)
        if request is None:
            raise GrantRefused("expired")
        try:
            answer = await in_time(self.send(request, patient=True), REFRESH_TIME)
        except Unavailable:
            raise
        except OAuthError as error:
            raise Unavailable(error.detail or error.description, heard=True) from None
        return dated(read_refresh(answer, now, connection.provider), connection, now)

    async def revoke(self, connection: Connection, tokens: ProviderTokens, now: int) -> Revoked:
        """Give the grant back (RFC 7009 section 2). Raises OAuthError."""
        request = revocation_request(connection, tokens, now)
        if request is None:
            return "unsupported"
        ended = was_revoked(await self.send(request), connection.provider.errors)
        return "revoked" if ended else "nothing_to_revoke"

    async def prove(self, connection: Connection, now: int) -> Proof:
        """Whether the connection's credentials are good, with nobody signing in."""
        try:
            answer = await self.send(bogus_request(connection, now))
        except ValueError:
            return UNUSABLE
        except Unavailable as error:
            return Proof("unreachable", f"the provider does not answer: {error.detail}")
        except OAuthError as error:
            return Proof("unclear", f"it is not clear: {error.detail}")
        return judged(answer, connection.provider.errors)

    async def discover(self, issuer: str) -> Discovered:
        """Read a custom issuer's discovery document. Raises OAuthError."""
        self.check_url(issuer)
        found = read_discovery(issuer, await self.get_document(well_known(issuer)))
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
    ) -> Any:
        return await self._told(connection, code_request(connection, code, pending.upstream_verifier, now))

    async def trade(self, connection: Connection, form: Mapping[str, str], now: int) -> ProviderTokens:
        """Tokens for a code that an SDK gave; `form` is what goes with it. Raises OAuthError."""
        request = token_request(connection, {"grant_type": "authorization_code", **form}, now)
        return read_tokens(await self._told(connection, request), now)

    async def _told(self, connection: Connection, request: Request) -> Any:
        """The token answer in the standard's shape. Raises OAuthError, whose detail has the provider's own word."""
        provider, answer = connection.provider, await self.send(request)
        if 400 <= answer.status < 500 and answer.status != 429:
            raise broken(worded(answer, provider.errors))
        said = read_json(answer)
        try:
            return provider.read_answer(said) if provider.read_answer else said
        except (KeyError, TypeError, ValueError, AttributeError):
            raise broken("the token answer is of another shape than documented") from None

    async def _long_lived(self, connection: Connection, tokens: ProviderTokens, now: int) -> ProviderTokens:
        """A sign-in without it would look whole and be over in an hour, so its failure is the sign-in's."""
        request = exchange_request(connection, tokens, now)
        if request is None:
            return tokens
        return renewed(tokens, read_tokens(read_json(await self.send(request)), now))

    async def _claims(
        self, connection: Connection, nonce: str, tokens: ProviderTokens, said: Any, now: int
    ) -> Claims:
        provider = connection.provider
        if provider.issuer is None:
            return {"token": said, **await self._profile(connection, tokens.access_token, said, now)}
        claims = await self._verified_claims(connection, nonce, tokens)
        if provider.userinfo_endpoint is None or ("email" in claims and not provider.thin_id_token):
            return claims
        told = await self._get_json(provider.userinfo_endpoint, tokens.access_token)
        if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
            raise broken("userinfo speaks of another person than the ID token")  # OC-05
        return {**told, **claims}

    async def _profile(self, connection: Connection, access_token: str, said: Any, now: int) -> Claims:
        """The answers of the provider's profile calls, by their names; all are asked at once."""
        requests = profile_requests(connection, access_token, said, now)
        answers = await asyncio.gather(*(self.send(each) for each in requests.values()))
        return {name: read_json(answer) for name, answer in zip(requests, answers, strict=True)}

    async def _verified_claims(
        self, connection: Connection, nonce: str, tokens: ProviderTokens
    ) -> dict[str, Any]:
        provider = connection.provider
        if not provider.issuer or not provider.jwks_uri or not tokens.id_token:
            raise broken("there is no ID token")
        expected = Expected(
            issuers=(provider.issuer,),
            audiences=(connection.client_id,),
            presenters=(connection.client_id,),
            nonce=nonce,
            access_token=tokens.access_token,
            algorithms=provider.algorithms,
        )
        return await self.verified(tokens.id_token, provider.jwks_uri, expected)

    async def verified(self, token: str, jwks_uri: str, expected: Expected) -> dict[str, Any]:
        """The claims of an ID token. Raises OAuthError, whose detail names the failed rule."""
        return await self.with_keys(jwks_uri, lambda keys: verify_id_token(token, keys, expected))

    async def with_keys(self, jwks_uri: str, check: "Callable[[Mapping[str, PyJWK]], Checked]") -> Checked:
        """What `check` makes of the provider's keys; once more with fresh ones when it meets an UnknownKey."""
        try:
            return check(await self._keys.get(jwks_uri))
        except UnknownKey:
            fresh = await self._keys.refetch(jwks_uri)
        try:
            return check(fresh)
        except UnknownKey:
            raise broken("the ID token names an unknown key") from None

    async def send(self, request: Request, *, patient: bool = False) -> Answer:
        """One of the calls of token_requests.py; whatever it answers is an answer. `patient`: the caller bounds its time.
        Raises OAuthError."""
        return await self._request(
            request.method, request.url, request.headers, request.body, patient=patient
        )

    async def get_document(self, url: str) -> Any:
        """Public JSON. Raises OAuthError, whose detail says what was wrong."""
        return read_json(await self._request("GET", url, {}))

    async def _get_json(self, url: str, access_token: str) -> Any:
        return read_json(await self._request("GET", url, {"Authorization": f"Bearer {access_token}"}))

    async def post_json(self, url: str, headers: Mapping[str, str], body: str) -> Answer:
        """Tell a backend something; whatever it answers is an answer. Raises OAuthError."""
        return await self._request("POST", url, {"Content-Type": "application/json", **headers}, body)

    async def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: str | None = None,
        *,
        patient: bool = False,
    ) -> Answer:
        """One call, bounded in time and size (D-06, D-07). Raises OAuthError."""
        self.check_url(url)
        sent = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "mobile-oauth-broker",
        }
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        answer: Answer = await self._http().request(method, url, sent | dict(headers), body, patient=patient)
        return answer

    def _http(self) -> Any:
        if self._opened is None:
            self._opened = import_module("broker.providers.http").Http(public_only=not self._development)
        return self._opened


def dated(tokens: ProviderTokens, connection: Connection, now: int) -> ProviderTokens:
    """An answer without `expires_in`, from a provider whose tokens are known to end, ends as they do."""
    lifetime = connection.lifecycle.access_lifetime
    if tokens.expires_at is not None or lifetime is None:
        return tokens
    return msgspec.structs.replace(tokens, expires_at=now + lifetime)


async def in_time(call: Coroutine[Any, Any, Answer], seconds: float) -> Answer:
    """The answer, or Unavailable. A process that was stopped meanwhile finds its time over and the answer in the socket,
    so it looks once more before it gives up: what is lost here may be a grant."""
    task = asyncio.ensure_future(call)
    try:
        for patience in (seconds, SECOND_LOOK):
            if (await asyncio.wait({task}, timeout=patience))[0]:
                return task.result()
        raise Unavailable("no answer in time", heard=True)
    finally:
        task.cancel()


def is_private_literal(host: str) -> bool:
    """Whether the host needs no look-up to be suspect. An address in another spelling (`127.1`, full-width digits) goes
    past the resolver's check, and no public name is not ASCII or ends in a label that begins with a digit."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        last = host.removesuffix(".").rpartition(".")[2]
        return not host.isascii() or last[:1].isdigit() or last == "localhost"
