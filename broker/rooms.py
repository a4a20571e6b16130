"""The rooms that doors work with, and how a handler asks for them: `rooms: Given[Rooms]`.

One value and not seven: Litestar starts a task for every dependency of a handler, an eighth of a request's time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, TypeAlias, TypeVar

from litestar.di import Dependency
from litestar.params import SkipValidationMarker

from allowlist import Allowlist
from broker.core.secret_keys import EnvironmentKeys
from broker.core.tokens import TokenIssuer
from broker.custody import Custody
from broker.providers.configured import Catalogue
from broker.providers.provider import Connection
from broker.providers.upstream import Upstream
from broker.settings import Settings
from broker.store import Store
from broker.store.connection import open_redis
from broker.store.known_keys import KnownKeys

EMPTY: Mapping[str, Connection] = MappingProxyType({})


@dataclass(frozen=True)
class Rooms:
    """Built once, by app.py."""

    settings: Settings
    allowlist: Allowlist
    store: Store
    catalogue: Catalogue
    upstream: Upstream
    custody: Custody
    issuer: TokenIssuer
    secret_keys: KnownKeys

    @classmethod
    def open(cls, settings: Settings, simulated: Mapping[str, Connection] = EMPTY) -> "Rooms":
        """Build all of them over one Redis pool. Nothing is contacted yet."""
        redis = open_redis(settings.redis_url)
        store = Store.over(redis, settings.encryption_keys)
        catalogue = Catalogue(settings.issuer, settings.providers, simulated)
        upstream = Upstream(development=settings.development)
        return cls(
            settings=settings,
            allowlist=Allowlist(
                redis,
                development=settings.development,
                refuse_short_schemes=settings.refuse_short_schemes,
            ),
            store=store,
            catalogue=catalogue,
            upstream=upstream,
            custody=Custody(store, catalogue, upstream),
            issuer=TokenIssuer(settings.issuer, settings.token_audience, settings.signing_keys),
            secret_keys=KnownKeys(EnvironmentKeys.of(settings.secret_keys), store.secret_keys),
        )

    async def close(self) -> None:
        """Keep what providers are answering just now and what was noted, then give back every connection."""
        await self.custody.refresher.finish()
        await self.store.flows.flush()
        await self.store.wakeups.close()
        await self.upstream.close()
        await self.store.redis.aclose()


T = TypeVar("T")

# Not validated: msgspec would walk through every room at every request.
Given: TypeAlias = Annotated[T, Dependency(kind="named"), SkipValidationMarker()]
