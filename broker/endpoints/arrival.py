"""Who has arrived: from what a provider said of a person to a user of ours, whichever door they came through."""

from asyncio import gather
from collections.abc import Awaitable

from broker.core.errors import ErrorCode, OAuthError
from broker.core.identity import ExternalAccount, Identity, ProviderTokens
from broker.core.records import Session
from broker.providers.provider import Connection, with_name_of
from broker.rooms import Rooms
from broker.store.users import Link


async def settle(
    connection: Connection,
    identity: Identity,
    tokens: ProviderTokens | None,
    known: Link | None,
    now: int,
    rooms: Rooms,
) -> ExternalAccount:
    """Whose account this is: the known user's, or a new user's. Raises OAuthError when they may not come in. Who came
    without tokens has granted nothing anew, and what they granted before stays."""
    link = known or await rooms.store.users.link(connection.id, identity.subject, now)
    identity, scope = await gather(
        with_told_name(connection, identity, known, rooms), granted_scope(tokens, known, rooms)
    )
    return account_of(link, connection, identity, scope, now)


async def write_down(
    account: ExternalAccount,
    tokens: ProviderTokens | None,
    connection: Connection,
    now: int,
    rooms: Rooms,
    session: Session | None = None,
) -> None:
    """The account, its sealed tokens, where they are found, and the session if one begins at once, in one round trip.
    Raises OAuthError, to be shown."""
    steps: list[Awaitable[object]] = [
        rooms.store.directory.enter(account.user_id, account.identity.email, now)
    ]
    if connection.refresh_ahead and tokens:
        steps.append(rooms.custody.expect(account, tokens, connection, now))
    written, *_ = await gather(rooms.store.users.sign_in(account, tokens, now, session), *steps)
    if not written:
        raise OAuthError(
            ErrorCode.ACCESS_DENIED, "this account was deleted just now; sign in again for a new one"
        )


async def with_told_name(
    connection: Connection, identity: Identity, known: Link | None, rooms: Rooms
) -> Identity:
    """Apple tells a name at the first sign-in only; at later ones the told name is kept. One more read, for Apple."""
    if known is None or identity.name or connection.provider.response_mode != "form_post":
        return identity
    accounts = await rooms.store.users.accounts(known.user_id)
    earlier = next((each.identity for each in accounts if each.id == known.account_id), identity)
    return with_name_of(earlier, identity)


async def granted_scope(tokens: ProviderTokens | None, known: Link | None, rooms: Rooms) -> tuple[str, ...]:
    """What the account is good for: what was granted now, or, where no tokens came, what was granted before."""
    if tokens or known is None:
        return tokens.scope if tokens else ()
    accounts = await rooms.store.users.accounts(known.user_id)
    return next((each.scope for each in accounts if each.id == known.account_id), ())


def account_of(
    link: Link, connection: Connection, identity: Identity, scope: tuple[str, ...], now: int
) -> ExternalAccount:
    return ExternalAccount(
        id=link.account_id,
        user_id=link.user_id,
        provider=connection.id,
        identity=identity,
        scope=scope,
        created_at=link.created_at,
        updated_at=now,
    )
