"""Any OpenID Connect issuer, made a provider by what its discovery document says (OpenID Connect Discovery 1.0)."""

from typing import Any
from urllib.parse import urlsplit

from broker.core.records import Discovered, ProviderConfiguration
from broker.providers.errors import broken
from broker.providers.lifecycle import Lifecycle
from broker.providers.native import Native, own_ids
from broker.providers.provider import ANY_ALGORITHM, Provider, from_openid_claims


def well_known(issuer: str) -> str:
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def read_discovery(issuer: str, document: Any) -> Discovered:
    """The endpoints we use. Raises OAuthError server_error: a document that names another issuer is a decoy (OC-06)."""
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise broken("the discovery document names another issuer")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if not isinstance(methods, list):
        raise broken("the discovery document is malformed")
    return Discovered(
        authorization_endpoint=endpoint(document, "authorization_endpoint"),
        token_endpoint=endpoint(document, "token_endpoint"),
        jwks_uri=endpoint(document, "jwks_uri"),
        userinfo_endpoint=document.get("userinfo_endpoint") and endpoint(document, "userinfo_endpoint"),
        revocation_endpoint=document.get("revocation_endpoint") and endpoint(document, "revocation_endpoint"),
        basic_auth="client_secret_post" not in methods,
        announces_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def endpoint(document: dict[str, Any], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or urlsplit(url).scheme not in ("https", "http"):
        raise broken(f"the discovery document has no usable {name}")
    return url


def custom_provider(configuration: ProviderConfiguration) -> Provider:
    """The provider of a configuration that names an issuer."""
    if configuration.issuer is None or configuration.discovered is None:
        raise broken(f"provider {configuration.id} has no issuer")
    known = configuration.discovered
    return Provider(
        id=configuration.id,
        name=configuration.name or configuration.id,
        source=well_known(configuration.issuer),
        issuer=configuration.issuer,
        authorization_endpoint=known.authorization_endpoint,
        token_endpoint=known.token_endpoint,
        jwks_uri=known.jwks_uri,
        userinfo_endpoint=known.userinfo_endpoint,
        revocation_endpoint=known.revocation_endpoint,
        scopes=("openid", "email", "profile"),
        client_auth="client_secret_basic" if known.basic_auth else "client_secret_post",
        announces_issuer=known.announces_issuer,
        lifecycle=told_lifecycle(configuration),
        native=told_native(configuration),
        to_identity=from_openid_claims,
    )


def told_native(configuration: ProviderConfiguration) -> Native | None:
    """Sign-in by an SDK of the issuer's, once an admin said what that SDK makes of a nonce."""
    known = configuration.discovered
    if configuration.native_nonce == "off" or configuration.issuer is None or known is None:
        return None
    return Native(
        sources=(well_known(configuration.issuer),),
        issuers=(configuration.issuer,),
        jwks_uri=known.jwks_uri,
        algorithms=ANY_ALGORITHM,
        sdks=own_ids(configuration.native_nonce),
    )


def told_lifecycle(configuration: ProviderConfiguration) -> Lifecycle:
    """Discovery says nothing of how tokens live, so only what an admin said is known. Whoever has a revocation
    endpoint takes a refresh token there (RFC 7009 section 2)."""
    known = configuration.discovered
    return Lifecycle(
        rotates=configuration.rotates,
        grace=configuration.rotation_grace,
        revokes="refresh_token" if known and known.revocation_endpoint else None,
    )
