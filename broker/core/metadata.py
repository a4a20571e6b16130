"""The server metadata document (RFC 8414, OpenID Connect Discovery 1.0). What it lists works; what works it lists."""

from typing import Any

from broker.core.client import SCOPES

TOKEN_AUTH = ["none", "client_secret_basic", "client_secret_post"]
CONFIDENTIAL_AUTH = ["client_secret_basic", "client_secret_post"]


def server_metadata(issuer: str) -> dict[str, Any]:
    """AppAuth insists on OpenID Connect's mandatory keys even for plain OAuth (mobile.md 4.2)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "challenge_endpoint": f"{issuer}/challenge",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "end_session_endpoint": f"{issuer}/logout",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            *("authorization_code", "refresh_token"),
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": TOKEN_AUTH,
        "revocation_endpoint_auth_methods_supported": TOKEN_AUTH,
        "introspection_endpoint_auth_methods_supported": CONFIDENTIAL_AUTH,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "prompt_values_supported": ["login", "consent", "select_account"],
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "sid", "at_hash"),
            *("name", "given_name", "family_name", "preferred_username", "picture"),
            *("email", "email_verified", "updated_at"),
        ],
        "authorization_response_iss_parameter_supported": True,
        "require_pushed_authorization_requests": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "backchannel_logout_supported": False,
    }
