"""One call of the SDK: which app it is, on which device, and what it asks. Raises ApiError where it may not ask here."""

import time
from asyncio import gather
from dataclasses import dataclass, replace
from typing import Any

from litestar import Request

from allowlist.wire import ApiError
from broker.clerk.errors import not_found, signed_out
from broker.core.attempts import Attempt, Device
from broker.core.client import Client
from broker.core.opaque import fingerprint
from broker.core.parameters import Parameters
from broker.core.records import Session
from broker.endpoints.form import MEDIA_TYPE
from broker.rooms import Rooms

AnyRequest = Request[Any, Any, Any]
REPEATED = b"additional_scope="  # the one parameter that may come several times


@dataclass(frozen=True)
class Call:
    """`device` has `token` now; `outdated` had it before its last sign-in."""

    method: str
    query: Parameters
    form: Parameters
    scopes: tuple[str, ...]
    client: Client
    token: str
    device: Device | None
    outdated: Device | None
    now: int

    @classmethod
    async def read(cls, request: AnyRequest, client_id: str, rooms: Rooms) -> "Call":
        """Raises ApiError, and OAuthError for parameters that cannot be read."""
        token = check_native(request)
        query = Parameters.parse(request.scope["query_string"])
        form, scopes = await read_body(request)
        client, found = await gather(rooms.store.clients.find(client_id), rooms.store.devices.find(token))
        client = check_client(client, query)
        device = found if found and found.client_id == client.client_id else None
        current = device is not None and device.token == fingerprint(token)
        return cls(
            method=method_of(request, query, form),
            query=query,
            form=form,
            scopes=scopes,
            client=client,
            token=token,
            device=device if current else None,
            outdated=None if current else device,
            now=int(time.time()),
        )

    def on(self, device: Device, token: str) -> "Call":
        """The same call, as the device is after it."""
        return replace(self, device=device, token=token)

    def attempt(self, attempt_id: str) -> Attempt:
        """The device's attempt with this id. Raises ApiError."""
        if self.device is None:
            raise signed_out()
        if self.device.attempt is None or self.device.attempt.id != attempt_id:
            raise not_found("attempt")
        return self.device.attempt

    async def session(self, session_id: str, rooms: Rooms) -> Session:
        """A living session of this device. Raises ApiError: 404 for one that it never had, 401 for one that is over."""
        if self.device is None:
            raise signed_out()
        if session_id not in self.device.sessions:
            raise not_found("session")
        session = await rooms.store.sessions.find_by_id(session_id)
        if session is None or not session.alive(self.now):
            raise signed_out()
        return session

    async def signed_in(self, rooms: Rooms) -> Session:
        """The session that the SDK says it acts for, or the one chosen last. Raises ApiError."""
        chosen = self.device.active if self.device else ""
        return await self.session(self.query.get("_clerk_session_id", chosen), rooms)


def check_native(request: AnyRequest) -> str:
    """The client token, bare; a browser would send an Origin beside it, and has no business here."""
    authorization: str | None = request.headers.get("authorization")
    if authorization is not None and "origin" in request.headers:
        told = "Origin and Authorization do not go together: this door is for native apps"
        raise ApiError(400, "origin_authorization_headers_conflict", told)
    return (authorization or "").removeprefix("Bearer ")


def check_client(client: Client | None, query: Parameters) -> Client:
    """The app, if this door was opened for it. A confidential one has a secret to show, and no place for it here."""
    native = query.get("_is_native") in ("1", "true")
    if not native or client is None or client.type != "public" or client.token_profile != "clerk":
        told = "this door is for native apps (_is_native=1) of a public client whose token_profile is clerk"
        raise ApiError(400, "native_api_disabled", told)
    return client


async def read_body(request: AnyRequest) -> tuple[Parameters, tuple[str, ...]]:
    """The form, and the scopes that it repeats one parameter for. Raises ApiError 415, OAuthError."""
    body = await request.body()
    if not body:
        return Parameters({}), ()
    media_type, _, _ = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != MEDIA_TYPE:
        raise ApiError(415, "unsupported_content_type", f"the body must be {MEDIA_TYPE}")
    parts = body.split(b"&")
    asked = [Parameters.parse(each)["additional_scope"] for each in parts if each.startswith(REPEATED)]
    rest = b"&".join(each for each in parts if not each.startswith(REPEATED))
    return Parameters.parse(rest), tuple(scope for each in asked for scope in each.split())


def method_of(request: AnyRequest, query: Parameters, form: Parameters) -> str:
    """What a POST stands for: the SDK spares a browser's preflight so."""
    if request.method != "POST":
        return str(request.method)
    return (form.get("_method") or query.get("_method") or "POST").upper()


def wrong_method() -> ApiError:
    return ApiError(405, "method_not_allowed", "this method is not for this path")
