"""Where providers send people back (RFC 6749 section 4.1.2): one path a connection, posted only where configured."""

import hmac
import time
from asyncio import gather
from typing import Any

import msgspec
import structlog
from litestar import Request, get, post
from litestar.exceptions import MethodNotAllowedException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.core.errors import ErrorCode, OAuthError
from broker.core.flows import Leg, Reason, StepName
from broker.core.identity import ProviderTokens
from broker.core.parameters import Parameters, refused
from broker.core.records import Arrived, PendingAuthorization
from broker.endpoints import connect, prove, to_account
from broker.endpoints.admin_session import let_in
from broker.endpoints.admission import Proven, let_on
from broker.endpoints.arrival import ProofNeeded, settle, write_down
from broker.endpoints.authorize import known_client, send_off
from broker.endpoints.browser import BrowserCookie
from broker.endpoints.form import read_form
from broker.endpoints.reconnect import renew
from broker.endpoints.redirect import prove_redirect_uri
from broker.endpoints.refusal import refuse
from broker.endpoints.steps import note, note_death, watched
from broker.providers.configuring import is_fixed
from broker.providers.provider import Connection, with_posted_name
from broker.rooms import Given, Rooms
from broker.store.grants import Ref
from broker.store.users import Link

log = structlog.get_logger()


@get("/callback/{provider:str}")
async def callback(
    request: Request[Any, Any, Any], provider: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """GET /callback/{provider}"""
    parameters = Parameters.parse(request.scope["query_string"])
    return await arrive(request, parameters, provider, rooms)


@post("/callback/{provider:str}", status_code=303)
async def posted_callback(
    request: Request[Any, Any, Any], provider: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST /callback/{provider} (OAuth 2.0 Form Post Response Mode), for Apple."""
    parameters = await read_form(request)
    return await arrive(request, parameters, provider, rooms)


async def arrive(
    request: Request[Any, Any, Any], parameters: Parameters, provider: str, rooms: Rooms
) -> ASGIResponse:
    """Take the flow, prove the browser, ask the provider who came, prove the redirect URI anew, hand out the code.

    Until the flow is taken and proven an error is shown here; after that the app gets it, if it was an app that asked.
    """
    now = int(time.time())
    state = parameters.required("state")
    pending, configuration = await gather(
        rooms.store.pending.take(state), rooms.store.provider_configurations.find(provider)
    )
    connection = check_method(request, rooms.catalogue.connection(provider, configuration))
    cookie = BrowserCookie.of(state, rooms.settings.issuer)
    flow = check_flow(request, pending, connection, cookie, rooms)
    note(flow, StepName.BACK, rooms)
    try:
        arrived = await learn_who_came(parameters, flow, connection, now, rooms)
    except OAuthError as error:
        log.warning("sign_in_failed", provider=provider, error=str(error), detail=error.detail)
        if flow.purpose.of_account_page:
            return to_account.turn_back(flow, error, cookie, rooms)
        if flow.purpose.kind in ("reconnect", "dashboard"):
            raise
        target = await prove_redirect_uri(rooms, flow.client_id, flow.redirect_uri)
        return await refuse(flow, target, error, rooms)
    if flow.purpose.kind == "dashboard":
        return await let_in(request, arrived.identity, is_fixed(configuration), cookie, now, rooms)
    if flow.purpose.of_account_page:
        return await to_account.carry(flow, arrived, cookie, rooms)
    with watched(flow, Leg.ACCOUNT, rooms):
        if flow.purpose.kind == "reconnect":
            return await renew(request, flow, connection, arrived, cookie, now, rooms)
        return await admit(request, flow, connection, arrived, cookie, now, rooms)


async def learn_who_came(
    parameters: Parameters, flow: PendingAuthorization, connection: Connection, now: int, rooms: Rooms
) -> Arrived:
    """Raises OAuthError."""
    with watched(flow, Leg.PROVIDER, rooms):
        code = read_code(parameters, connection)
        identity, tokens = await rooms.upstream.sign_in(connection, flow, code, now)
        identity = with_posted_name(connection.provider, identity, parameters.get("user"))
    tokens = with_scope(tokens, connection, flow)
    return Arrived(provider=connection.id, identity=identity, tokens=tokens)


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
    rooms: Rooms,
) -> PendingAuthorization:
    """The flow, if it is alive, this browser's and this provider's. Raises OAuthError, to be shown."""
    if pending is None:
        rooms.store.flows.died("", Reason.EXPIRED, provider=connection.id)
        raise refused("this sign-in was already finished, or it took longer than ten minutes")
    if not cookie.is_held_by(request, pending.browser):
        log.warning("browser_mismatch", provider=connection.id, client_id=pending.client_id)
        note(pending, StepName.DIED, rooms, reason=Reason.BROWSER_MISMATCH)
        raise refused("this sign-in was begun in another browser")
    if pending.provider != connection.id:
        log.warning("provider_mismatch", provider=connection.id, begun_with=pending.provider)
        note(pending, StepName.DIED, rooms, reason=Reason.PROVIDER_MISMATCH)
        raise refused("this sign-in was begun with another provider")
    return pending


def read_code(parameters: Parameters, connection: Connection) -> str:
    """The provider's code. Its own error text is mapped to ours and not repeated (CB-06); where it announces `iss`,
    an answer without or with another comes from somebody else (CB-04)."""
    named, expected = parameters.get("iss"), connection.provider.fixed_issuer
    missing = connection.provider.announces_issuer and named is None
    if missing or (expected and named not in (None, expected)):
        raise OAuthError(ErrorCode.SERVER_ERROR, "the provider's answer was refused", detail="iss")
    error = parameters.get("error")
    match error and error.lower():  # LINE shouts
        case None:
            check_proof(parameters, connection)
            return parameters.required("code")
        case "access_denied" | "user_cancelled_authorize" | "user_cancelled_login":
            raise OAuthError(ErrorCode.ACCESS_DENIED, "the sign-in was cancelled at the provider")
        case "temporarily_unavailable":
            raise OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, "the provider does not answer now")
        case _:
            raise OAuthError(ErrorCode.SERVER_ERROR, "the provider refused the sign-in", detail="error")


def check_proof(parameters: Parameters, connection: Connection) -> None:
    """Where a provider signs its callback (Shopify), one that is not signed by it comes from somebody else."""
    proof = connection.provider.callback_proof
    shown = parameters.get("hmac", "").encode()
    if proof and not hmac.compare_digest(proof(connection, parameters).encode(), shown):
        raise OAuthError(ErrorCode.SERVER_ERROR, "the provider's answer was refused", detail="hmac")


async def admit(
    request: Request[Any, Any, Any],
    flow: PendingAuthorization,
    connection: Connection,
    arrived: Arrived,
    cookie: BrowserCookie,
    now: int,
    rooms: Rooms,
) -> ASGIResponse:
    """Prove the redirect URI against the list as it is now (R10), and do with who came what the flow was begun for."""
    target, client, known = await gather(
        prove_redirect_uri(rooms, flow.client_id, flow.redirect_uri),
        rooms.store.clients.find(flow.client_id),
        rooms.store.users.known(connection.id, arrived.identity.subject),
    )
    proven = Proven(request, flow, target, known_client(client), cookie)
    if await lacks_refresh_token(flow, connection, known, arrived.tokens, rooms):
        log.info("consent_asked_again", provider=connection.id)
        return await send_off(msgspec.structs.replace(flow, consent=True), connection, rooms)
    try:
        match flow.purpose.kind:
            case "connect":
                return await connect.hold(proven, connection, arrived, known, now, rooms)
            case "prove":
                return await prove.join(proven, connection, arrived, known, now, rooms)
            case _:
                return await sign_in(proven, connection, arrived, known, now, rooms)
    except OAuthError as error:
        log.warning("arrival_refused", provider=connection.id, error=str(error), detail=error.detail)
        note_death(error, Leg.ACCOUNT, rooms, flow)
        return await refuse(flow, target, error, rooms)


async def sign_in(
    proven: Proven, connection: Connection, arrived: Arrived, known: Link | None, now: int, rooms: Rooms
) -> ASGIResponse:
    """Write down who came and let them on; or ask for proof first. Raises OAuthError access_denied."""
    identity, tokens = arrived.identity, arrived.tokens
    try:
        account = await settle(connection, identity, tokens, known, now, rooms)
    except ProofNeeded as needed:
        return await prove.ask_for_proof(proven, connection, arrived, needed.owners, rooms)
    writing = write_down(account, tokens, connection, now, rooms)
    return await let_on(proven, account.user_id, connection, account.identity, now, rooms, writing)


async def lacks_refresh_token(
    flow: PendingAuthorization,
    connection: Connection,
    known: Link | None,
    tokens: ProviderTokens,
    rooms: Rooms,
) -> bool:
    """Google gives a refresh token at the first consent only. Where it gave none and we hold none that lives, the person
    is asked for consent once more, and only then: asked every time, they would be right to wonder."""
    if flow.consent or tokens.refresh_token or not connection.lifecycle.consent_params:
        return False
    if known is None:
        return True
    ref = Ref(known.user_id, connection.id, known.account_id)
    return not await rooms.store.grants.holds_refresh_token(ref)


def with_scope(tokens: ProviderTokens, connection: Connection, flow: PendingAuthorization) -> ProviderTokens:
    """An answer that names no scope granted what was asked (RFC 6749 section 5.1)."""
    asked = tuple(dict.fromkeys((*connection.scopes, *flow.provider_scopes)))
    return tokens if tokens.scope else msgspec.structs.replace(tokens, scope=asked)
