"""The providers of the environment: `BROKER_{ID}_CLIENT_ID` and what stands beside it."""

from collections.abc import Mapping

import msgspec

from broker.core.provider_field import ProviderField, problems
from broker.core.records import ProviderConfiguration

PREFIX = "BROKER_"
CLIENT_ID = ProviderField(name="client_id", label="a client id")


class SettingsError(Exception):
    """One line for each variable that is wrong, naming it; never a value."""


def take_providers(
    given: dict[str, str], provider_fields: Mapping[str, tuple[ProviderField, ...]]
) -> dict[str, ProviderConfiguration]:
    """Take `{PROVIDER}_CLIENT_ID` and what stands beside it out of `given`: all that a provider needs, or nothing."""
    found = {}
    for provider_id, fields in provider_fields.items():
        names = ("client_id", *(each.name for each in fields))
        variables = {name: f"{provider_id}_{name}".upper() for name in names}
        values = {name: given.pop(variable, "") for name, variable in variables.items()}
        told = {name: value for name, value in values.items() if value}
        if not told:
            continue
        wrong = problems((CLIENT_ID, *fields), told)
        if wrong:
            raise SettingsError("\n".join(f"{PREFIX}{variables[name]}: {why}" for name, why in wrong.items()))
        client_id = told.pop("client_id")
        found[provider_id] = ProviderConfiguration(id=provider_id, client_id=client_id, credentials=told)
    return found


def listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def with_refresh_ahead(
    providers: dict[str, ProviderConfiguration], text: str
) -> dict[str, ProviderConfiguration]:
    """Raises SettingsError for an id that is not among them: it would be waited for in vain."""
    wanted = listed(text)
    if not set(wanted) <= set(providers):
        known = ", ".join(providers) or "none"
        told = f"an id in it is not among the providers configured here: {known}"
        raise SettingsError(f"{PREFIX}REFRESH_AHEAD: {told}")
    return {
        provider_id: msgspec.structs.replace(each, refresh_ahead=provider_id in wanted)
        for provider_id, each in providers.items()
    }
