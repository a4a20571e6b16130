"""The catalogue, pointed at ourselves: each provider keeps its ways and changes its address."""

from dataclasses import replace
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from broker.core.provider_field import ProviderField
from broker.core.records import ProviderConfiguration
from broker.providers import CATALOGUE
from broker.providers.calls import TokenCall
from broker.providers.lifecycle import Lifecycle
from broker.providers.provider import Connection, Provider, connect

CLIENT_ID = "simulated"
CLIENT_SECRET = "simulated"


def simulated_connections(issuer: str) -> dict[str, Connection]:
    """A connection for every provider of the catalogue by id, at `{issuer}/simulator/{id}/...`, with credentials that
    are worth nothing elsewhere."""
    return {
        provider.id: connect(
            simulated(provider, f"{issuer}/simulator/{provider.id}"), configuration(provider), issuer
        )
        for provider in CATALOGUE.values()
    }


def configuration(provider: Provider) -> ProviderConfiguration:
    """What an admin would set; whatever is offered may be asked for."""
    return ProviderConfiguration(
        id=provider.id,
        client_id=CLIENT_ID,
        credentials={each.name: made_up(each) for each in provider.fields},
        additional_scopes=provider.offered_scopes,
    )


def made_up(field: ProviderField) -> str:
    if field.name == "private_key":
        return private_key()
    return CLIENT_SECRET if field.secret else field.default or CLIENT_ID


@cache
def private_key() -> str:
    """One that Apple never saw, so that its signed client secret can be made and checked all the same. Everybody's is the
    same, so that a command line proves itself to the broker that runs; it is worth nothing elsewhere."""
    key = derive_private_key(int.from_bytes(sha256(CLIENT_SECRET.encode()).digest()), SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def simulated(provider: Provider, home: str) -> Provider:
    tenanted = "{tid}" in (provider.issuer or "")
    return replace(
        provider,
        authorization_endpoint=f"{home}/authorize",
        token_endpoint=f"{home}/token",
        userinfo_endpoint=provider.userinfo_endpoint and f"{home}/userinfo",
        revocation_endpoint=provider.revocation_endpoint and f"{home}/revoke",
        issuer=provider.issuer and (f"{home}/{{tid}}/v2.0" if tenanted else home),
        jwks_uri=provider.jwks_uri and f"{home}/jwks",
        lifecycle=simulated_calls(provider.lifecycle, home),
        profile={
            name: replace(call, url=f"{home}/profile/{name}") for name, call in provider.profile.items()
        },
        native=provider.native and replace(provider.native, issuers=(home,), jwks_uri=f"{home}/jwks"),
    )


def simulated_calls(lifecycle: Lifecycle, home: str) -> Lifecycle:
    """The same calls about tokens, made to us. A token need not be a day old to be renewed: nobody would wait for it."""
    return replace(
        lifecycle,
        renewable_after=0,
        exchange=moved(lifecycle.exchange, f"{home}/exchange"),
        renewal_call=moved(lifecycle.renewal_call, f"{home}/renewal"),
        revocation_call=moved(lifecycle.revocation_call, f"{home}/revocation"),
    )


def moved(call: TokenCall | None, url: str) -> TokenCall | None:
    return replace(call, url=url) if call else None
