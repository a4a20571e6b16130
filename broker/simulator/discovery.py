"""What a provider says of itself: the OpenID Connect discovery document and its public keys."""

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from broker.providers.provider import Provider
from broker.simulator.simulator import Simulator, json_answer


@get("/{provider:str}/.well-known/openid-configuration")
async def openid_configuration(
    provider: FromPath[str], simulator: NamedDependency[Simulator]
) -> ASGIResponse:
    """GET .../.well-known/openid-configuration. Microsoft's issuer keeps its placeholder, as in the real one."""
    simulated = openid_provider(simulator, provider)
    key = await simulator.keys.of(simulated)
    endpoints = {
        "authorization_endpoint": simulated.authorization_endpoint,
        "token_endpoint": simulated.token_endpoint,
        "userinfo_endpoint": simulated.userinfo_endpoint,
        "revocation_endpoint": simulated.revocation_endpoint,
        "jwks_uri": simulated.jwks_uri,
    }
    return json_answer(
        {name: url for name, url in endpoints.items() if url}
        | {
            "issuer": simulated.issuer,
            "scopes_supported": list(simulated.scopes),
            "response_types_supported": ["code"],
            "response_modes_supported": [simulated.response_mode],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"] if simulated.pkce else [],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": [key.algorithm],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "authorization_response_iss_parameter_supported": simulated.announces_issuer,
        }
    )


@get("/{provider:str}/jwks")
async def jwks(provider: FromPath[str], simulator: NamedDependency[Simulator]) -> ASGIResponse:
    """GET .../jwks; Facebook has keys for its SDK's tokens alone."""
    simulated = simulator.connection(provider).provider
    if simulated.issuer is None and simulated.native is None:
        raise NotFoundException
    key = await simulator.keys.of(simulated)
    return json_answer({"keys": [key.public_jwk]})


def openid_provider(simulator: Simulator, provider_id: str) -> Provider:
    """Raises NotFoundException for a provider that speaks plain OAuth."""
    provider = simulator.connection(provider_id).provider
    if provider.issuer is None:
        raise NotFoundException
    return provider
