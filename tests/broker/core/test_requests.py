"""What an app asks, and what is refused before anything is looked up."""

import pytest

from broker.core.client import SCOPES, Client
from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import Parameters
from broker.core.pkce import challenge_of
from broker.core.requests import AuthorizationRequest, CodeGrant, RefreshGrant, check_scope, parse_grant

CLIENT = Client(client_id="app_1", name="App", scopes=SCOPES, created_at=1, updated_at=1)
NARROW = Client(client_id="app_2", name="App", scopes=("profile",), created_at=1, updated_at=1)
ASKED = {
    "client_id": "app_1",
    "redirect_uri": "https://app.example.com/cb",
    "response_type": "code",
    "code_challenge": challenge_of("v" * 43),
    "code_challenge_method": "S256",
}
CODE = {"grant_type": "authorization_code", "code": "c", "redirect_uri": "r", "code_verifier": "v"}


def ask(client: Client = CLIENT, **changes: str | None) -> AuthorizationRequest:
    chosen = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    return AuthorizationRequest.parse(Parameters(chosen), client)


def test_the_least_that_can_be_asked():
    """A bare request is read with no state, no nonce, the modest scope and no provider."""
    asked = ask()
    assert (asked.state, asked.nonce, asked.prompt, asked.provider) == (None, None, None, None)
    assert (asked.scope, asked.provider_scopes) == ("profile email", ())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": None}, ErrorCode.INVALID_REQUEST),
        ({"response_type": "token"}, ErrorCode.UNSUPPORTED_RESPONSE_TYPE),
        ({"response_type": "code token"}, ErrorCode.UNSUPPORTED_RESPONSE_TYPE),
        ({"response_type": "CODE"}, ErrorCode.UNSUPPORTED_RESPONSE_TYPE),
        ({"response_mode": "fragment"}, ErrorCode.INVALID_REQUEST),
        ({"response_mode": "form_post"}, ErrorCode.INVALID_REQUEST),
        ({"request": "ey.ey.x"}, ErrorCode.REQUEST_NOT_SUPPORTED),
        ({"registration": "{}"}, ErrorCode.REGISTRATION_NOT_SUPPORTED),
        ({"scope": "admin"}, ErrorCode.INVALID_SCOPE),
        ({"scope": " "}, ErrorCode.INVALID_SCOPE),
        ({"prompt": "none"}, ErrorCode.INTERACTION_REQUIRED),
        ({"prompt": "login none"}, ErrorCode.INTERACTION_REQUIRED),
        ({"prompt": "surprise"}, ErrorCode.INVALID_REQUEST),
        ({"prompt": ""}, ErrorCode.INVALID_REQUEST),
        ({"code_challenge": None}, ErrorCode.INVALID_REQUEST),
        ({"code_challenge_method": None}, ErrorCode.INVALID_REQUEST),
        ({"code_challenge_method": "plain"}, ErrorCode.INVALID_REQUEST),
    ],
)
def test_each_refusal_has_its_word(changes: dict[str, str | None], code: ErrorCode):
    """Each thing that cannot be asked is refused with the word that the standard gives it."""
    with pytest.raises(OAuthError) as error:
        ask(**changes)
    assert error.value.code is code


def test_a_clients_scopes_are_its_limit():
    """What another client may ask is refused to one that may not, and nothing is quietly left out."""
    assert ask(NARROW, scope="profile").scope == "profile"
    with pytest.raises(OAuthError, match="invalid_scope"):
        ask(NARROW, scope="profile email")


@pytest.mark.parametrize("scope", ["Profile", "profile,email", "profile\u200b", "profile email admin"])
def test_rt_05_a_scope_is_never_widened(scope: str):
    """RT-05: a scope with any part that was not granted is refused whole, however it is spelled."""
    with pytest.raises(OAuthError, match="invalid_scope"):
        check_scope(scope, ("profile", "email"))


def test_grants_are_read_into_values():
    """Each of the two grants becomes the value that its flow needs."""
    assert parse_grant(Parameters(CODE)) == CodeGrant("c", "r", "v")
    refresh = {"grant_type": "refresh_token", "refresh_token": "t"}
    assert parse_grant(Parameters(refresh)) == RefreshGrant("t", None)
    assert parse_grant(Parameters({**refresh, "scope": "email"})) == RefreshGrant("t", "email")


@pytest.mark.parametrize("missing", ["code", "redirect_uri", "code_verifier", "grant_type"])
@pytest.mark.parametrize("empty", [True, False])
def test_tk_10_no_part_of_a_code_grant_may_be_missing(missing: str, empty: bool):
    """TK-10: an exchange without its verifier, or any other part, is refused before the code is looked at."""
    form = {name: value for name, value in CODE.items() if name != missing} | ({missing: ""} if empty else {})
    with pytest.raises(OAuthError, match=f"invalid_request: {missing} is missing"):
        parse_grant(Parameters(form))


@pytest.mark.parametrize(
    "grant", ["password", "client_credentials", "implicit", "Refresh_Token", "refresh_token "]
)
def test_tk_12_no_other_grant(grant: str):
    """TK-12: every other grant type is unsupported_grant_type, whatever else the form holds."""
    with pytest.raises(OAuthError, match="unsupported_grant_type"):
        parse_grant(Parameters({**CODE, "refresh_token": "t", "grant_type": grant}))
