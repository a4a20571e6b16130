"""Which providers this broker can send people to: the catalogue, the environment's settings and the admins' joined."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from broker.core.records import ProviderConfiguration
from broker.providers import CATALOGUE
from broker.providers.custom import custom_provider
from broker.providers.provider import Connection, connect


@dataclass(frozen=True)
class Catalogue:
    """`simulated` stand in for real providers in development until an admin sets credentials of his own."""

    issuer: str
    from_environment: Mapping[str, ProviderConfiguration] = field(default_factory=dict)
    simulated: Mapping[str, Connection] = field(default_factory=dict)

    def connection(self, provider_id: str, stored: ProviderConfiguration | None) -> Connection | None:
        """The connection by that id, or None when there is none or it is off. What an admin stored wins over the
        environment, and both over a simulation."""
        configuration = stored or self.from_environment.get(provider_id)
        if configuration is None:
            return self.simulated.get(provider_id)
        if not configuration.enabled or not configuration.client_id:
            return None
        provider = (
            CATALOGUE.get(provider_id) if configuration.issuer is None else custom_provider(configuration)
        )
        return connect(provider, configuration, self.issuer) if provider else None

    def connections(self, stored: Iterable[ProviderConfiguration]) -> list[Connection]:
        """Every connection that people may sign in with, in the catalogue's order, custom ones after."""
        by_id = {configuration.id: configuration for configuration in stored}
        found = (self.connection(each, by_id.get(each)) for each in dict.fromkeys([*CATALOGUE, *by_id]))
        return [connection for connection in found if connection and connection.sign_in]
