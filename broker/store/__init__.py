"""The memory: all the broker's state, in Redis, with a lifetime; secrets sealed, handed-out values as fingerprints.

Verbs are OAuth events, each one atomic. Every key is listed in docs/redis.md.
"""

from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from broker.core.encryption_keys import EncryptionKeys
from broker.store.clients import Clients
from broker.store.codes import Codes
from broker.store.commands import Commands
from broker.store.pending import Pending
from broker.store.provider_configurations import ProviderConfigurations
from broker.store.pushed import Pushed
from broker.store.returns import Returns
from broker.store.sealing import Sealer
from broker.store.sessions import Sessions
from broker.store.users import Users


@dataclass(frozen=True)
class Store:
    """The drawers."""

    redis: Commands
    clients: Clients
    provider_configurations: ProviderConfigurations
    pushed: Pushed
    pending: Pending
    returns: Returns
    codes: Codes
    sessions: Sessions
    users: Users

    @classmethod
    def over(cls, client: Redis, keys: EncryptionKeys) -> "Store":
        """All drawers over one connection pool and one key ring."""
        redis, sealer = cast("Commands", client), Sealer(keys)
        return cls(
            redis=redis,
            clients=Clients(redis),
            provider_configurations=ProviderConfigurations(redis, sealer),
            pushed=Pushed(redis, sealer),
            pending=Pending(redis, sealer),
            returns=Returns(redis, sealer),
            codes=Codes(redis),
            sessions=Sessions(redis, keys.derive("refresh token")),
            users=Users(redis, sealer),
        )
