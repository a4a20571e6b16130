"""A provider that the catalogue does not have: any OpenID Connect issuer, by its discovery document (OpenID Connect
Discovery 1.0) or by endpoints that an admin tells, and any OAuth 2 server whose userinfo answer says who came."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from broker.core.identity import Identity
from broker.core.records import Discovered, ProviderConfiguration
from broker.providers.attributes import OPENID_CLAIMS, TEXTS, Claims, from_openid_claims, mapped
from broker.providers.calls import get
from broker.providers.errors import broken
from broker.providers.lifecycle import Lifecycle
from broker.providers.native import Native, own_ids
from broker.providers.provider import ANY_ALGORITHM, ClientAuth, Provider

ATTRIBUTES = ("subject", "email_verified", *TEXTS)
ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "revocation_endpoint",
    "jwks_uri",
)


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


def is_custom(configuration: ProviderConfiguration) -> bool:
    """Whether it says itself whom it speaks of. One that was made before the catalogue had its id stays what it is."""
    return configuration.issuer is not None or configuration.token_endpoint is not None


def is_discovered(configuration: ProviderConfiguration) -> bool:
    """Whether a discovery document says the endpoints: an admin who tells one tells all."""
    return configuration.issuer is not None and not any(getattr(configuration, name) for name in ENDPOINTS)


def custom_provider(configuration: ProviderConfiguration) -> Provider:
    """The provider of a configuration that is neither the catalogue's nor a preset. Raises OAuthError server_error."""
    known = known_endpoints(configuration)
    asks = get(known.userinfo_endpoint) if known.userinfo_endpoint and not configuration.issuer else None
    return Provider(
        id=configuration.id,
        name=configuration.name or configuration.id,
        source=source_of(configuration, known),
        issuer=configuration.issuer,
        authorization_endpoint=known.authorization_endpoint,
        token_endpoint=known.token_endpoint,
        jwks_uri=known.jwks_uri or None,
        userinfo_endpoint=known.userinfo_endpoint,
        thin_id_token=configuration.attributes is not None,
        revocation_endpoint=known.revocation_endpoint,
        scopes=("openid", "email", "profile") if configuration.issuer else (),
        scope_separator=configuration.scope_separator or " ",
        authorization_parameters=configuration.authorization_parameters or {},
        pkce=configuration.pkce is not False,
        client_auth=configuration.client_auth or documented_auth(known),
        token_body=configuration.token_body or "form",
        announces_issuer=known.announces_issuer,
        lifecycle=told_lifecycle(configuration, known),
        native=told_native(configuration, known),
        profile={"userinfo": asks} if asks else {},
        to_identity=reader(configuration),
    )


def known_endpoints(configuration: ProviderConfiguration) -> Discovered:
    """Those that were told, or discovered. Raises OAuthError server_error where neither is whole."""
    if is_discovered(configuration):
        if configuration.discovered is None:
            raise broken(f"provider {configuration.id} was never discovered")
        return configuration.discovered
    if not configuration.authorization_endpoint or not configuration.token_endpoint:
        raise broken(f"provider {configuration.id} has no endpoints")
    return Discovered(
        authorization_endpoint=configuration.authorization_endpoint,
        token_endpoint=configuration.token_endpoint,
        jwks_uri=configuration.jwks_uri or "",
        userinfo_endpoint=configuration.userinfo_endpoint,
        revocation_endpoint=configuration.revocation_endpoint,
    )


def source_of(configuration: ProviderConfiguration, known: Discovered) -> str:
    discovered = configuration.issuer and is_discovered(configuration)
    return well_known(configuration.issuer or "") if discovered else known.authorization_endpoint


def documented_auth(known: Discovered) -> ClientAuth:
    return "client_secret_basic" if known.basic_auth else "client_secret_post"


def reader(configuration: ProviderConfiguration) -> Callable[[Claims], Identity]:
    """Who came, by the admin's paths: into the userinfo answer, or the claims of the ID token and userinfo, where the
    standard's names stand for what was not told. An address that is read elsewhere is verified only by a flag that is told
    with it: the standard's speaks of the standard's address."""
    told = configuration.attributes or {}
    if not configuration.issuer:
        return saying_where({name: f"userinfo.{path}" for name, path in told.items()}, told)
    if not told:
        return from_openid_claims
    paths = OPENID_CLAIMS | dict(told)
    if "email" in told and "email_verified" not in told:
        del paths["email_verified"]
    return saying_where(paths, paths)


def saying_where(paths: Mapping[str, str], shown: Mapping[str, str]) -> Callable[[Claims], Identity]:
    """A reader that tells our log at which path it found no subject."""
    read = mapped(**paths)

    def to_identity(claims: Claims) -> Identity:
        try:
            return read(claims)
        except TypeError:
            raise broken(f"attributes.subject: there is no usable id at {shown['subject']}") from None

    return to_identity


def told_native(configuration: ProviderConfiguration, known: Discovered) -> Native | None:
    """Sign-in by an SDK of the issuer's, once an admin said what that SDK makes of a nonce."""
    if configuration.native_nonce is None or configuration.issuer is None:
        return None
    return Native(
        sources=(well_known(configuration.issuer),),
        issuers=(configuration.issuer,),
        jwks_uri=known.jwks_uri,
        algorithms=ANY_ALGORITHM,
        sdks=own_ids(configuration.native_nonce),
    )


def told_lifecycle(configuration: ProviderConfiguration, known: Discovered) -> Lifecycle:
    """No document says how its tokens live, so only what an admin said is known. Whoever has a revocation endpoint takes
    a refresh token there (RFC 7009 section 2)."""
    return Lifecycle(
        rotates=configuration.rotates,
        grace=configuration.rotation_grace,
        revokes="refresh_token" if known.revocation_endpoint else None,
    )
