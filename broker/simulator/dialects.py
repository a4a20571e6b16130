"""The ways in which the real providers' answers differ. A provider not named here speaks plain OpenID Connect."""

from typing import Any

from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.providers.provider import Provider
from broker.simulator.memory import Grant
from broker.simulator.personas import Persona

TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"  # Microsoft's own, of all personal accounts
GITHUB_ERRORS = {
    ErrorCode.INVALID_GRANT: "bad_verification_code",
    ErrorCode.INVALID_CLIENT: "incorrect_client_credentials",
}


def is_offline(provider: Provider, asked: Parameters, scopes: tuple[str, ...]) -> bool:
    """Whether a refresh token comes: Google waits for a parameter, others for a scope; Apple always gives one, an
    OAuth app at GitHub never gets one.
    """
    match provider.id:
        case "google":
            return asked.get("access_type") == "offline"
        case "apple":
            return True
        case "github":
            return False
        case _:
            return "offline_access" in scopes


def gives_id_token(provider: Provider, scopes: tuple[str, ...]) -> bool:
    """For the scope `openid`; Apple knows no such scope and always gives one."""
    return provider.issuer is not None and ("openid" in scopes or "openid" not in provider.scopes)


def expires(provider: Provider) -> bool:
    """A token of an OAuth app at GitHub lives until somebody revokes it."""
    return provider.id != "github"


def issuer_of(provider: Provider) -> str:
    return (provider.issuer or "").replace("{tid}", TENANT)


def openid_claims(provider: Provider, grant: Grant) -> dict[str, Any]:
    """Who came, as far as the scopes allow. Apple's ID tokens never carry a name."""
    claims: dict[str, Any] = {"sub": grant.persona.subject(provider.id)}
    if provider.id == "microsoft":
        claims["tid"] = TENANT
    if "email" in grant.scopes:
        claims |= email_claims(provider, grant.persona)
    if "profile" in grant.scopes:
        claims |= name_claims(grant.persona)
    return claims


def email_claims(provider: Provider, persona: Persona) -> dict[str, Any]:
    """Apple says "true" in a string; Microsoft says only whether the domain's owner was checked."""
    if persona.email is None:
        return {}
    match provider.id:
        case "apple":
            return {"email": persona.email, "email_verified": str(persona.email_verified).lower()}
        case "microsoft":
            return {"email": persona.email, "xms_edov": persona.email_verified}
        case _:
            return {"email": persona.email, "email_verified": persona.email_verified}


def name_claims(persona: Persona) -> dict[str, Any]:
    given, _, family = persona.name.rpartition(" ")
    return {
        "name": persona.name,
        "given_name": given or family,
        "family_name": family,
        "preferred_username": persona.username,
    }


def github_user(persona: Persona) -> dict[str, Any]:
    """Its `email` is the one shown in public, which here nobody does: the list of addresses has it."""
    return {
        "id": int(persona.subject("github")),
        "login": persona.username,
        "name": persona.name,
        "email": None,
        "type": "User",
    }


def github_emails(persona: Persona) -> list[dict[str, Any]]:
    """A person who hides the address still has a second, unused one."""
    second = {"email": f"{persona.username}@users.noreply.example.com", "primary": False, "verified": True}
    if persona.email is None:
        return [second]
    first = {"email": persona.email, "primary": True, "verified": persona.email_verified}
    return [first | {"visibility": "private"}, second | {"visibility": None}]


def token_error(provider: Provider, error: OAuthError) -> tuple[int, dict[str, str]]:
    """Status and body. GitHub has words of its own and says them with status 200; its outages are outages."""
    body = {"error": error.code.wire, "error_description": error.description}
    if provider.id != "github" or error.status >= 500:
        return error.status, body
    return 200, body | {"error": GITHUB_ERRORS.get(error.code, error.code.wire)}


def scope_of(provider: Provider, grant: Grant) -> str:
    """The granted scopes in the token answer; GitHub separates them with commas there, and only there."""
    return ("," if provider.id == "github" else provider.scope_separator).join(grant.scopes)
