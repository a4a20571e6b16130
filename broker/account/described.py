"""A connected account as its person is shown it: whose it is, what it may do, how it is."""

from asyncio import gather
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broker.account.shown import name_of
from broker.core.account_places import Tone
from broker.core.grant import Health, Standing
from broker.core.identity import ExternalAccount
from broker.providers.provider import Connection
from broker.rooms import Rooms

TONES: dict[str, Tone] = {
    "connected": "good",
    "reconnect": "warn",
    "missing": "warn",
    "off": "warn",
    "revoked": "bad",
}


@dataclass(frozen=True)
class Described:
    """`state` names a sentence `account_health.*`. `granted` and `offered` are pairs of a scope and what people call it;
    `connection` is None where the provider is switched off here."""

    account: ExternalAccount
    connection: Connection | None
    name: str
    who: str | None
    state: str
    since: int
    granted: list[tuple[str, str]]
    offered: list[tuple[str, str]]

    @property
    def tone(self) -> Tone:
        return TONES[self.state]

    @property
    def id(self) -> str:
        return self.account.id


async def described(user_id: str, rooms: Rooms) -> list[Described]:
    """All of a user's accounts, the oldest first."""
    accounts = sorted(await rooms.store.users.accounts(user_id), key=lambda each: (each.created_at, each.id))
    providers = {each.id: each.provider for each in accounts}
    standings, connections = await gather(
        rooms.custody.standings(user_id, providers), connections_of(providers.values(), rooms)
    )
    names = await names_of(providers.values(), connections, rooms)
    return [
        describe(each, connections.get(each.provider), names[each.provider], standings[each.id])
        for each in accounts
    ]


async def connections_of(providers: Iterable[str], rooms: Rooms) -> Mapping[str, Connection]:
    ids = list(dict.fromkeys(providers))
    stored = await gather(*map(rooms.store.provider_configurations.find, ids))
    found = {each: rooms.catalogue.connection(each, kept) for each, kept in zip(ids, stored, strict=True)}
    return {each: connection for each, connection in found.items() if connection}


async def names_of(
    providers: Iterable[str], connections: Mapping[str, Connection], rooms: Rooms
) -> Mapping[str, str]:
    """What people call each; of one that is switched off here its configuration says it, and of one that is gone its id."""
    off = list({*providers} - {*connections})
    stored = await gather(*map(rooms.store.provider_configurations.find, off))
    known = (rooms.catalogue.switched_on(*pair) for pair in zip(off, stored, strict=True))
    others = {each: found.provider.name if found else each for each, found in zip(off, known, strict=True)}
    return others | {each: connection.provider.name for each, connection in connections.items()}


def describe(
    account: ExternalAccount, connection: Connection | None, name: str, standing: Standing
) -> Described:
    labels = connection.provider.scope_labels if connection else {}
    held = standing.scope
    allowed = dict.fromkeys(connection.allowed_scopes) if connection else ()
    return Described(
        account=account,
        connection=connection,
        name=name,
        who=name_of(account.identity),
        state=state_of(connection, standing),
        since=account.created_at,
        granted=[(each, labels.get(each, each)) for each in held],
        offered=[(each, labels.get(each, each)) for each in allowed if each not in held],
    )


def state_of(connection: Connection | None, standing: Standing) -> str:
    """As custody says it. Of what was not granted only that counts which the operator always asks for beyond knowing who
    somebody is: providers name the scopes of that in ways of their own."""
    health = standing.health.health
    if connection is None:
        return "off"
    if health is Health.REVOKED:
        return "revoked"
    if health is Health.NEEDS_RECONNECT:
        return "reconnect"
    needed = {*connection.scopes} - {*connection.provider.scopes}
    return "connected" if needed <= {*standing.scope} and health is not Health.MISSING_SCOPES else "missing"


def ways_in(accounts: Iterable[Described]) -> list[Connection]:
    """Each connection once by which the person can sign in."""
    found = {each.connection.id: each.connection for each in accounts if each.connection}
    return [connection for connection in found.values() if connection.sign_in]
