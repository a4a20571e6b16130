"""Asking for proof: a new account's address is somebody's already, so the person signs in as that somebody, or says that
they are another. Until then nothing is written down."""

import time
from asyncio import gather
from typing import Any

import msgspec
import structlog
from litestar import Request, post
from litestar.response.base import ASGIResponse

from broker.core.account_rules import Facts, Outcome, Owner, Purpose, judge
from broker.core.errors import ErrorCode, OAuthError
from broker.core.flows import Leg, Reason, StepName
from broker.core.opaque import fingerprint, new_secret
from broker.core.parameters import refused
from broker.core.records import Arrived, PendingProof
from broker.endpoints.admission import Proven, let_on
from broker.endpoints.arrival import find_again, settle, write_down
from broker.endpoints.authorize import known_client, send_off
from broker.endpoints.browser import BrowserCookie
from broker.endpoints.form import read_form
from broker.endpoints.redirect import form_target, form_targets, prove_redirect_uri
from broker.endpoints.refusal import refuse
from broker.endpoints.steps import note, note_death, watched
from broker.pages.page import page
from broker.providers.provider import Connection
from broker.rooms import Given, Rooms
from broker.store.users import Link

log = structlog.get_logger()
APART = Purpose(apart=True)


async def ask_for_proof(
    proven: Proven, connection: Connection, arrived: Arrived, owners: tuple[Owner, ...], rooms: Rooms
) -> ASGIResponse:
    """The page with a button for each way in that the owners of the address have. Raises OAuthError access_denied where
    there is none, and no new user is taken either."""
    choices = await ways_in(owners, rooms)
    alone = Facts(purpose=APART, policy=rooms.settings.accounts, identity=arrived.identity)
    may_part = judge(alone).outcome is not Outcome.REFUSE
    if not choices and not may_part:
        told = "there is an account with this address already, and its way to sign in is switched off here"
        raise OAuthError(ErrorCode.ACCESS_DENIED, told)
    secret, cookie_value = new_secret(), new_secret()
    waiting = PendingProof(
        flow=proven.flow,
        arrived=arrived,
        owners=tuple(each.user_id for each in owners),
        choices=tuple(each.id for each in choices),
        browser=fingerprint(cookie_value),
    )
    await rooms.store.proofs.save(secret, waiting)
    note(proven.flow, StepName.PROOF_ASKED, rooms)
    shown = page(
        proven.request,
        "prove.html",
        sends_to=f"{form_target(proven.target)} {form_targets(choices)}",
        app=proven.client.name,
        provider_name=connection.provider.name,
        email=arrived.identity.email,
        choices=[(each.id, each.provider.name, each.provider.logo) for each in choices],
        may_part=may_part,
        flow=secret,
    )
    shown.headers.add(*BrowserCookie.of(secret, rooms.settings.issuer).give(cookie_value))
    return shown


async def ways_in(owners: tuple[Owner, ...], rooms: Rooms) -> list[Connection]:
    """The connections of these users that are on and may sign in."""
    ids = list(dict.fromkeys(provider for each in owners for provider in each.providers))
    stored = await gather(*map(rooms.store.provider_configurations.find, ids))
    found = (rooms.catalogue.connection(*pair) for pair in zip(ids, stored, strict=True))
    return [each for each in found if each and each.sign_in]


@post("/prove", status_code=303)
async def prove(request: Request[Any, Any, Any], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /prove {flow, provider} or {flow, apart}: take what waits, prove the browser, do what the person chose."""
    form = await read_form(request)
    secret = form.required("flow")
    waiting = await rooms.store.proofs.take(secret)
    cookie = BrowserCookie.of(secret, rooms.settings.issuer)
    if waiting is None:
        raise refused("this choice was already made, or it waited longer than ten minutes")
    if not cookie.is_held_by(request, waiting.browser):
        log.warning("browser_mismatch", client_id=waiting.flow.client_id)
        note(waiting.flow, StepName.DIED, rooms, reason=Reason.BROWSER_MISMATCH)
        raise refused("this sign-in was begun in another browser")
    with watched(waiting.flow, Leg.ACCOUNT, rooms):
        if "apart" in form:
            return await keep_apart(request, waiting, cookie, rooms)
        return await leave_to_prove(waiting, form.required("provider"), rooms)


async def leave_to_prove(waiting: PendingProof, provider: str, rooms: Rooms) -> ASGIResponse:
    """To the provider of the old account, which asks who is there rather than takes whoever is signed in."""
    stored = await rooms.store.provider_configurations.find(provider)
    connection = rooms.catalogue.connection(provider, stored)
    if connection is None or not connection.sign_in or provider not in waiting.choices:
        raise refused("one cannot sign in with this provider here")
    flow = msgspec.structs.replace(
        waiting.flow,
        provider=connection.id,
        provider_scopes=(),
        prompt="select_account",
        consent=False,
        purpose=Purpose(kind="prove", owners=waiting.owners),
        waiting=waiting.arrived,
    )
    return await send_off(flow, connection, rooms)


async def join(
    proven: Proven, connection: Connection, arrived: Arrived, known: Link | None, now: int, rooms: Rooms
) -> ASGIResponse:
    """Somebody came back from the provider of the old account: if it is the old one, the new one is added to its user, and
    the app's flow goes on. Raises OAuthError access_denied."""
    flow, waiting = proven.flow, proven.flow.waiting
    if waiting is None:
        raise OAuthError(
            ErrorCode.SERVER_ERROR, "the broker made a mistake", detail="nothing waits for proof"
        )
    old = await settle(connection, arrived.identity, arrived.tokens, known, now, rooms, flow.purpose)
    its_connection, its_link = await find_again(waiting, rooms)
    adding = Purpose(kind="connect", user_id=old.user_id)
    new = await settle(its_connection, waiting.identity, waiting.tokens, its_link, now, rooms, adding)
    return await let_on(
        proven,
        old.user_id,
        its_connection,
        new.identity,
        now,
        rooms,
        write_down(old, arrived.tokens, connection, now, rooms),
        write_down(new, waiting.tokens, its_connection, now, rooms),
    )


async def keep_apart(
    request: Request[Any, Any, Any], waiting: PendingProof, cookie: BrowserCookie, rooms: Rooms
) -> ASGIResponse:
    """The person is nobody who is here: a new user, where these are taken."""
    now, flow, arrived = int(time.time()), waiting.flow, waiting.arrived
    target, client = await gather(
        prove_redirect_uri(rooms, flow.client_id, flow.redirect_uri),
        rooms.store.clients.find(flow.client_id),
    )
    proven = Proven(request, flow, target, known_client(client), cookie)
    try:
        connection, link = await find_again(arrived, rooms)
        account = await settle(connection, arrived.identity, arrived.tokens, link, now, rooms, APART)
        writing = write_down(account, arrived.tokens, connection, now, rooms)
        return await let_on(proven, account.user_id, connection, account.identity, now, rooms, writing)
    except OAuthError as error:
        log.info("arrival_refused", provider=arrived.provider, detail=error.detail)
        note_death(error, Leg.ACCOUNT, rooms, flow)
        return await refuse(flow, target, error, rooms)
