"""A user's accounts at providers: `/v1/users/{id}/external_accounts`, in Clerk's shape and with each one's health."""

import re
from collections.abc import Awaitable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from litestar import Router, delete, get
from litestar.params import FromPath

from allowlist.wire import AnyRequest, ApiError, Paging, page
from broker.backend_api.guard import actor_of
from broker.core.grant import Health, Standing
from broker.core.identity import ExternalAccount
from broker.core.provider_scopes import reconnect_url
from broker.custody import Disconnection, LastIdentity
from broker.rooms import Given, Rooms

USER_ID = re.compile(r"user_[0-9a-f]{24}")
OWN_KIND = {
    "google": "google_account",
    "facebook": "facebook_account",
}  # Clerk has names of their own for two
# Only the person can help; a program that asks again waits in vain.
ENDED = (Health.NEEDS_RECONNECT, Health.REVOKED)
Answer = TypeVar("Answer")


class Healths(NamedTuple):
    """How each account of a user stands, and where the links begin by which a person mends one."""

    issuer: str
    standings: Mapping[str, Standing]


@get("/")
async def list_external_accounts(request: AnyRequest, user_id: FromPath[str], rooms: Given[Rooms]) -> object:
    """GET /v1/users/{id}/external_accounts"""
    paging = Paging.parse(request)
    accounts = await rooms.store.users.accounts(check_user_id(user_id))
    if not accounts:
        raise unknown_user()
    healths = await healths_of(user_id, accounts, rooms)
    shown = [described(each, healths) for each in accounts]
    return page(shown[paging.offset : paging.offset + paging.limit], len(shown), paging.paginated)


@delete("/{account_id:str}", status_code=200)
async def delete_external_account(
    request: AnyRequest, user_id: FromPath[str], account_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """DELETE /v1/users/{id}/external_accounts/{eac}: given back at the provider where it can be, and forgotten here
    in any case. `revocation` says how that went."""
    act = rooms.custody.disconnect(check_user_id(user_id), account_id, actor_of(request))
    done = await known(act, unknown_account())
    return {"object": "external_account", "id": account_id, "deleted": True, **told(done)}


@delete("/{account_id:str}/tokens", status_code=200)
async def delete_tokens(
    request: AnyRequest, user_id: FromPath[str], account_id: FromPath[str], rooms: Given[Rooms]
) -> dict[str, object]:
    """DELETE /v1/users/{id}/external_accounts/{eac}/tokens: the same, but the person can still sign in with it."""
    act = rooms.custody.revoke(check_user_id(user_id), account_id, actor_of(request))
    done = await known(act, unknown_account())
    return {"object": "external_account_tokens", "id": account_id, "deleted": True, **told(done)}


async def known(act: Awaitable[Answer], otherwise: ApiError) -> Answer:
    """What custody did. Raises ApiError 404, and 400 for the one account that a user cannot do without."""
    try:
        return await act
    except LookupError:
        raise otherwise from None
    except LastIdentity:
        message = "this is the user's last account, and without it they could not sign in; delete the user"
        raise ApiError(400, "last_required_identification_deletion_failed", message) from None


async def healths_of(user_id: str, accounts: Iterable[ExternalAccount], rooms: Rooms) -> Healths:
    providers = {each.id: each.provider for each in accounts}
    return Healths(rooms.settings.issuer, await rooms.custody.standings(user_id, providers))


def told(done: Disconnection) -> dict[str, object]:
    return {"external_account_id": done.account_id, "provider": done.provider, "revocation": done.revocation}


def check_user_id(user_id: str) -> str:
    """It will stand in keys. Raises ApiError 404."""
    if not USER_ID.fullmatch(user_id):
        raise unknown_user()
    return user_id


def unknown_user() -> ApiError:
    return ApiError(404, "resource_not_found", "no user has this id")


def unknown_account() -> ApiError:
    return ApiError(404, "resource_not_found", "the user has no external account with this id")


def identification_id(account: ExternalAccount) -> str:
    """Clerk names an account twice; we do it with one random part."""
    return account.id.replace("eac_", "idn_")


def described(account: ExternalAccount, healths: Healths) -> dict[str, object]:
    """Clerk's clients demand text where there is none, so a name or an address that nobody told is empty."""
    who, standing = account.identity, healths.standings[account.id]
    return {
        "object": OWN_KIND.get(account.provider, "external_account"),
        "id": account.id,
        "external_account_id": account.id,
        "provider": f"oauth_{account.provider}",
        "identification_id": identification_id(account),
        "provider_user_id": who.subject,
        "approved_scopes": " ".join(standing.scope),
        "email_address": who.email or "",
        "email_address_verified": who.email_verified,
        "first_name": who.given_name or who.name or "",
        "last_name": who.family_name or "",
        "username": who.username,
        "image_url": who.picture,
        "phone_number": None,
        "label": None,
        "public_metadata": {},
        "verification": {
            "object": "verification_oauth",
            "status": "verified",
            "strategy": f"oauth_{account.provider}",
            "attempts": None,
            "expire_at": account.created_at * 1000,
        },
        "health": standing.health.health,
        "health_reason": standing.health.reason,
        "reconnect_url": way_back(account, standing, healths.issuer),
        "created_at": account.created_at * 1000,
        "updated_at": account.updated_at * 1000,
    }


def way_back(account: ExternalAccount, standing: Standing, issuer: str) -> str | None:
    """Where the person goes, if only the person can help and the provider can be asked."""
    if standing.health.health not in ENDED or standing.askable is None:
        return None
    return reconnect_url(issuer, account.provider, account.id, standing.askable)


external_accounts_router = Router(
    "/users/{user_id:str}/external_accounts",
    route_handlers=[list_external_accounts, delete_external_account, delete_tokens],
    opt={"area": "users"},
)
