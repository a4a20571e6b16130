"""The objects that the SDK reads, in Clerk's shapes."""

from asyncio import gather
from typing import Any

from litestar.response.base import ASGIResponse

from broker.backend_api import sessions, users
from broker.backend_api.users import Person, read_person
from broker.clerk.call import Call
from broker.core.attempts import LIFETIME, Attempt, begin_secret
from broker.core.records import Session
from broker.endpoints.responses import json_answer
from broker.rooms import Rooms

Shown = dict[str, Any]


async def answer(call: Call, response: object, rooms: Rooms, *, new_token: str | None = None) -> ASGIResponse:
    """What was asked for, and the client as it is after it. A new token goes where the SDK keeps it from."""
    headers = {"authorization": new_token} if new_token else None
    return json_answer({"response": response, "client": await client_of(call, rooms)}, headers=headers)


def plain(response: object) -> ASGIResponse:
    return json_answer({"response": response, "client": None})


async def client_of(call: Call, rooms: Rooms) -> Shown | None:
    """The device: its living sessions with their users, and what it began."""
    device = call.device
    if device is None:
        return None
    living = await living_sessions(call, rooms)
    attempt = device.attempt if device.attempt and not device.attempt.done else None
    known = [each["id"] for each in living]
    return {
        "object": "client",
        "id": device.id,
        "sessions": living,
        "sign_in": sign_in(call, attempt, rooms) if attempt and attempt.kind == "sign_in" else None,
        "sign_up": sign_up(call, attempt, rooms) if attempt and attempt.kind == "sign_up" else None,
        "last_active_session_id": device.active if device.active in known else next(iter(known), None),
        "cookie_expires_at": None,
        "captcha_bypass": False,
        "created_at": device.created_at * 1000,
        "updated_at": call.now * 1000,
    }


async def living_sessions(call: Call, rooms: Rooms) -> list[Shown]:
    ids = call.device.sessions if call.device else ()
    found = await gather(*(rooms.store.sessions.find_by_id(each) for each in ids))
    living = [each for each in found if each and each.alive(call.now)]
    people = await gather(*(read_person(each.user_id, rooms) for each in living))
    return [session(each, who, call.now) for each, who in zip(living, people, strict=True) if who]


def session(one: Session, who: Person, now: int) -> Shown:
    """Without a token: the SDK asks for one when somebody needs it."""
    user = users.described(who)
    emails: Any = user["email_addresses"]
    return {
        **sessions.described(one, now),
        "last_active_token": None,
        "factor_verification_age": [max(0, now - one.signed_in_at) // 60, -1],
        "user": {**user, "organization_memberships": []},
        "public_user_data": {
            "user_id": one.user_id,
            "identifier": emails[0]["email_address"] if emails else "",
            **{name: user[name] for name in ("first_name", "last_name", "image_url", "has_image")},
        },
    }


def sign_in(call: Call, attempt: Attempt, rooms: Rooms) -> Shown:
    return {
        "object": "sign_in_attempt",
        "id": attempt.id,
        "status": "complete" if attempt.done and not attempt.error else "needs_first_factor",
        "identifier": None,
        "created_session_id": attempt.session_id or None,
        "supported_identifiers": [],
        "supported_first_factors": [{"strategy": strategy(attempt)}],
        "supported_second_factors": None,
        "first_factor_verification": verification(call, attempt, rooms),
        "second_factor_verification": None,
        "user_data": None,
        "abandon_at": (attempt.started_at + LIFETIME) * 1000,
    }


def sign_up(call: Call, attempt: Attempt, rooms: Rooms) -> Shown:
    """Nothing is ever missing: what the broker knows of a person it has from their provider."""
    complete = attempt.done and not attempt.error
    fields = ("required_fields", "optional_fields", "missing_fields", "unverified_fields")
    return {
        "object": "sign_up_attempt",
        "id": attempt.id,
        "status": "complete" if complete else "missing_requirements",
        **{name: list[str]() for name in fields},
        "created_session_id": attempt.session_id or None,
        "created_user_id": f"user_{attempt.session_id[5:29]}" if attempt.session_id else None,
        "verifications": {
            **dict.fromkeys(("email_address", "phone_number", "web3_wallet")),
            "external_account": verification(call, attempt, rooms),
        },
        "abandon_at": (attempt.started_at + LIFETIME) * 1000,
    }


def verification(call: Call, attempt: Attempt, rooms: Rooms) -> Shown:
    """How the trip through the browser stands. The address begins at a page of ours, which binds it to that browser."""
    open_still = not attempt.done and not attempt.expired(call.now)
    status = "unverified" if open_still else "expired"
    if attempt.done:
        status = "failed" if attempt.error else "verified"
    told = {"code": attempt.error, "message": attempt.message, "long_message": attempt.message, "meta": {}}
    url = f"{rooms.settings.issuer}/authorize/begin?attempt={begin_secret(call.token, attempt)}"
    return {
        "object": "verification_oauth",
        "status": status,
        "strategy": strategy(attempt),
        "attempts": None,
        "expire_at": (attempt.started_at + LIFETIME) * 1000,
        "external_verification_redirect_url": url if open_still else None,
        "error": told if attempt.error else None,
    }


def strategy(attempt: Attempt) -> str:
    return f"oauth_{attempt.provider}"
