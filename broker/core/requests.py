"""What an app asks, parsed once at the door into values that cannot be wrong (RFC 6749 sections 4.1.1, 4.1.3, 6)."""

import msgspec

from broker.core.challenge import Platform, check_platform
from broker.core.client import UNASKED, Client
from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters, refused
from broker.core.pkce import check_challenge

# What may be asked of a provider's own sign-in page, by fixed words (CB-11). `none` never: a silent flow is refused.
PROMPTS = ("login", "consent", "select_account")
ID_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:id_token"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """GET /authorize, once client and redirect URI are proven."""

    state: str | None
    scope: str
    code_challenge: str
    nonce: str | None
    prompt: str | None
    provider: str | None
    provider_scopes: tuple[str, ...]

    @classmethod
    def parse(cls, parameters: Parameters, client: Client) -> "AuthorizationRequest":
        """Raises OAuthError with the code that RFC 6749 section 4.1.2.1 or OpenID Connect gives the case."""
        check_response(parameters)
        return cls(
            state=parameters.get("state"),
            scope=check_scope(parameters.get("scope") or UNASKED, client.scopes),
            code_challenge=check_challenge(
                parameters.get("code_challenge"), parameters.get("code_challenge_method")
            ),
            nonce=parameters.get("nonce"),
            prompt=check_prompt(parameters.get("prompt")),
            provider=parameters.get("provider") or None,
            provider_scopes=tuple(parameters.get("provider_scopes", "").split()),
        )


def check_response(parameters: Parameters) -> None:
    if "request" in parameters:
        raise OAuthError(ErrorCode.REQUEST_NOT_SUPPORTED, "request objects are not taken; use /par")
    if "registration" in parameters:
        raise OAuthError(ErrorCode.REGISTRATION_NOT_SUPPORTED, "registration is not taken")
    if "response_type" not in parameters:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "response_type is missing")
    if parameters["response_type"] != "code":
        raise OAuthError(ErrorCode.UNSUPPORTED_RESPONSE_TYPE, "response_type must be code")
    if parameters.get("response_mode", "query") != "query":
        raise OAuthError(ErrorCode.INVALID_REQUEST, "response_mode must be query")


def check_scope(scope: str, allowed: tuple[str, ...]) -> str:
    """The scope as asked, if every part of it is allowed: never widened, never silently narrowed (AZ-14)."""
    if not scope.split() or not set(scope.split()) <= set(allowed):
        raise OAuthError(ErrorCode.INVALID_SCOPE, f"scope must be among: {' '.join(allowed)}")
    return " ".join(scope.split())


def check_prompt(prompt: str | None) -> str | None:
    """`none` cannot be honoured: no flow of ours ends without a person (AZ-11)."""
    if prompt is None:
        return None
    asked = prompt.split()
    if "none" in asked:
        raise OAuthError(ErrorCode.INTERACTION_REQUIRED, "prompt none is not possible: a person must act")
    if not asked or not set(asked) <= set(PROMPTS):
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"prompt must be among: {' '.join(PROMPTS)}")
    return " ".join(asked)


class CodeGrant(msgspec.Struct, frozen=True):
    """grant_type=authorization_code (RFC 6749 section 4.1.3 with RFC 7636 section 4.5)."""

    code: str
    redirect_uri: str
    code_verifier: str


class RefreshGrant(msgspec.Struct, frozen=True):
    """grant_type=refresh_token (RFC 6749 section 6)."""

    refresh_token: str
    scope: str | None


class TokenExchangeGrant(msgspec.Struct, frozen=True, kw_only=True):
    """grant_type=...:token-exchange (RFC 8693 section 2.1), for the ID token of a provider's SDK. `provider`, `challenge`
    and what comes after it are our own; a name is what Apple told the app and nobody signed."""

    subject_token: str
    provider: str
    challenge: str
    scope: str | None
    authorization_code: str | None
    given_name: str | None
    family_name: str | None

    @classmethod
    def parse(cls, form: Parameters) -> "TokenExchangeGrant":
        """Raises OAuthError invalid_request, or invalid_target: our tokens are for us alone."""
        if form.required("subject_token_type") != ID_TOKEN_TYPE:
            raise refused(f"subject_token_type must be {ID_TOKEN_TYPE}")
        if form.get("requested_token_type", ACCESS_TOKEN_TYPE) != ACCESS_TOKEN_TYPE:
            raise refused(f"requested_token_type must be {ACCESS_TOKEN_TYPE}")
        if "actor_token" in form or "actor_token_type" in form:
            raise refused("actor_token is not taken: nobody acts for another here")
        if "audience" in form or "resource" in form:
            raise OAuthError(ErrorCode.INVALID_TARGET, "audience and resource are not taken")
        return cls(
            subject_token=form.required("subject_token"),
            provider=form.required("provider"),
            challenge=form.required("challenge"),
            scope=form.get("scope"),
            authorization_code=form.get("authorization_code") or None,
            given_name=form.get("given_name"),
            family_name=form.get("family_name"),
        )


class ChallengeRequest(msgspec.Struct, frozen=True):
    """POST /challenge."""

    provider: str
    platform: Platform

    @classmethod
    def parse(cls, form: Parameters) -> "ChallengeRequest":
        """Raises OAuthError invalid_request."""
        return cls(form.required("provider"), check_platform(form.required("platform")))


def parse_grant(form: Parameters) -> CodeGrant | RefreshGrant | TokenExchangeGrant:
    """Raises OAuthError invalid_request, or unsupported_grant_type for every other grant (TK-12)."""
    match form.required("grant_type"):
        case "authorization_code":
            return CodeGrant(
                form.required("code"), form.required("redirect_uri"), form.required("code_verifier")
            )
        case "refresh_token":
            return RefreshGrant(form.required("refresh_token"), form.get("scope"))
        case "urn:ietf:params:oauth:grant-type:token-exchange":
            return TokenExchangeGrant.parse(form)
        case _:
            raise OAuthError(
                ErrorCode.UNSUPPORTED_GRANT_TYPE,
                "grant_type must be authorization_code, refresh_token or token-exchange",
            )
