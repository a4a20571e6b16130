"""The ways in which the real providers' answers differ. A provider not named here speaks plain OpenID Connect."""

from collections.abc import Callable
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
GRAPH_ERRORS = {ErrorCode.INVALID_TOKEN: 190, ErrorCode.INVALID_CLIENT: 101}  # else 100: a parameter is wrong


def is_offline(provider: Provider, asked: Parameters, scopes: tuple[str, ...]) -> bool:
    """Whether a refresh token comes: Google waits for a parameter, others for a scope; Apple always gives one, an
    OAuth app at GitHub and Meta's never get one.
    """
    match provider.id:
        case "google":
            return asked.get("access_type") == "offline"
        case "apple":
            return True
        case "github" | "facebook" | "instagram" | "threads":
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
        case "facebook":
            return {"email": persona.email}
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


def github_user(grant: Grant) -> dict[str, Any]:
    """Its `email` is the one shown in public, which here nobody does: the list of addresses has it."""
    persona = grant.persona
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


def facebook_user(grant: Grant) -> dict[str, Any]:
    """An address needs its scope, and only one that works is told."""
    persona = grant.persona
    first, _, last = persona.name.rpartition(" ")
    user = {"id": persona.subject("facebook"), "name": persona.name, "first_name": first, "last_name": last}
    told = persona.email and persona.email_verified and "email" in grant.scopes
    return user | ({"email": persona.email} if told else {})


def instagram_user(grant: Grant) -> dict[str, Any]:
    persona = grant.persona
    return {
        "id": str(
            int(persona.subject("instagram")) + 1
        ),  # of this person at this app, and not what identifies
        "user_id": persona.subject("instagram"),
        "username": persona.username,
        "name": persona.name,
    }


def threads_user(grant: Grant) -> dict[str, Any]:
    persona = grant.persona
    return {"id": persona.subject("threads"), "username": persona.username, "name": persona.name}


PROFILES: dict[str, Callable[[Grant], dict[str, Any]]] = {
    "github": github_user,
    "facebook": facebook_user,
    "instagram": instagram_user,
    "threads": threads_user,
}


def short_lived(grant: Grant, access_token: str, lifetime: int) -> dict[str, Any]:
    """The answer to a code where a long-lived token is still to be asked for."""
    subject = grant.persona.subject(grant.provider)
    match grant.provider:
        case "instagram":
            permissions = ",".join(grant.scopes)
            return {"data": [{"access_token": access_token, "user_id": subject, "permissions": permissions}]}
        case "threads":
            return {"access_token": access_token, "user_id": int(subject)}
        case _:
            return {"access_token": access_token, "token_type": "bearer", "expires_in": lifetime}


def answered_error(provider: Provider, error: OAuthError) -> tuple[int, dict[str, Any]]:
    """Status and body. GitHub has words of its own and says them with status 200; Meta nests a number. An outage is
    an outage everywhere."""
    body = {"error": error.code.wire, "error_description": error.description}
    if error.status >= 500:
        return error.status, body
    match provider.id:
        case "github":
            return 200, body | {"error": GITHUB_ERRORS.get(error.code, error.code.wire)}
        case "facebook" | "instagram" | "threads":
            code = GRAPH_ERRORS.get(error.code, 100)
            return 400, {"error": {"message": error.description, "type": "OAuthException", "code": code}}
        case _:
            return error.status, body


def scope_of(provider: Provider, grant: Grant) -> str:
    """The granted scopes in the token answer; GitHub separates them with commas there, and only there."""
    return ("," if provider.id == "github" else provider.scope_separator).join(grant.scopes)
