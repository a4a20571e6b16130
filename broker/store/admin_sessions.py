"""Who is signed in to the dashboard, by the cookie that the browser keeps."""

from broker.core.admin_session import AdminSession
from broker.store.drawer import TakeOnce


class AdminSessions(TakeOnce[AdminSession]):
    """`save` and `take` as every drawer; `use` reads it and puts off its end, in one command."""

    kind = "admin_session"
    lifetime = 3600  # seconds without a request
    record = AdminSession

    async def use(self, secret: str, now: int) -> AdminSession | None:
        """None: never begun, ended, an hour idle, or eight hours old."""
        session = self._open(secret, await self._redis.getex(self._key(secret), ex=self.lifetime))
        return session if session and session.alive(now) else None
