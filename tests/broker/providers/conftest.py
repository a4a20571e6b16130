"""The broker's own client towards providers, without a broker around it, sent to the stub."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from broker.core.identity import Identity, ProviderTokens
from broker.core.opaque import new_secret
from broker.core.records import PendingAuthorization
from broker.providers.attributes import from_openid_claims
from broker.providers.provider import Connection, Provider
from broker.providers.upstream import Upstream
from tests.provider_stub import CLIENT_ID, CLIENT_SECRET, ProviderStub


def pending() -> PendingAuthorization:
    return PendingAuthorization(
        client_id="default",
        redirect_uri="https://app.example.com/cb",
        state=None,
        scope="openid",
        code_challenge="",
        nonce=None,
        provider="stub",
        upstream_verifier=new_secret(),
        upstream_nonce=new_secret(),
        browser="",
    )


@dataclass
class AtStub:
    """Sign-ins at the stub by `upstream`, whose key sets are its own and empty at first."""

    stub: ProviderStub
    upstream: Upstream
    now: int = 1_800_000_000
    provider: Provider = field(init=False)
    credentials: dict[str, str] = field(default_factory=lambda: {"client_secret": CLIENT_SECRET})

    def __post_init__(self) -> None:
        home = self.stub.issuer
        self.provider = Provider(
            id="stub",
            name="Stub",
            source="https://example.com",
            issuer=home,
            authorization_endpoint=f"{home}/authorize",
            token_endpoint=f"{home}/token",
            userinfo_endpoint=f"{home}/userinfo",
            jwks_uri=f"{home}/jwks",
            scopes=("openid",),
            to_identity=from_openid_claims,
        )

    def pretend(self, provider: Provider) -> None:
        """Speak to the stub as to `provider`: everything of the catalogue's entry stays but its addresses."""
        home = self.stub.issuer
        self.provider = replace(
            provider,
            token_endpoint=f"{home}/token",
            jwks_uri=provider.jwks_uri and f"{home}/jwks",
            userinfo_endpoint=provider.userinfo_endpoint and f"{home}/user",
            profile={name: replace(call, url=f"{home}/{name}") for name, call in provider.profile.items()},
        )

    async def sign_in(self, **grant: Any) -> tuple[Identity, ProviderTokens]:
        """As the callback does, with a code that the stub just gave for `grant`."""
        flow = pending()
        code = f"pc_{new_secret()}"
        self.stub.codes[code] = {"subject": "ada", "nonce": flow.upstream_nonce, **grant}
        return await self.upstream.sign_in(self.connection(), flow, code, self.now)

    def connection(self) -> Connection:
        return Connection(
            provider=self.provider,
            client_id=CLIENT_ID,
            credentials=self.credentials,
            scopes=self.provider.scopes,
            additional_scopes=(),
            callback="http://127.0.0.1/callback/stub",
        )

    async def discover(self, issuer: str) -> None:
        """One plain GET through the same client."""
        await self.upstream.discover(issuer)


@pytest.fixture
async def at_stub(provider: ProviderStub) -> AsyncIterator[AtStub]:
    upstream = Upstream(development=True)
    yield AtStub(provider, upstream)
    await upstream.close()
