"""Where providers send people back (RFC 6749 section 4.1.2): one path a connection, posted only where configured."""

import time
from asyncio import gather
from typing import Any

import structlog
from litestar import Request, get, post
from litestar.exceptions import MethodNotAllowedException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist import AllowedRedirectUri, Allowlist
from broker.core.errors import ErrorCode, OAuthError
from broker.core.identity import ExternalAccount, Identity, ProviderTokens
from broker.core.opaque import fingerprint, new_id, new_secret
from broker.core.parameters import Parameters, refused
from broker.core.records import AuthorizationCode, PendingAuthorization, PendingReturn
from broker.endpoints.authorize import known_client, shown_target
from broker.endpoints.browser import BrowserCookie
from broker.endpoints.form import read_form
from broker.endpoints.redirect import prove_redirect_uri
from broker.endpoints.responses import error_to_app, to_app
from broker.pages.page import page
from broker.providers.catalogue import Catalogue
from broker.providers.provider import Connection, with_posted_name
from broker.providers.upstream import Upstream
from broker.room import Room
from broker.settings import Settings
from broker.store import Store

log = structlog.get_logger()


@get("/callback/{provider:str}")
async def callback(
    request: Request[Any, Any, Any],
    provider: FromPath[str],
    settings: Room[Settings],
    allowlist: Room[Allowlist],
    store: Room[Store],
    catalogue: Room[Catalogue],
    upstream: Room[Upstream],
) -> ASGIResponse:
    """GET /callback/{provider}"""
    parameters = Parameters.parse(request.scope["query_string"])
    return await arrive(request, parameters, provider, settings, allowlist, store, catalogue, upstream)


@post("/callback/{provider:str}", status_code=303)
async def posted_callback(
    request: Request[Any, Any, Any],
    provider: FromPath[str],
    settings: Room[Settings],
    allowlist: Room[Allowlist],
    store: Room[Store],
    catalogue: Room[Catalogue],
    upstream: Room[Upstream],
) -> ASGIResponse:
    """POST /callback/{provider} (OAuth 2.0 Form Post Response Mode), for Apple."""
    parameters = await read_form(request)
    return await arrive(request, parameters, provider, settings, allowlist, store, catalogue, upstream)


async def arrive(
    request: Request[Any, Any, Any],
    parameters: Parameters,
    provider: str,
    settings: Settings,
    allowlist: Allowlist,
    store: Store,
    catalogue: Catalogue,
    upstream: Upstream,
) -> ASGIResponse:
    """Take the flow, prove the browser, ask the provider who came, prove the redirect URI anew, hand out the code.

    Until the flow is taken and proven an error is shown here; after that the app gets it.
    """
    now = int(time.time())
    state = parameters.required("state")
    pending, configuration = await gather(
        store.pending.take(state), store.provider_configurations.find(provider)
    )
    connection = check_method(request, catalogue.connection(provider, configuration))
    cookie = BrowserCookie.of(state, settings.issuer)
    flow = check_flow(request, pending, connection, cookie)
    try:
        code = read_code(parameters, connection)
        identity, tokens = await upstream.sign_in(connection, flow, code, now)
        identity = with_posted_name(connection.provider, identity, parameters.get("user"))
    except OAuthError as error:
        log.warning("sign_in_failed", provider=provider, error=str(error), detail=error.detail)
        target = await prove_redirect_uri(allowlist, flow.client_id, flow.redirect_uri)
        return error_to_app(target, flow.state, error, settings.issuer)
    return await admit(flow, connection, identity, tokens, cookie, now, settings, allowlist, store)


def check_method(request: Request[Any, Any, Any], connection: Connection | None) -> Connection:
    """The connection, if its provider comes back this way (CB-09)."""
    if connection is None:
        raise refused("there is no such provider here")
    if (request.method == "POST") != (connection.provider.response_mode == "form_post"):
        raise MethodNotAllowedException
    return connection


def check_flow(
    request: Request[Any, Any, Any],
    pending: PendingAuthorization | None,
    connection: Connection,
    cookie: BrowserCookie,
) -> PendingAuthorization:
    """The flow, if it is alive, this browser's and this provider's. Raises OAuthError, to be shown."""
    if pending is None:
        raise refused("this sign-in was already finished, or it took longer than ten minutes")
    if not cookie.is_held_by(request, pending.browser):
        log.warning("browser_mismatch", provider=connection.id, client_id=pending.client_id)
        raise refused("this sign-in was begun in another browser")
    if pending.provider != connection.id:
        log.warning("provider_mismatch", provider=connection.id, begun_with=pending.provider)
        raise refused("this sign-in was begun with another provider")
    return pending


def read_code(parameters: Parameters, connection: Connection) -> str:
    """The provider's code. Its own error text is mapped to ours and not repeated (CB-06); where it announces `iss`,
    an answer without or with another comes from somebody else (CB-04)."""
    provider = connection.provider
    named = parameters.get("iss")
    if (provider.announces_issuer and named is None) or (named is not None and named != provider.issuer):
        raise OAuthError(ErrorCode.SERVER_ERROR, "the provider's answer was refused", detail="iss")
    match parameters.get("error"):
        case None:
            return parameters.required("code")
        case "access_denied" | "user_cancelled_authorize" | "user_cancelled_login":
            raise OAuthError(ErrorCode.ACCESS_DENIED, "the sign-in was cancelled at the provider")
        case "temporarily_unavailable":
            raise OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, "the provider does not answer now")
        case _:
            raise OAuthError(ErrorCode.SERVER_ERROR, "the provider refused the sign-in", detail="error")


async def admit(
    flow: PendingAuthorization,
    connection: Connection,
    identity: Identity,
    tokens: ProviderTokens,
    cookie: BrowserCookie,
    now: int,
    settings: Settings,
    allowlist: Allowlist,
    store: Store,
) -> ASGIResponse:
    """Prove the redirect URI against the list as it is now (R10), write down who came, and let them on."""
    target, client, known = await gather(
        prove_redirect_uri(allowlist, flow.client_id, flow.redirect_uri),
        store.clients.find(flow.client_id),
        store.users.known(connection.id, identity.subject),
    )
    client = known_client(client)
    link = known or await store.users.link(connection.id, identity.subject, now)
    account = ExternalAccount(
        id=link.account_id,
        user_id=link.user_id,
        provider=connection.id,
        identity=identity,
        scope=tokens.scope or connection.scopes,
        created_at=link.created_at,
        updated_at=now,
    )
    grant = AuthorizationCode(
        user_id=link.user_id,
        session_id=new_id("sess"),
        client_id=client.client_id,
        redirect_uri=flow.redirect_uri,
        code_challenge=flow.code_challenge,
        scope=flow.scope,
        nonce=flow.nonce,
        signed_in_at=now,
    )
    if target.verified_link:
        _, code = await gather(store.users.sign_in(account, tokens, now), store.codes.save(grant))
        return to_app(target, code=code, state=flow.state, iss=settings.issuer, forget_cookie=cookie.forget())
    await store.users.sign_in(account, tokens, now)
    return await ask_to_return(grant, flow.state, target, client.name, connection, identity, settings, store)


async def ask_to_return(
    grant: AuthorizationCode,
    state: str | None,
    target: AllowedRedirectUri,
    app: str,
    connection: Connection,
    identity: Identity,
    settings: Settings,
    store: Store,
) -> ASGIResponse:
    """Any app on the device may have claimed a custom scheme or a loopback port, so the code is not made until a
    person has seen which app gets it and pressed the button (AZ-11, RFC 8252 section 8.6)."""
    secret, cookie_value = new_secret(), new_secret()
    await store.returns.save(
        secret, PendingReturn(grant=grant, state=state, browser=fingerprint(cookie_value))
    )
    shown = page(
        "return_to_app.html",
        sends_to=form_target(target),
        base=settings.base,
        app=app,
        provider_name=connection.provider.name,
        who=identity.email or identity.name or identity.username,
        scope=grant.scope.split(),
        flow=secret,
        returns_to=shown_target(target),
    )
    shown.headers.add(*BrowserCookie.of(secret, settings.issuer).give(cookie_value))
    return shown


def form_target(target: AllowedRedirectUri) -> str:
    """What the page's form may lead to: the app's scheme, or one loopback port."""
    if target.scheme != "http":
        return f"{target.scheme}:"
    return "/".join(target.text.split("/")[:3]).split("?")[0]
