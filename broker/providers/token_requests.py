"""The calls about a token that is already ours: trade it for a long-lived one, renew it, give it back. Pure: a value
each, which upstream.py sends.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, quote_plus, urlencode

import msgspec

from broker.core.identity import ProviderTokens
from broker.providers.lifecycle import TokenCall
from broker.providers.provider import Connection

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request. Some providers take a token in the URL, so nothing but the method is ever shown."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: str | None = field(default=None, repr=False)


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
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    return authenticated_form(connection, connection.provider.token_endpoint, form, now)


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
    return authenticated_form(connection, endpoint, {"token": token, "token_type_hint": hint}, now)


def issued_to(connection: Connection, tokens: ProviderTokens) -> Connection:
    """The connection, as the client that the tokens were given to; a minted secret is then that client's too."""
    return replace(connection, client_id=tokens.client_id) if tokens.client_id else connection


def authenticated_form(connection: Connection, url: str, form: Mapping[str, str], now: int) -> Request:
    headers, secret = authenticate(connection, now)
    body = urlencode({**form, **secret})
    return Request(method="POST", url=url, headers={**headers, "Content-Type": FORM}, body=body)


def own_call(call: TokenCall, connection: Connection, token: str, now: int) -> Request:
    """A call of the provider's own making."""
    secret = connection.client_secret(now) or ""
    values = {
        "client_id": connection.client_id,
        "client_secret": secret,
        "token": token,
        "appsecret_proof": appsecret_proof(token, secret),
    }
    sent = {name: value.format_map(values) for name, value in call.parameters.items()}
    url = call.url.format(client_id=quote(connection.client_id, safe=""))
    headers = {
        "none": {},
        "basic": {"Authorization": basic(connection.client_id, secret)},
        "bearer": {"Authorization": f"Bearer {token}"},
    }[call.authorization]
    if call.place == "query":
        return Request(method=call.method, url=f"{url}?{urlencode(sent)}", headers=headers)
    if call.place == "json":
        body, content_type = msgspec.json.encode(sent).decode(), "application/json"
    else:
        body, content_type = urlencode(sent), FORM
    return Request(method=call.method, url=url, headers={**headers, "Content-Type": content_type}, body=body)


def authenticate(connection: Connection, now: int) -> tuple[dict[str, str], dict[str, str]]:
    """How we prove ourselves at the token endpoint: headers, form fields."""
    secret = connection.client_secret(now)
    if connection.provider.client_auth == "client_secret_basic" and secret:
        return {"Authorization": basic(connection.client_id, secret)}, {}
    return {}, {"client_id": connection.client_id} | ({"client_secret": secret} if secret else {})


def basic(client_id: str, secret: str) -> str:
    """Both halves are form-encoded first (RFC 6749 section 2.3.1); Authlib leaves that out."""
    return f"Basic {b64encode(f'{quote_plus(client_id)}:{quote_plus(secret)}'.encode()).decode()}"


def appsecret_proof(token: str, secret: str) -> str:
    """Meta's proof that a call about a token comes from the app's own server."""
    return hmac.new(secret.encode(), token.encode(), "sha256").hexdigest()
