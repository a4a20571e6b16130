"""Sign-ins and sign-ups: /v1/client/sign_ins, /v1/client/sign_ups. Here they are one: who comes for the first time is signed
up, who came before is signed in, and neither has to be transferred."""

import msgspec
from litestar import route
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist.wire import ApiError
from broker.clerk import redeem
from broker.clerk.begin import begin
from broker.clerk.call import AnyRequest, Call, wrong_method
from broker.clerk.errors import signed_out
from broker.clerk.objects import Shown, answer, sign_in, sign_up
from broker.core.attempts import Attempt, Kind, new_attempt
from broker.rooms import Given, Rooms

POST = [HttpMethod.POST]
ONE = [HttpMethod.GET, HttpMethod.POST, HttpMethod.PATCH]
NATIVE = ("oauth_token_", "google_one_tap")


@route("/client/sign_ins", http_method=POST, status_code=200)
async def sign_in_attempts(
    request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST /v1/client/sign_ins {strategy, redirect_url} or {transfer}"""
    return await start("sign_in", await Call.read(request, client_id, rooms), rooms)


@route("/client/sign_ups", http_method=POST, status_code=200)
async def sign_up_attempts(
    request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """POST /v1/client/sign_ups {strategy, redirect_url} or {transfer}"""
    return await start("sign_up", await Call.read(request, client_id, rooms), rooms)


@route("/client/sign_ins/{attempt_id:str}", http_method=ONE, status_code=200)
async def sign_in_attempt(
    request: AnyRequest, client_id: FromPath[str], attempt_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """GET /v1/client/sign_ins/{id}?rotating_token_nonce=..."""
    return await proceed("sign_in", attempt_id, await Call.read(request, client_id, rooms), rooms)


@route("/client/sign_ups/{attempt_id:str}", http_method=ONE, status_code=200)
async def sign_up_attempt(
    request: AnyRequest, client_id: FromPath[str], attempt_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """GET /v1/client/sign_ups/{id}?rotating_token_nonce=...; PATCH changes nothing, since nothing is missing."""
    return await proceed("sign_up", attempt_id, await Call.read(request, client_id, rooms), rooms)


async def start(kind: Kind, call: Call, rooms: Rooms) -> ASGIResponse:
    if call.method != "POST":
        raise wrong_method()
    if call.form.get("transfer") == "true":
        return await answer(call, shown(call, transferred(kind, call), rooms), rooms)
    attempt = new_attempt(kind, provider_of(call), call.now)
    after, new_token = await begin(call, attempt, rooms)
    return await answer(after, shown(after, attempt, rooms), rooms, new_token=new_token)


async def proceed(kind: Kind, attempt_id: str, call: Call, rooms: Rooms) -> ASGIResponse:
    """How the attempt stands; with its nonce, its end."""
    nonce = call.query.get("rotating_token_nonce")
    if call.method not in ("GET", "PATCH") or (nonce and call.method != "GET"):
        raise wrong_method()
    if nonce and call.outdated:
        await redeem.end_outdated(nonce, call, rooms)
        raise signed_out()
    attempt = call.attempt(attempt_id)
    if attempt.kind != kind:
        raise ApiError(404, "resource_not_found", "this device has no such attempt")
    if not nonce:
        return await answer(call, shown(call, attempt, rooms), rooms)
    return await finish(nonce, attempt, call, rooms)


async def finish(nonce: str, attempt: Attempt, call: Call, rooms: Rooms) -> ASGIResponse:
    failure = await redeem.failed(nonce, attempt, rooms)
    if failure and call.device:
        await rooms.store.devices.begin(call.device, failure)
        after = call.on(msgspec.structs.replace(call.device, attempt=failure), call.token)
        return await answer(after, shown(after, failure, rooms), rooms)
    granted = await redeem.find_granted(nonce, attempt, call, rooms)
    after, token = await redeem.sign_in(nonce, granted, call, rooms)
    done = after.attempt(attempt.id)
    return await answer(after, shown(after, done, rooms), rooms, new_token=token)


def shown(call: Call, attempt: Attempt, rooms: Rooms) -> Shown:
    return sign_in(call, attempt, rooms) if attempt.kind == "sign_in" else sign_up(call, attempt, rooms)


def transferred(kind: Kind, call: Call) -> Attempt:
    """The other kind's attempt, which ended in a session already, in this kind's words. Raises ApiError."""
    attempt = call.device.attempt if call.device else None
    other = "sign_up" if kind == "sign_in" else "sign_in"
    if attempt is None or attempt.kind != other or not attempt.done or attempt.error:
        raise ApiError(400, "account_transfer_invalid", "there is nothing to transfer")
    name = new_attempt(kind, attempt.provider, call.now).id
    return msgspec.structs.replace(attempt, id=name, kind=kind)


def provider_of(call: Call) -> str:
    """The provider that the strategy names. Raises ApiError."""
    strategy = call.form.get("strategy", "")
    if strategy.startswith(NATIVE):
        told = (
            "an ID token is taken at /token with a nonce of ours (docs/native.md): the one in this token was made on the"
            " device and told to nobody, so it proves nothing"
        )
        raise ApiError(422, "form_param_value_invalid", told, param="strategy")
    if not strategy.startswith("oauth_"):
        told = "strategy is oauth_ and a provider: there is no other way to sign in here"
        raise ApiError(422, "form_param_value_invalid", told, param="strategy")
    return strategy.removeprefix("oauth_")
