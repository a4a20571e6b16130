"""Users: `/v1/users`, in Clerk's shape. All that is known of a person was told by their providers."""

import hashlib
import re
from asyncio import gather
from collections.abc import Iterable
from typing import Literal, NamedTuple

from litestar import Router, delete, get
from litestar.params import FromPath

from allowlist.wire import AnyRequest, ApiError, Paging, ill_formed, page, query_parameter
from broker.backend_api import external_accounts
from broker.backend_api.external_accounts import (
    Healths,
    check_user_id,
    healths_of,
    known,
    told,
    unknown_user,
)
from broker.backend_api.guard import actor_of
from broker.core.identity import ExternalAccount, User
from broker.rooms import Given, Rooms
from broker.store.directory import Order

MOST_NAMED = 100
PARAMETERS = ("limit", "offset", "paginated", "order_by", "email_address", "user_id")
ORDER = re.compile(r"([-+ ]?)(created_at|last_sign_in_at)")  # a `+` that nobody escaped arrives as a space

# What Clerk's clients look for and this broker has no notion of.
NOT_HERE: dict[str, object] = {
    "external_id": None,
    "primary_phone_number_id": None,
    "primary_web3_wallet_id": None,
    "phone_numbers": [],
    "web3_wallets": [],
    "passkeys": [],
    "saml_accounts": [],
    "enterprise_accounts": [],
    "public_metadata": {},
    "private_metadata": {},
    "unsafe_metadata": {},
    "password_enabled": False,
    "two_factor_enabled": False,
    "totp_enabled": False,
    "backup_code_enabled": False,
    "mfa_enabled_at": None,
    "mfa_disabled_at": None,
    "banned": False,
    "locked": False,
    "lockout_expires_in_seconds": None,
    "verification_attempts_remaining": None,
    "delete_self_enabled": False,
    "create_organization_enabled": False,
    "last_active_at": None,
    "legal_accepted_at": None,
}


class Person(NamedTuple):
    """A user and all that is shown with them."""

    user: User
    accounts: list[ExternalAccount]
    healths: Healths


@get("/")
async def list_users(request: AnyRequest, rooms: Given[Rooms]) -> object:
    """GET /v1/users. Without a filter a page costs the same among a million as among ten."""
    paging, (order, newest_first) = Paging.parse(request), read_order(request)
    found = await filtered(request, rooms)
    if found is None:
        directory = rooms.store.directory
        ids, total = await gather(
            directory.list(paging.offset, paging.limit, order, newest_first=newest_first), directory.count()
        )
        return page([described(each) for each in await read_people(ids, rooms)], total, paging.paginated)
    found.sort(key=lambda each: (getattr(each.user, order), each.user.id), reverse=newest_first)
    shown = found[paging.offset : paging.offset + paging.limit]
    return page([described(each) for each in shown], len(found), paging.paginated)


@get("/count")
async def count_users(request: AnyRequest, rooms: Given[Rooms]) -> dict[str, object]:
    """GET /v1/users/count, with the filters of the list"""
    found = await filtered(request, rooms)
    total = await rooms.store.directory.count() if found is None else len(found)
    return {"object": "total_count", "total_count": total}


@get("/{user_id:str}")
async def get_user(user_id: FromPath[str], rooms: Given[Rooms]) -> dict[str, object]:
    """GET /v1/users/{id}"""
    people = await read_people([check_user_id(user_id)], rooms)
    if not people:
        raise unknown_user()
    return described(people[0])


@delete("/{user_id:str}", status_code=200)
async def delete_user(request: AnyRequest, user_id: FromPath[str], rooms: Given[Rooms]) -> dict[str, object]:
    """DELETE /v1/users/{id}: sessions, tokens and records. `revocations` says what each provider made of it."""
    act = rooms.custody.delete_user(check_user_id(user_id), actor_of(request))
    done = await known(act, unknown_user())
    return {
        "object": "user",
        "id": user_id,
        "deleted": True,
        "revocations": [told(each) for each in done.revocations],
    }


async def filtered(request: AnyRequest, rooms: Rooms) -> list[Person] | None:
    """Who fits every filter; None: there is no filter. A filter that is not known is refused, since what it leaves out
    may be about to be deleted."""
    for name in request.query_params:
        if name not in PARAMETERS:
            raise ApiError(422, "form_param_unknown", f"{name[:64]} is not supported here", param=name[:64])
    emails = {each.strip().lower() for each in named(request, "email_address")}
    ids = set(named(request, "user_id"))
    if not emails and not ids:
        return None
    for user_id in ids:
        if not external_accounts.USER_ID.fullmatch(user_id):
            raise ill_formed("user_id", "user_id is `user_` and 24 hexadecimal digits")
    people = await read_people(ids or await rooms.store.directory.by_emails(list(emails)), rooms)
    return [each for each in people if not emails or emails & set(addresses(each.accounts))]


def named(request: AnyRequest, name: str) -> list[str]:
    """Every value of a parameter that may be repeated."""
    values: list[str] = request.query_params.getall(name, [])
    if len(values) > MOST_NAMED:
        raise ill_formed(name, f"{name} is given more than {MOST_NAMED} times")
    return values


def read_order(request: AnyRequest) -> tuple[Order, bool]:
    """By what, and whether the newest come first."""
    found = ORDER.fullmatch(query_parameter(request, "order_by") or "-created_at")
    if not found:
        raise ill_formed("order_by", "order_by is created_at or last_sign_in_at, with + or - in front")
    order: Order = "created_at" if found[2] == "created_at" else "last_sign_in_at"
    return order, found[1] == "-"


async def read_people(user_ids: Iterable[str], rooms: Rooms) -> list[Person]:
    """In two round trips, however many. An id that leads nowhere is left out: the directory is only a pointer."""
    found = await gather(*(read_person(each, rooms) for each in user_ids))
    return [each for each in found if each]


async def read_person(user_id: str, rooms: Rooms) -> Person | None:
    user, accounts = await gather(rooms.store.users.find(user_id), rooms.store.users.accounts(user_id))
    return Person(user, accounts, await healths_of(user_id, accounts, rooms)) if user else None


def addresses(accounts: Iterable[ExternalAccount]) -> dict[str, list[ExternalAccount]]:
    """Each e-mail address in lower case, and the accounts that have it."""
    found: dict[str, list[ExternalAccount]] = {}
    for each in accounts:
        if each.identity.email:
            found.setdefault(each.identity.email.strip().lower(), []).append(each)
    return found


def described(person: Person) -> dict[str, object]:
    """A name of one piece stands as the first name, so that Clerk's `fullName` is right and nothing is invented."""
    user, who = person.user, person.user.identity
    emails = [described_email(user.id, each) for each in addresses(person.accounts).values()]
    primary = email_id(user.id, who.email) if who.email and emails else None
    return {
        **NOT_HERE,
        "object": "user",
        "id": user.id,
        "username": who.username,
        "first_name": who.given_name or who.name,
        "last_name": who.family_name,
        "has_image": bool(who.picture),
        "image_url": who.picture or "",
        "primary_email_address_id": primary,
        "email_addresses": sorted(emails, key=lambda each: each["id"] != primary),
        "external_accounts": [external_accounts.described(each, person.healths) for each in person.accounts],
        "last_sign_in_at": user.last_sign_in_at * 1000,
        "created_at": user.created_at * 1000,
        "updated_at": user.updated_at * 1000,
    }


def described_email(user_id: str, accounts: list[ExternalAccount]) -> dict[str, object]:
    """One address, and the accounts that told it. One provider's word that it is theirs is enough."""
    first = accounts[0]
    status: Literal["verified", "unverified"] = "unverified"
    if any(each.identity.email_verified for each in accounts):
        status = "verified"
    return {
        "object": "email_address",
        "id": email_id(user_id, first.identity.email or ""),
        "email_address": first.identity.email,
        "reserved": False,
        "matches_sso_connection": False,
        "verification": {
            "object": "verification_from_oauth",
            "status": status,
            "strategy": f"from_oauth_{first.provider}",
            "attempts": None,
            "expire_at": None,
        },
        "linked_to": [
            {"type": f"oauth_{each.provider}", "id": external_accounts.identification_id(each)}
            for each in accounts
        ],
        "created_at": min(each.created_at for each in accounts) * 1000,
        "updated_at": max(each.updated_at for each in accounts) * 1000,
    }


def email_id(user_id: str, email: str) -> str:
    """Made from the address: it has no record of its own that could hold an id."""
    return f"idn_{hashlib.sha256(f'{user_id} {email.strip().lower()}'.encode()).hexdigest()[:24]}"


users_router = Router(
    "/users", route_handlers=[list_users, count_users, get_user, delete_user], opt={"area": "users"}
)
