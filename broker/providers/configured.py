"""Which providers this broker can send people to: the catalogue, the environment's settings and the admins' joined."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from broker.core.records import ProviderConfiguration
from broker.providers import CATALOGUE
from broker.providers.custom import custom_provider, is_custom
from broker.providers.provider import Connection, Provider, connect

Source = Literal["stored", "environment", "simulated"]


def entry_of(configuration: ProviderConfiguration) -> Provider | None:
    """The catalogue's entry that it configures. None: it is a custom provider, or this release has no such entry."""
    return None if is_custom(configuration) else CATALOGUE.get(configuration.preset or configuration.id)


def provider_of(configuration: ProviderConfiguration) -> Provider | None:
    """The catalogue's entry, as a preset under another id and name; else a custom provider. None: there is no such preset.
    Raises OAuthError server_error for half a custom one."""
    known = entry_of(configuration)
    if known is None:
        return None if configuration.preset else custom_provider(configuration)
    if configuration.preset is None and configuration.name is None:
        return known
    return replace(known, id=configuration.id, name=configuration.name or known.name, entry=known.id)


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
        provider = provider_of(configuration)
        return connect(provider, configuration, self.issuer) if provider else None

    def switched_on(self, provider_id: str, stored: ProviderConfiguration | None) -> Connection | None:
        """The connection as it would be if it were not off, for who looks whether it works."""
        configuration = stored or self.from_environment.get(provider_id)
        on = msgspec.structs.replace(configuration, enabled=True) if configuration else None
        return self.connection(provider_id, on)

    def source(self, provider_id: str, stored: ProviderConfiguration | None) -> Source | None:
        """Who configured it; None: nobody."""
        if stored:
            return "stored"
        if provider_id in self.from_environment:
            return "environment"
        return "simulated" if provider_id in self.simulated else None

    def connections(self, stored: Iterable[ProviderConfiguration]) -> list[Connection]:
        """Every connection that people may sign in with, in the catalogue's order, custom ones after."""
        return [connection for connection in self.connectable(stored) if connection.sign_in]

    def connectable(self, stored: Iterable[ProviderConfiguration]) -> list[Connection]:
        """The same and those that are for connecting only."""
        by_id = {configuration.id: configuration for configuration in stored}
        found = (self.connection(each, by_id.get(each)) for each in dict.fromkeys([*CATALOGUE, *by_id]))
        return [connection for connection in found if connection]
