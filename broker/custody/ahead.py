"""Refreshing ahead, for providers with `refresh_ahead`: tokens are renewed before anybody asks, by the leader, at a bounded
rate. A grant's own lease keeps it apart from whoever asks at the same moment."""

import time
from asyncio import gather

from broker.core.grant import Grant, due_at
from broker.core.identity import ExternalAccount, ProviderTokens
from broker.custody.connections import Connections
from broker.custody.refresh import Delayed, NeedsReconnect
from broker.providers.provider import Connection
from broker.store.grants import Ref

MOST_A_TURN = 20  # refreshes in one turn of the leader, so as many in a second
LATER = 300  # seconds until a refresh that was delayed is tried again


class Ahead(Connections):
    """The due list follows the grants: whoever writes one enters when it is due."""

    async def schedule(self, ref: Ref, grant: Grant, connection: Connection) -> None:
        """Enter a grant that was just written, or drop it when there is nothing to renew."""
        at = due_at(grant, connection.lifecycle.margin)
        if at is None or grant.status is not None or not (grant.renewable or renews_itself(connection)):
            await self.store.due.leave(ref)
        else:
            earliest = grant.issued_at + connection.lifecycle.renewable_after
            await self.store.due.enter(ref, int(max(at, earliest)))

    async def expect(
        self, account: ExternalAccount, tokens: ProviderTokens, connection: Connection, now: int
    ) -> None:
        """Enter the grant of a sign-in; whether we hold a refresh token is seen when it is due."""
        ref = Ref(account.user_id, account.provider, account.id)
        grant = Grant(account_id=account.id, version=0, tokens=tokens, issued_at=now, renewable=True)
        await self.schedule(ref, grant, connection)

    async def refresh_ahead(self, now: int) -> None:
        """A chore of the leader."""
        await gather(*(self._refresh(ref) for ref in await self.store.due.claim(now, MOST_A_TURN)))

    async def _refresh(self, ref: Ref) -> None:
        connection = await self.connection(ref.provider)
        grant = await self.store.grants.find(ref)
        if connection is None or not connection.refresh_ahead or grant is None:
            await self.store.due.leave(ref)
            return
        at = due_at(grant, connection.lifecycle.margin)
        try:
            if grant.status is None and at is not None and at <= time.time():
                await self.refresher.refresh(ref, connection, grant)
        except Delayed as delayed:
            later = max(LATER, delayed.retry_after or 0)
            await self.store.due.enter(ref, int(time.time() + later))
        except NeedsReconnect:
            await self.store.due.leave(ref)
        else:
            after = await self.store.grants.find(ref)
            await (self.schedule(ref, after, connection) if after else self.store.due.leave(ref))


def renews_itself(connection: Connection) -> bool:
    return connection.lifecycle.renewal == "access_token"
