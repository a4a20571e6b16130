"""The providers' tokens: `/v1/users/{id}/oauth_access_tokens/{provider}`, in Clerk's shape. Always fresh, or an error that
says whether waiting helps (`stale`, with Retry-After) or only the person does (`needs_reconnect`, `revoked`)."""

import re

import msgspec
from litestar import Router, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from allowlist.wire import (
    AnyRequest,
    ApiError,
    Paging,
    ill_formed,
    page,
    query_parameter,
    truth,
    whole_number,
)
from broker.backend_api.external_accounts import ENDED, check_user_id, unknown_user
from broker.core.grant import Health
from broker.core.provider_scopes import accumulated, reconnect_url
from broker.custody import ProviderOff, Refused, Served, Wish
from broker.providers.provider import Connection
from broker.rooms import Given, Rooms

PARAMETERS = {"limit", "offset", "paginated", "min_ttl", "force_refresh", "scopes"}
LONGEST_TTL = 31_536_000  # seconds
SCOPES = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}( [\x21\x23-\x5b\x5d-\x7e]{1,128}){0,49}")
EVERYTHING, NO_WISH = Paging(limit=10, offset=0, paginated=False), Wish()
NAMES = {
    Health.NEEDS_RECONNECT: "must be reconnected",
    Health.REVOKED: "was revoked",
    Health.STALE: "is late",
}


@get("/{provider:str}", opt={"scope": "tokens:read"})
async def list_oauth_access_tokens(
    request: AnyRequest, user_id: FromPath[str], provider: FromPath[str], rooms: Given[Rooms]
) -> ASGIResponse:
    """GET /v1/users/{id}/oauth_access_tokens/{provider}: one token for each of the user's accounts there.

    `min_ttl` seconds that it must live yet, `force_refresh`, `scopes` (space-separated) that are needed: those not
    granted are named in `missing_scopes`. Where only the person can help, `reconnect_url` is where they go.
    """
    paging, wish = read_query(request) if request.scope["query_string"] else (EVERYTHING, NO_WISH)
    name = provider.removeprefix("oauth_")
    try:
        answers = await rooms.custody.fresh(check_user_id(user_id), name, wish)
    except ProviderOff:
        message = f"the provider {name[:32]} is not configured here"
        raise ApiError(404, "oauth_token_provider_not_enabled", message, param="provider") from None
    if not answers and await rooms.store.users.find(user_id) is None:
        raise unknown_user()
    ways = await ways_back(answers, name, rooms)
    tokens = [
        described(each, name, ways.get(each.account_id)) for each in answers if isinstance(each, Served)
    ]
    if answers and not tokens:
        first = next(each for each in answers if isinstance(each, Refused))
        raise refusal(first, name, ways.get(first.account_id))
    shown = tokens[paging.offset : paging.offset + paging.limit]
    body = msgspec.json.encode(page(shown, len(tokens), paging.paginated))
    return ASGIResponse(body=body, headers={"cache-control": "no-store"})


def read_query(request: AnyRequest) -> tuple[Paging, Wish]:
    """Raises ApiError 422 that names the parameter."""
    for name in request.query_params:
        if name not in PARAMETERS:
            raise ill_formed(name[:64], f"there is no parameter {name[:64]}")
    scopes = query_parameter(request, "scopes")
    if scopes is not None and not SCOPES.fullmatch(scopes):
        raise ill_formed("scopes", "scopes is a list of scopes, separated by single spaces")
    wish = Wish(
        min_ttl=whole_number(request, "min_ttl", default=0, least=0, most=LONGEST_TTL),
        force_refresh=truth(request, "force_refresh"),
        scopes=tuple(scopes.split()) if scopes else (),
    )
    return Paging.parse(request), wish


def wants_person(answer: Served | Refused) -> bool:
    """Whether nobody else can give what was asked."""
    return bool(answer.missing_scopes) if isinstance(answer, Served) else answer.health.health in ENDED


async def ways_back(answers: list[Served | Refused], provider: str, rooms: Rooms) -> dict[str, str]:
    """Of each account that needs it, where its person goes to reconnect; the provider's configuration is at hand."""
    wanting = [each for each in answers if wants_person(each)]
    connection = await rooms.custody.connection(provider) if wanting else None
    if connection is None:
        return {}
    found = {each.account_id: way_back(each, connection, rooms.settings.issuer) for each in wanting}
    return {account_id: url for account_id, url in found.items() if url}


def way_back(answer: Served | Refused, connection: Connection, issuer: str) -> str | None:
    """It asks for what is held and what is missing. None: none of what is missing is allowed here."""
    missing = answer.missing_scopes if isinstance(answer, Served) else ()
    if missing and set(missing).isdisjoint(connection.allowed_scopes):
        return None
    scopes = accumulated(connection.additional_scopes, answer.scope, missing)
    return reconnect_url(issuer, connection.id, answer.account_id, scopes)


def described(served: Served, provider: str, reconnect: str | None) -> dict[str, object]:
    """Milliseconds, as everywhere in `/v1`. Never a refresh token (TV-07)."""
    tokens = served.tokens
    return {
        "object": "oauth_access_token",
        "external_account_id": served.account_id,
        "provider_user_id": served.subject,
        "token": tokens.access_token,
        "token_type": tokens.token_type,
        "expires_at": tokens.expires_at * 1000 if tokens.expires_at is not None else None,
        "provider": f"oauth_{provider}",
        "public_metadata": {},
        "label": None,
        "scopes": tokens.scope,
        **({"id_token": tokens.id_token} if tokens.id_token else {}),
        "health": served.health.health,
        "health_reason": served.health.reason,
        "missing_scopes": served.missing_scopes,
        "reconnect_url": reconnect,
    }


def refusal(refused: Refused, provider: str, reconnect: str | None) -> ApiError:
    """A 4xx always: Clerk's clients repeat a 5xx for an hour, and what is dead does not come back by asking."""
    health, reason = refused.health
    meta: dict[str, object] = {
        "provider": provider,
        "external_account_id": refused.account_id,
        "health": health,
        "reason": reason,
        **({"reconnect_url": reconnect} if reconnect else {}),
    }
    message = f"the connection to {provider} {NAMES[health]}: {reason}"
    if reason == "no_refresh_token":
        return ApiError(422, "oauth_missing_refresh_token", message, meta=meta)
    if health is Health.REVOKED:
        return ApiError(422, "oauth_missing_access_token", message, meta=meta)
    wait = None if health is not Health.STALE else max(1, round(refused.retry_after or 5))
    return ApiError(400, "oauth_token_retrieval_error", message, meta=meta, retry_after=wait)


oauth_access_tokens_router = Router(
    "/users/{user_id:str}/oauth_access_tokens", route_handlers=[list_oauth_access_tokens]
)
