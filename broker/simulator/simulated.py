"""The catalogue, pointed at ourselves: each provider keeps its ways and changes its address."""

from dataclasses import replace

from broker.providers import CATALOGUE
from broker.providers.lifecycle import Lifecycle, TokenCall
from broker.providers.provider import Provider

CLIENT_ID = "simulated"
CLIENT_SECRET = "simulated"


def simulated_providers(issuer: str) -> dict[str, Provider]:
    """Every provider of the catalogue by id, at `{issuer}/simulator/{id}/...`."""
    return {
        provider.id: simulated(provider, f"{issuer}/simulator/{provider.id}")
        for provider in CATALOGUE.values()
    }


def simulated(provider: Provider, home: str) -> Provider:
    """Apple's minted secret becomes a plain one: nobody has the private key that the real one needs."""
    tenanted = "{tid}" in (provider.issuer or "")
    profile = "userinfo" if provider.issuer else "user"
    return replace(
        provider,
        authorization_endpoint=f"{home}/authorize",
        token_endpoint=f"{home}/token",
        userinfo_endpoint=provider.userinfo_endpoint and f"{home}/{profile}",
        revocation_endpoint=provider.revocation_endpoint and f"{home}/revoke",
        issuer=provider.issuer and (f"{home}/{{tid}}/v2.0" if tenanted else home),
        jwks_uri=provider.jwks_uri and f"{home}/jwks",
        credential_fields=("client_secret",),
        mint_client_secret=None,
        lifecycle=simulated_calls(provider.lifecycle, home),
        native=provider.native and replace(provider.native, issuers=(home,), jwks_uri=f"{home}/jwks"),
    )


def simulated_calls(lifecycle: Lifecycle, home: str) -> Lifecycle:
    """The same calls about tokens, made to us. RFC 7009's door is `revoke`, all others' is `grant`. A token need not be
    a day old to be renewed: nobody would wait for it."""
    revocation = "revoke" if lifecycle.revokes == "refresh_token" else "grant"
    return replace(
        lifecycle,
        renewable_after=0,
        exchange=moved(lifecycle.exchange, f"{home}/long_lived"),
        renewal_call=moved(lifecycle.renewal_call, f"{home}/renewed"),
        revocation_call=moved(lifecycle.revocation_call, f"{home}/{revocation}"),
    )


def moved(call: TokenCall | None, url: str) -> TokenCall | None:
    return replace(call, url=url) if call else None
