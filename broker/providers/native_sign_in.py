"""Who signed in by a provider's SDK: its ID token checked, and the code beside it traded for tokens."""

from dataclasses import dataclass, field, replace

import msgspec

from broker.core.identity import Identity, ProviderTokens
from broker.providers.attributes import Claims
from broker.providers.errors import broken
from broker.providers.id_token import Expected
from broker.providers.native import Native, SdkCode
from broker.providers.provider import Connection
from broker.providers.upstream import Upstream, dated


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What an app shows of such a sign-in, and what we hold it against. `client_id` is the app's own id on its platform."""

    id_token: str = field(repr=False)
    expected: Expected
    client_id: str
    code: str | None = field(default=None, repr=False)
    sdk_code: SdkCode | None = None


async def arrived(
    upstream: Upstream, connection: Connection, native: Native, shown: Shown, now: int
) -> tuple[Identity, ProviderTokens | None]:
    """Who came, and their tokens if there was a code. Raises OAuthError, whose detail says what was wrong."""
    claims = await upstream.verified(shown.id_token, native.jwks_uri, shown.expected)
    try:
        identity = (native.to_identity or connection.provider.to_identity)(claims)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise broken("the ID token has no usable subject") from None
    if shown.code is None:
        return identity, None
    return identity, await traded(upstream, connection, native, shown, claims, now)


async def traded(
    upstream: Upstream, connection: Connection, native: Native, shown: Shown, claims: Claims, now: int
) -> ProviderTokens:
    """The tokens of the code, if they are the same person's. What the app's own id got, that id alone can renew and
    revoke, so it is remembered with them."""
    if shown.sdk_code is None or shown.code is None:
        raise broken("this SDK gives no code")
    own = shown.sdk_code.client == "app"
    asking = replace(connection, client_id=shown.client_id) if own else connection
    form = {"code": shown.code}
    if shown.sdk_code.redirect_uri is not None:
        form["redirect_uri"] = shown.sdk_code.redirect_uri
    tokens = dated(await upstream.trade(asking, form, now), asking, now)
    expected = replace(
        shown.expected,
        audiences=(asking.client_id,),
        presenters=(asking.client_id, *shown.expected.presenters),
        nonce_may_lack=True,
        access_token=tokens.access_token,
    )
    told = await upstream.verified(tokens.id_token or "", native.jwks_uri, expected)
    if told["sub"] != claims["sub"]:
        raise broken("the code is another person's")
    return msgspec.structs.replace(tokens, client_id=asking.client_id if own else None)
