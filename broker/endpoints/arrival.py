"""Who has arrived: from what a provider said of a person to a user of ours, whichever door they came through."""

from asyncio import gather
from collections.abc import Awaitable

import msgspec
import structlog

from broker.core.account_rules import Facts, Outcome, Owner, Purpose, Row, judge, owner_of
from broker.core.errors import ErrorCode, OAuthError
from broker.core.identity import ExternalAccount, Identity, ProviderTokens
from broker.core.records import Arrived, Session
from broker.providers.provider import Connection, with_name_of
from broker.rooms import Rooms
from broker.store.users import Link

log = structlog.get_logger()
SIGN_IN = Purpose()


class ProofNeeded(OAuthError):
    """A new account has the verified address of somebody here. A browser can ask for proof; other doors cannot."""

    def __init__(self, owners: tuple[Owner, ...]) -> None:
        told = "there is an account with this address already; sign in as before, or in a browser"
        super().__init__(ErrorCode.INTERACTION_REQUIRED, told)
        self.owners = owners


async def settle(
    connection: Connection,
    identity: Identity,
    tokens: ProviderTokens | None,
    known: Link | None,
    now: int,
    rooms: Rooms,
    purpose: Purpose = SIGN_IN,
) -> ExternalAccount:
    """Whose account this is, by core/account_rules.py. Raises OAuthError access_denied, and ProofNeeded.

    The identity is given to its user here, the records follow in `write_down`. Who comes second to an identity is judged
    anew, as somebody who is known. Who came without tokens has granted nothing anew: what they granted before stays.
    """
    row, facts = await decide(connection, identity, known, rooms, purpose)
    joined = joined_user(row, facts)
    link = known or await rooms.store.users.link(connection.id, identity.subject, now, joined)
    if joined not in (None, link.user_id):
        return await settle(connection, identity, tokens, link, now, rooms, purpose)
    if joined:
        log.info("account_joined", rule=row.name, user=joined, account=link.account_id)
    identity, scope = await gather(
        with_told_name(connection, identity, known, rooms), granted_scope(tokens, known, rooms)
    )
    return account_of(link, connection, identity, scope, now)


async def decide(
    connection: Connection, identity: Identity, known: Link | None, rooms: Rooms, purpose: Purpose
) -> tuple[Row, Facts]:
    """The rule that holds; nothing is written. Two more round trips for an unknown identity with a verified address.

    Raises OAuthError access_denied, and ProofNeeded.
    """
    facts = Facts(
        purpose=purpose,
        policy=rooms.settings.accounts,
        may_sign_in=connection.sign_in,
        user_id=known.user_id if known else None,
        account_id=known.account_id if known else None,
        identity=identity,
    )
    address = facts.joining_address
    if address:
        facts = msgspec.structs.replace(facts, owners=await owners_of(address, connection.id, rooms))
    row = judge(facts)
    if row.outcome is Outcome.REFUSE:
        raise OAuthError(ErrorCode.ACCESS_DENIED, row.sentence, detail=row.name)
    if row.outcome is Outcome.ASK:
        raise ProofNeeded(facts.owners)
    return row, facts


async def owners_of(address: str, provider: str, rooms: Rooms) -> tuple[Owner, ...]:
    """The directory says who once had the address, their records who has it."""
    user_ids = sorted(await rooms.store.directory.by_emails([address]))
    held = await gather(*(rooms.store.users.accounts(each) for each in user_ids))
    return tuple(filter(None, (owner_of(address, provider, accounts) for accounts in held)))


def joined_user(row: Row, facts: Facts) -> str | None:
    """Whom a new account is added to; None: it is nobody's yet, or somebody's already."""
    if row.outcome is Outcome.CONNECT:
        return facts.purpose.user_id
    return facts.owners[0].user_id if row.outcome is Outcome.LINK and facts.owners else None


async def write_down(
    account: ExternalAccount,
    tokens: ProviderTokens | None,
    connection: Connection,
    now: int,
    rooms: Rooms,
    session: Session | None = None,
) -> None:
    """The account, its sealed tokens, where they are found, and the session if one begins at once, in one round trip.
    Raises OAuthError access_denied."""
    steps: list[Awaitable[object]] = [
        rooms.store.directory.enter(account.user_id, account.identity.email, now)
    ]
    if connection.refresh_ahead and tokens:
        steps.append(rooms.custody.expect(account, tokens, connection, now))
    written, *_ = await gather(rooms.store.users.sign_in(account, tokens, now, session), *steps)
    if not written:
        await rooms.store.users.unlink(account)
        raise OAuthError(
            ErrorCode.ACCESS_DENIED, "this account was deleted just now; sign in again for a new one"
        )


async def find_again(arrived: Arrived, rooms: Rooms) -> tuple[Connection, Link | None]:
    """What waited, as the broker knows it now. Raises OAuthError access_denied."""
    stored, link = await gather(
        rooms.store.provider_configurations.find(arrived.provider),
        rooms.store.users.known(arrived.provider, arrived.identity.subject),
    )
    connection = rooms.catalogue.connection(arrived.provider, stored)
    if connection is None:
        raise OAuthError(
            ErrorCode.ACCESS_DENIED, "the provider was switched off here meanwhile; sign in again"
        )
    return connection, link


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
