"""One's accounts at providers: /v1/me/external_accounts. Connecting takes the nonce back at /v1/me, and nothing less: the
address of a connection that is opened by somebody else must attach nothing to who made it (LK-02)."""

from litestar import route
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.backend_api.external_accounts import known, unknown_account
from broker.clerk.attempts import provider_of
from broker.clerk.begin import begin
from broker.clerk.call import AnyRequest, Call, wrong_method
from broker.clerk.objects import answer, strategy, verification
from broker.core.attempts import new_attempt
from broker.core.records import Session, Ticket
from broker.me.bearer import check_fresh
from broker.rooms import Given, Rooms


@route("/me/external_accounts", http_method=[HttpMethod.POST], status_code=200)
async def connections(request: AnyRequest, client_id: FromPath[str], rooms: Given[Rooms]) -> ASGIResponse:
    """POST /v1/me/external_accounts {strategy, redirect_url, additional_scope}"""
    call = await Call.read(request, client_id, rooms)
    if call.method != "POST":
        raise wrong_method()
    return await connect(call, await call.signed_in(rooms), provider_of(call), rooms)


@route(
    "/me/external_accounts/{account_id:str}/reauthorize",
    http_method=[HttpMethod.POST, HttpMethod.PATCH],
    status_code=200,
)
async def reauthorize(
    request: AnyRequest, client_id: FromPath[str], account_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """PATCH /v1/me/external_accounts/{eac}/reauthorize {redirect_url, additional_scope}: its provider once more."""
    call = await Call.read(request, client_id, rooms)
    if call.method != "PATCH":
        raise wrong_method()
    session = await call.signed_in(rooms)
    accounts = await rooms.store.users.accounts(session.user_id)
    provider = next((each.provider for each in accounts if each.id == account_id), None)
    if provider is None:
        raise unknown_account()
    return await connect(call, session, provider, rooms)


@route(
    "/me/external_accounts/{account_id:str}",
    http_method=[HttpMethod.POST, HttpMethod.DELETE],
    status_code=200,
)
async def connection(
    request: AnyRequest, client_id: FromPath[str], account_id: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """DELETE /v1/me/external_accounts/{eac}: not the last one, and only soon after a sign-in (LK-04)."""
    call = await Call.read(request, client_id, rooms)
    if call.method != "DELETE":
        raise wrong_method()
    session = await call.signed_in(rooms)
    check_fresh(session, call.now)
    await known(rooms.custody.disconnect(session.user_id, account_id, "user"), unknown_account())
    return await answer(call, {"object": "external_account", "id": account_id, "deleted": True}, rooms)


async def connect(call: Call, session: Session, provider: str, rooms: Rooms) -> ASGIResponse:
    attempt = new_attempt("connection", provider, call.now, session.id)
    after, _ = await begin(call, attempt, rooms, ticket=Ticket(session.user_id, session.id))
    empty = dict.fromkeys(("provider_user_id", "email_address", "first_name", "last_name", "image_url"), "")
    account = {
        **empty,
        "object": "external_account",
        "id": attempt.id,
        "provider": strategy(attempt),
        "identification_id": "",
        "approved_scopes": "",
        "username": None,
        "label": None,
        "public_metadata": {},
        "verification": verification(after, attempt, rooms),
    }
    return await answer(after, account, rooms)
