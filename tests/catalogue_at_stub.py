"""`broker`, with the catalogue's providers where a test can play them: everything of an entry stays but its addresses."""

import sys
from dataclasses import replace

from broker.cli import main
from broker.providers import CATALOGUE
from broker.providers.provider import Provider

PROGRAM = [
    sys.executable,
    "-m",
    "tests.catalogue_at_stub",
]  # and the stub's address, then what `broker` takes


def moved(provider: Provider, home: str) -> Provider:
    call = provider.lifecycle.revocation_call
    return replace(
        provider,
        authorization_endpoint=f"{home}/authorize",
        token_endpoint=f"{home}/token",
        userinfo_endpoint=provider.userinfo_endpoint and f"{home}/userinfo",
        revocation_endpoint=provider.revocation_endpoint and f"{home}/revoke",
        jwks_uri=provider.jwks_uri and f"{home}/jwks",
        lifecycle=replace(provider.lifecycle, revocation_call=call and replace(call, url=f"{home}/revoke")),
        native=provider.native and replace(provider.native, jwks_uri=f"{home}/jwks"),
    )


if __name__ == "__main__":
    stub = sys.argv.pop(1)
    CATALOGUE.update({name: moved(each, stub) for name, each in CATALOGUE.items()})
    main()
