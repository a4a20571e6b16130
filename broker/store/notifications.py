"""Which notifications of providers were heard, so that one that comes twice is acted on once."""

from broker.core.opaque import fingerprint
from broker.store.commands import Commands

CLAIM = 60  # seconds in which whoever took it has acted; after a crash it may come again


class Notifications:
    """`claim` before acting, `keep` after."""

    def __init__(self, redis: Commands) -> None:
        self._redis = redis

    async def claim(self, provider: str, notification_id: str) -> bool:
        """False: it was heard before, or another process is acting on it."""
        key = notification_key(provider, notification_id)
        return bool(await self._redis.set(key, b"claimed", ex=CLAIM, nx=True))

    async def keep(self, provider: str, notification_id: str, seconds: int) -> None:
        """As long as its signature is good; after that it is refused anyway."""
        await self._redis.set(notification_key(provider, notification_id), b"heard", ex=max(CLAIM, seconds))


def notification_key(provider: str, notification_id: str) -> str:
    """A fingerprint, because the id is the provider's own text."""
    heard = fingerprint(f"{provider} {notification_id}")
    return f"notification:{{{heard}}}"
