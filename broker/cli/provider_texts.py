"""What `broker providers list` and `show` say."""

from collections.abc import Iterator

from broker.backend_api.providers import described
from broker.core.records import ProviderConfiguration, Told
from broker.providers import CATALOGUE
from broker.providers.configured import provider_of
from broker.providers.guide import guide
from broker.providers.provider import Provider
from broker.rooms import Rooms

HEADING = f"{'ID':20} {'STATE':5} {'KIND':6} {'SIGN-IN':7} {'SOURCE':11} CALLBACK URL"


def rows(stored: dict[str, ProviderConfiguration], rooms: Rooms) -> Iterator[str]:
    yield HEADING
    for provider_id in dict.fromkeys([*CATALOGUE, *stored]):
        shown = described(provider_id, stored.get(provider_id), rooms)
        state, sign_in = "on" if shown["offered"] else "off", "yes" if shown["sign_in"] else "no"
        yield (
            f"{provider_id:20} {state:5} {shown['kind'] or '-':6} {sign_in:7} {shown['source'] or '-':11} "
            f"{shown['callback_url']}"
        )


def everything(provider_id: str, stored: ProviderConfiguration | None, rooms: Rooms) -> str | None:
    """How it stands here, what an admin told of it, and its guide. None: there is no such provider."""
    configuration = stored or rooms.catalogue.from_environment.get(provider_id)
    provider = provider_of(configuration) if configuration else CATALOGUE.get(provider_id)
    if provider is None:
        return None
    text = guide(provider, rooms.settings.issuer, by_environment=provider_id in CATALOGUE)
    placed = provider.at(configuration.credentials) if configuration else provider
    standing = "\n".join(state(described(provider_id, stored, rooms), placed))
    return f"{text}\n## Here\n\n{standing}"


def state(shown: dict[str, object], provider: Provider) -> Iterator[str]:
    """A line each; `described` shows no secret."""
    yield f"- callback URL: {shown['callback_url']}"
    yield f"- {'on' if shown['offered'] else 'off'}; sign-in {'on' if shown['sign_in'] else 'off'}"
    yield f"- configured by: {shown['source'] or 'nobody'}"
    for name in ("preset", "client_id", "credentials_set", "parameters", "additional_scopes"):
        if shown[name]:
            yield f"- {name}: {readable(shown[name])}"
    yield f"- scopes: {readable(shown['scopes'])}"
    for name in Told.__struct_fields__:
        if name not in ("rotates", "rotation_grace") and shown[name] is not None:
            yield f"- {name}: {readable(shown[name])}"
    yield f"- people are sent to {provider.authorization_endpoint}, codes to {provider.token_endpoint}"


def readable(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={each}" for name, each in value.items())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
