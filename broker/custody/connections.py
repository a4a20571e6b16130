"""What custody works with, and the providers as they are configured."""

import time

from broker.custody.refresh import Refresher
from broker.providers.configured import Catalogue
from broker.providers.provider import Connection
from broker.providers.upstream import Upstream
from broker.store import Store

REMEMBERED = 5.0  # seconds for which a provider's configuration is not read anew


class Connections:
    """Shared by what hands out tokens and what gives them back."""

    def __init__(self, store: Store, catalogue: Catalogue, upstream: Upstream) -> None:
        self.store = store
        self.catalogue = catalogue
        self.upstream = upstream
        self.refresher = Refresher(store.grants, store.wakeups, store.revocations, store.tallies, upstream)
        self._known: dict[str, tuple[float, Connection]] = {}

    def at_hand(self, provider: str) -> Connection | None:
        """The provider as it was configured at most a few seconds ago, so that a read costs no second command."""
        until, known = self._known.get(provider, (0.0, None))
        return known if time.monotonic() < until else None

    async def connection(self, provider: str) -> Connection | None:
        """None: it is not configured, or switched off."""
        known = self.at_hand(provider)
        if known:
            return known
        stored = await self.store.provider_configurations.find(provider)
        known = self.catalogue.connection(provider, stored)
        if known:  # a name that means nothing is not remembered: anybody may send one
            self._known[provider] = (time.monotonic() + REMEMBERED, known)
        else:
            self._known.pop(provider, None)
        return known
