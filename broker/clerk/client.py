"""The device, which is a `client` here: /v1/client."""

from asyncio import gather

from litestar import route
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.clerk import hosted_auth
from broker.clerk.call import AnyRequest, Call, wrong_method
from broker.clerk.objects import answer, client_of, plain
from broker.rooms import Given, Rooms

EVERY = [HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE]


@route("/client", http_method=EVERY, status_code=200)
async def sdk_client(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """GET, POST (`_method`), PUT and DELETE /v1/client"""
    call = await Call.read(request, client_id, rooms)
    match call.method:
        case "GET" if "rotating_token_nonce" in call.form:
            return await hosted_auth.redeem(call, rooms)
        case "GET":
            return plain(await client_of(call, rooms))
        case "PUT" | "POST":
            return await make(call, rooms)
        case "DELETE":
            return await destroy(call, rooms)
        case _:
            raise wrong_method()


@route("/client/sessions", http_method=[HttpMethod.POST, HttpMethod.DELETE], status_code=200)
async def end_sessions(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """DELETE /v1/client/sessions: signed out, and the device is known still."""
    call = await Call.read(request, client_id, rooms)
    if call.method != "DELETE":
        raise wrong_method()
    await end_all(call, rooms)
    return plain(await client_of(call, rooms))


async def make(call: Call, rooms: Rooms) -> ASGIResponse:
    """The device that asks, or a new one. Before it asks for something nothing is kept of a device."""
    if call.device:
        return plain(await client_of(call, rooms))
    device, token = await rooms.store.devices.make(call.client.client_id, None, call.now)
    call = call.on(device, token)
    return await answer(call, await client_of(call, rooms), rooms, new_token=token)


async def destroy(call: Call, rooms: Rooms) -> ASGIResponse:
    if call.device is None:
        return plain(None)
    await end_all(call, rooms)
    await rooms.store.devices.forget(call.device)
    return plain({"object": "client", "id": call.device.id, "deleted": True})


async def end_all(call: Call, rooms: Rooms) -> None:
    ids = call.device.sessions if call.device else ()
    found = await gather(*(rooms.store.sessions.find_by_id(each) for each in ids))
    now, about = call.now, {"client_id": call.client.client_id, "reason": "sign_out"}
    await gather(
        *(rooms.store.sessions.revoke(each.user_id, each.id, now=now, **about) for each in found if each)
    )
