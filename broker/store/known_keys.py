"""The secret keys at hand: those of the environment, and those of Redis for five seconds after they were read."""

import asyncio

import structlog
from redis.exceptions import RedisError

from broker.core.opaque import fingerprint
from broker.core.secret_keys import SHAPE, EnvironmentKeys, SecretKey
from broker.store.secret_keys import SecretKeys

log = structlog.get_logger()
AT_HAND = (
    5  # seconds: how late a revocation may bite. A read per request would double the trips of a token read
)
MOST = 1000  # keys at hand
NOTED_EVERY = 60  # seconds


class KnownKeys:
    """Says whose a text is. Unknown texts are not kept: they would push out the keys of others."""

    def __init__(self, environment: EnvironmentKeys, drawer: SecretKeys) -> None:
        self.environment = environment
        self._drawer = drawer
        self._at_hand: dict[str, tuple[SecretKey, int]] = {}
        self._noted: dict[str, int] = {}
        self._writes: set[asyncio.Task[None]] = set()

    async def find(self, text: str, now: int) -> SecretKey | None:
        """The key whose text this is. None: none of ours, revoked, or expired."""
        shown = fingerprint(text)
        key = await self._find(shown, now, asked=bool(SHAPE.fullmatch(text)))
        if key is not None:
            self._note_use(key, now)
        return key

    async def still(self, shown: str, now: int) -> SecretKey | None:
        """The key with this fingerprint, as it is now, for who showed it before. None: revoked, or expired."""
        return await self._find(shown, now, asked=True)

    def forget(self) -> None:
        """After a change made here: in this process it holds at once."""
        self._at_hand.clear()

    def _remembered(self, shown: str, now: int) -> SecretKey | None:
        key, read_at = self._at_hand.get(shown, (None, 0))
        return key if 0 <= now - read_at < AT_HAND else None

    async def _find(self, shown: str, now: int, *, asked: bool) -> SecretKey | None:
        """What has not the shape of our keys is not `asked` for in Redis."""
        key = self.environment.find(shown) or self._remembered(shown, now)
        if key is None and asked:
            key = await self._read(shown, now)
        return key if key and key.alive(now) else None

    async def _read(self, shown: str, now: int) -> SecretKey | None:
        key = await self._drawer.find(shown)
        if key is not None:
            if len(self._at_hand) >= MOST:
                self._at_hand.clear()
                self._noted.clear()
            self._at_hand[shown] = key, now
        return key

    def _note_use(self, key: SecretKey, now: int) -> None:
        """Once a minute, and nobody waits for it."""
        if 0 <= now - self._noted.get(key.fingerprint, 0) < NOTED_EVERY:
            return
        self._noted[key.fingerprint] = now
        write = asyncio.get_running_loop().create_task(self._write_use(key, now))
        self._writes.add(write)  # the loop itself holds tasks only weakly
        write.add_done_callback(self._writes.discard)

    async def _write_use(self, key: SecretKey, now: int) -> None:
        try:
            await self._drawer.note_use(key, now)
        except RedisError as error:
            log.warning("use_not_noted", id=key.id, kind=type(error).__name__)
