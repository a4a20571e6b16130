"""The authorization request to a provider (RFC 6749 section 4.1.1): where the browser goes. Pure."""

from authlib.common.urls import add_params_to_uri

from broker.core.pkce import challenge_of
from broker.core.records import PendingAuthorization
from broker.providers.lifecycle import offline_parameters
from broker.providers.provider import Connection


def authorization_url(connection: Connection, pending: PendingAuthorization, state: str) -> str:
    """Of the app's parameters only a known prompt and allowed scopes reach the provider; what a provider needs to give a
    refresh token goes over them."""
    provider = connection.provider
    scopes = dict.fromkeys((*connection.scopes, *pending.provider_scopes))
    parameters = {
        "response_type": "code",
        provider.client_id_parameter: connection.client_id,
        "redirect_uri": connection.callback,
        provider.scope_parameter: provider.scope_separator.join(scopes) or None,
        "state": state,
        "nonce": pending.upstream_nonce if provider.issuer else None,
        "response_mode": provider.response_mode if provider.response_mode != "query" else None,
        "code_challenge": challenge_of(pending.upstream_verifier) if provider.pkce else None,
        "code_challenge_method": "S256" if provider.pkce else None,
        **provider.authorization_parameters,
        **asked_of_the_person(connection, pending),
    }
    sent = [(name, value) for name, value in parameters.items() if value is not None]
    url: str = add_params_to_uri(provider.authorization_endpoint, sent)
    return url


def asked_of_the_person(connection: Connection, pending: PendingAuthorization) -> dict[str, str | None]:
    """What makes the provider ask for an account, a password or consent, whatever it calls that."""
    provider = connection.provider
    offline = offline_parameters(
        connection.lifecycle, holds_live_refresh_token=False if pending.consent else None
    )
    asked = set((pending.prompt or "").split())
    needed = f"{offline.pop('prompt', '')} {provider.authorization_parameters.get('prompt', '')}"
    words = asked & set(provider.prompts) | set(needed.split())
    others = (
        provider.prompt_parameters[each] for each in sorted(asked) if each in provider.prompt_parameters
    )
    return {
        "prompt": " ".join(sorted(words)) or None,
        **{name: value for each in others for name, value in each.items()},
        **offline,
    }
