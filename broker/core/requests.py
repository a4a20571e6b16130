"""What an app asks, parsed once at the door into values that cannot be wrong (RFC 6749 sections 4.1.1, 4.1.3, 6)."""

import msgspec

from broker.core.client import UNASKED, Client
from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.core.pkce import check_challenge

# What may be asked of a provider's own sign-in page, by fixed words (CB-11). `none` never: a silent flow is refused.
PROMPTS = ("login", "consent", "select_account")


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


def parse_grant(form: Parameters) -> CodeGrant | RefreshGrant:
    """Raises OAuthError invalid_request, or unsupported_grant_type for every other grant (TK-12)."""
    match form.required("grant_type"):
        case "authorization_code":
            return CodeGrant(
                form.required("code"), form.required("redirect_uri"), form.required("code_verifier")
            )
        case "refresh_token":
            return RefreshGrant(form.required("refresh_token"), form.get("scope"))
        case _:
            raise OAuthError(
                ErrorCode.UNSUPPORTED_GRANT_TYPE, "grant_type must be authorization_code or refresh_token"
            )
