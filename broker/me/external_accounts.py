"""One's own accounts at providers: `/v1/me/external_accounts`, in the shape of `/v1/users/{id}/external_accounts`."""

import time

from litestar import delete, get
from litestar.params import FromPath

from allowlist.wire import AnyRequest, Paging, page
from broker.backend_api.external_accounts import described, healths_of, known, told, unknown_account
from broker.me.bearer import check_fresh, session_of
from broker.rooms import Given, Rooms


@get("/external_accounts")
async def list_external_accounts(request: AnyRequest, rooms: Given[Rooms]) -> object:
    """GET /v1/me/external_accounts"""
    session, paging = await session_of(request, rooms), Paging.parse(request)
    accounts = await rooms.store.users.accounts(session.user_id)
    healths = await healths_of(session.user_id, accounts, rooms)
    shown = [described(each, healths) for each in accounts]
    return page(shown[paging.offset : paging.offset + paging.limit], len(shown), paging.paginated)


@delete("/external_accounts/{account_id:str}", status_code=200)
async def delete_external_account(
    request: AnyRequest, account_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """DELETE /v1/me/external_accounts/{eac}: given back at the provider where it can be, and forgotten here in any case;
    `revocation` says how that went. Not the last one, and only soon after a sign-in (LK-04)."""
    session = await session_of(request, rooms)
    check_fresh(session, int(time.time()))
    act = rooms.custody.disconnect(session.user_id, account_id, "user")
    done = await known(act, unknown_account())
    return {"object": "external_account", "id": account_id, "deleted": True, **told(done)}
