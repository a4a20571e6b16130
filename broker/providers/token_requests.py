"""What is said to a token endpoint, and the calls about a token that is ours: who came with it, a long-lived one for it,
renew it, give it back. Pure: a value each, which upstream.py sends.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote, quote_plus, urlencode

import msgspec

from broker.core.identity import ProviderTokens
from broker.providers.attributes import at
from broker.providers.calls import TokenCall
from broker.providers.provider import Connection, filled

FORM = "application/x-www-form-urlencoded"
ANSWER = re.compile(r"\{answer\.([^}]+)\}")


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request. Some providers take a token in the URL, so nothing but the method is ever shown."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: str | None = field(default=None, repr=False)


def code_request(connection: Connection, code: str, verifier: str, now: int) -> Request:
    """The provider's code for its tokens (RFC 6749 section 4.1.3)."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": connection.callback}
    if connection.provider.pkce:
        form["code_verifier"] = verifier
    return token_request(connection, form, now)


def profile_requests(connection: Connection, access_token: str, said: Any, now: int) -> dict[str, Request]:
    """Who came, where no ID token says it; by the name under which the answer is read. `{answer.path}` in a parameter is
    what stands at that path of the token answer `said`."""
    return {
        name: own_call(with_answer(call, said), connection, access_token, now)
        for name, call in connection.provider.profile.items()
    }


def with_answer(call: TokenCall, said: Any) -> TokenCall:
    if not any("{answer." in str(each) for each in call.parameters.values()):
        return call
    parameters = {
        name: ANSWER.sub(lambda found: str(at(said, found[1]) or ""), each) if isinstance(each, str) else each
        for name, each in call.parameters.items()
    }
    return replace(call, parameters=parameters)


def exchange_request(connection: Connection, tokens: ProviderTokens, now: int) -> Request | None:
    """A long-lived access token for the short-lived one of a sign-in; None: this provider has no such step."""
    call = connection.lifecycle.exchange
    return own_call(call, connection, tokens.access_token, now) if call else None


def renewal_request(connection: Connection, tokens: ProviderTokens, now: int) -> Request | None:
    """New tokens for what we hold; None: nothing that we hold gets any."""
    connection = issued_to(connection, tokens)
    lifecycle = connection.lifecycle
    if lifecycle.renewal_call:
        over = tokens.expires_at is not None and tokens.expires_at <= now
        return None if over else own_call(lifecycle.renewal_call, connection, tokens.access_token, now)
    if tokens.refresh_token is None:
        return None
    return token_request(
        connection, {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}, now
    )


def revocation_request(connection: Connection, tokens: ProviderTokens, now: int) -> Request | None:
    """The grant given back; None: the provider has no call for it, or none that takes what we hold.

    Where a refresh token is asked for and we hold none, the access token is better than nothing (RFC 7009 section 2).
    """
    connection = issued_to(connection, tokens)
    lifecycle, endpoint = connection.lifecycle, connection.provider.revocation_endpoint
    if lifecycle.revokes is None:
        return None
    refresh_token = tokens.refresh_token if lifecycle.revokes == "refresh_token" else None
    token = refresh_token or tokens.access_token
    if lifecycle.revocation_call:
        return own_call(lifecycle.revocation_call, connection, token, now)
    if endpoint is None:
        return None
    hint = "refresh_token" if refresh_token else "access_token"
    headers, secret = authenticate(connection, now)
    body, content_type = encoded({"token": token, "token_type_hint": hint, **secret}, "form")
    return Request(method="POST", url=endpoint, headers={**headers, **content_type}, body=body)


def issued_to(connection: Connection, tokens: ProviderTokens) -> Connection:
    """The connection, as the client that the tokens were given to; a minted secret is then that client's too."""
    return replace(connection, client_id=tokens.client_id) if tokens.client_id else connection


def token_request(connection: Connection, said: Mapping[str, str], now: int) -> Request:
    """POST to the token endpoint, as this provider wants to be spoken to."""
    provider = connection.provider
    headers, secret = authenticate(connection, now)
    body, content_type = encoded({**said, **secret}, provider.token_body)
    return Request(
        method="POST",
        url=provider.token_endpoint,
        headers={**provider.token_headers, **headers, **content_type},
        body=body,
    )


def own_call(call: TokenCall, connection: Connection, token: str, now: int) -> Request:
    """A call of the provider's own making."""
    secret = connection.client_secret(now) or ""
    values = {
        "client_id": connection.client_id,
        "client_secret": secret,
        "token": token,
        "appsecret_proof": appsecret_proof(token, secret),
    }
    sent = {
        name: filled(value, values) if isinstance(value, str) else value
        for name, value in call.parameters.items()
    }
    url = filled(call.url, {"client_id": quote(connection.client_id, safe="")})
    headers = {name: filled(value, values) for name, value in call.headers.items()}
    if call.authorization != "none":
        shown = basic(connection.client_id, secret) if call.authorization == "basic" else f"Bearer {token}"
        headers["Authorization"] = shown
    if call.place == "query":
        return Request(method=call.method, url=f"{url}?{urlencode(sent)}" if sent else url, headers=headers)
    body, content_type = encoded(sent, call.place) if sent else (None, {})
    return Request(method=call.method, url=url, headers={**headers, **content_type}, body=body)


def encoded(said: Mapping[str, Any], place: Literal["form", "json"]) -> tuple[str, dict[str, str]]:
    """A body and the header that names its kind."""
    if place == "json":
        return msgspec.json.encode(said).decode(), {"Content-Type": "application/json"}
    return urlencode(said), {"Content-Type": FORM}


def authenticate(connection: Connection, now: int) -> tuple[dict[str, str], dict[str, str]]:
    """How we prove ourselves at the token endpoint: headers, form fields."""
    secret = connection.client_secret(now)
    if connection.provider.client_auth == "client_secret_basic" and secret:
        return {"Authorization": basic(connection.client_id, secret)}, {}
    named = {connection.provider.client_id_parameter: connection.client_id}
    return {}, named | ({"client_secret": secret} if secret else {})


def basic(client_id: str, secret: str) -> str:
    """Both halves are form-encoded first (RFC 6749 section 2.3.1); Authlib leaves that out."""
    return f"Basic {b64encode(f'{quote_plus(client_id)}:{quote_plus(secret)}'.encode()).decode()}"


def appsecret_proof(token: str, secret: str) -> str:
    """Meta's proof that a call about a token comes from the app's own server."""
    return hmac.new(secret.encode(), token.encode(), "sha256").hexdigest()
