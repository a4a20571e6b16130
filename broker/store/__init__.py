"""The memory: all the broker's state, in Redis, with a lifetime; secrets sealed, handed-out values as fingerprints.

Verbs are OAuth events, each one atomic. Every key is listed in docs/redis.md.
"""

from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis

from broker.core.encryption_keys import EncryptionKeys
from broker.store.account_sessions import AccountSessions
from broker.store.account_visits import AccountArrivals, AccountTickets
from broker.store.admin_sessions import AdminSessions
from broker.store.arrivals import Arrivals
from broker.store.attempts import Attempts, Failures
from broker.store.challenges import Challenges
from broker.store.clients import Clients
from broker.store.codes import Codes
from broker.store.commands import Commands
from broker.store.deliveries import Deliveries
from broker.store.devices import Devices
from broker.store.directory import Directory
from broker.store.due import Due
from broker.store.events import Events
from broker.store.flows import Flows
from broker.store.grants import Grants
from broker.store.key_ages import KeyAges
from broker.store.leader import Leadership
from broker.store.notifications import Notifications
from broker.store.outbox import Outbox
from broker.store.pending import Pending
from broker.store.proofs import Proofs
from broker.store.provider_configurations import ProviderConfigurations
from broker.store.provider_tests import ProviderTests
from broker.store.pushed import Pushed
from broker.store.refusals import Refusals
from broker.store.returns import Returns
from broker.store.revocations import Revocations
from broker.store.ring import Ring
from broker.store.sealing import Sealer
from broker.store.secret_keys import SecretKeys
from broker.store.sessions import Sessions
from broker.store.tallies import Tallies
from broker.store.users import Users
from broker.store.wakeups import Wakeups
from broker.store.webhooks import Webhooks


@dataclass(frozen=True)
class Store:
    """The drawers."""

    redis: Commands
    ring: Ring
    clients: Clients
    provider_configurations: ProviderConfigurations
    provider_tests: ProviderTests
    refusals: Refusals
    pushed: Pushed
    pending: Pending
    returns: Returns
    proofs: Proofs
    challenges: Challenges
    codes: Codes
    arrivals: Arrivals
    attempts: Attempts
    failures: Failures
    devices: Devices
    sessions: Sessions
    account_tickets: AccountTickets
    account_arrivals: AccountArrivals
    account_sessions: AccountSessions
    users: Users
    grants: Grants
    revocations: Revocations
    notifications: Notifications
    wakeups: Wakeups
    directory: Directory
    outbox: Outbox
    events: Events
    webhooks: Webhooks
    deliveries: Deliveries
    secret_keys: SecretKeys
    key_ages: KeyAges
    admin_sessions: AdminSessions
    due: Due
    leadership: Leadership
    tallies: Tallies
    flows: Flows

    @classmethod
    def over(cls, client: Redis, keys: EncryptionKeys) -> "Store":
        """All drawers over one connection pool and one key ring."""
        redis, sealer = cast("Commands", client), Sealer(keys)
        outbox, deliveries = Outbox(redis), Deliveries(redis)
        tallies = Tallies(redis)
        return cls(
            **taken_once(redis, sealer),
            redis=redis,
            ring=Ring(redis, keys),
            clients=Clients(redis),
            provider_configurations=ProviderConfigurations(redis, sealer),
            provider_tests=ProviderTests(redis),
            refusals=Refusals(redis),
            codes=Codes(redis, outbox),
            devices=Devices(redis),
            sessions=Sessions(redis, keys.derive("refresh token"), outbox),
            account_sessions=AccountSessions(redis, sealer, outbox),
            users=Users(redis, sealer, outbox),
            grants=Grants(redis, sealer, outbox),
            revocations=Revocations(redis, sealer),
            notifications=Notifications(redis),
            wakeups=Wakeups(client),
            directory=Directory(redis),
            outbox=outbox,
            events=Events(redis),
            webhooks=Webhooks(redis, sealer, deliveries),
            deliveries=deliveries,
            secret_keys=SecretKeys(redis),
            key_ages=KeyAges(redis),
            admin_sessions=AdminSessions(redis, sealer),
            due=Due(redis),
            leadership=Leadership(redis),
            tallies=tallies,
            flows=Flows(redis, tallies),
        )


def taken_once(redis: Commands, sealer: Sealer) -> dict[str, Any]:
    """The drawers of what lives for one step of a flow: sealed, and taken out once."""
    return {
        "pushed": Pushed(redis, sealer),
        "pending": Pending(redis, sealer),
        "returns": Returns(redis, sealer),
        "proofs": Proofs(redis, sealer),
        "challenges": Challenges(redis, sealer),
        "arrivals": Arrivals(redis, sealer),
        "attempts": Attempts(redis, sealer),
        "failures": Failures(redis, sealer),
        "account_tickets": AccountTickets(redis, sealer),
        "account_arrivals": AccountArrivals(redis, sealer),
    }
