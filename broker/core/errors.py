"""Every error an OAuth door can answer (RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750, RFC 8693, OpenID Connect Core 3.1.2.6)."""

from enum import Enum


class ErrorCode(Enum):
    """The wire's word and the HTTP status when it is answered directly rather than carried by a redirect."""

    INVALID_REQUEST = ("invalid_request", 400)
    INVALID_CLIENT = ("invalid_client", 401)
    INVALID_GRANT = ("invalid_grant", 400)
    INVALID_SCOPE = ("invalid_scope", 400)
    INVALID_TARGET = ("invalid_target", 400)
    INVALID_TOKEN = ("invalid_token", 401)
    UNSUPPORTED_GRANT_TYPE = ("unsupported_grant_type", 400)
    UNSUPPORTED_RESPONSE_TYPE = ("unsupported_response_type", 400)
    REQUEST_NOT_SUPPORTED = ("request_not_supported", 400)
    REGISTRATION_NOT_SUPPORTED = ("registration_not_supported", 400)
    INTERACTION_REQUIRED = ("interaction_required", 400)
    ACCESS_DENIED = ("access_denied", 403)
    SERVER_ERROR = ("server_error", 500)
    TEMPORARILY_UNAVAILABLE = ("temporarily_unavailable", 503)

    def __init__(self, wire: str, status: int) -> None:
        self.wire = wire
        self.status = status


class OAuthError(Exception):
    """An answer to the client. `description` is public and ASCII without `%`, because expo-linking decodes it twice;
    `detail` is for our own log and never leaves."""

    def __init__(
        self, code: ErrorCode, description: str, *, detail: str | None = None, status: int | None = None
    ) -> None:
        super().__init__(f"{code.wire}: {description}")
        self.code = code
        self.description = description
        self.detail = detail
        self.status = status or code.status
