"""`clerk-backend-api` as PyPI has it, pointed at the broker: every call that the broker answers, its errors, our token."""

from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest
from clerk_backend_api import Clerk
from clerk_backend_api.models import ClerkErrors, QueryParamStatus, SDKError
from clerk_backend_api.security import authenticate_request, verify_token
from clerk_backend_api.security.types import (
    AuthenticateRequestOptions,
    TokenVerificationError,
    VerifyTokenOptions,
)

from broker.core.signing_keys import SigningKeys, new_signing_keys
from broker.core.tokens import sign
from tests.clients.clerk import Person, connect_second_account, pem
from tests.running import RunningBroker

# The SDK reads a field of its own that it calls deprecated, at every list of users.
pytestmark = pytest.mark.filterwarnings(r"ignore:warning. \*\* DEPRECATED:DeprecationWarning")


@pytest.fixture
def clerk(broker: RunningBroker) -> Iterator[Clerk]:
    with Clerk(bearer_auth=broker.secret_key, server_url=f"{broker.address}/v1") as client:
        yield client


def told(refused: Any) -> tuple[int, str, str | None]:
    """Status, code and parameter of the SDK's own error."""
    (error,) = refused.value.data.errors
    assert error.long_message
    return refused.value.status_code, error.code, (error.meta or {}).get("param_name")


def test_redirect_urls(clerk: Clerk):
    """A redirect URL is created, listed, got and deleted."""
    made = clerk.redirect_urls.create(request={"url": "com.example.clerkpy:/cb"})
    assert made.url == "com.example.clerkpy:/cb"
    assert made.id in [each.id for each in clerk.redirect_urls.list(limit=100)]
    assert clerk.redirect_urls.get(id=made.id) == made
    assert clerk.redirect_urls.delete(id=made.id).deleted
    with pytest.raises(ClerkErrors) as refused:
        clerk.redirect_urls.get(id=made.id)
    assert told(refused) == (404, "resource_not_found", None)


def test_users(clerk: Clerk, person: Person):
    """A user is listed by address, counted and got; every field that the SDK demands is there."""
    (listed,) = clerk.users.list(request={"email_address": [person.email]})
    assert clerk.users.count(request={"email_address": [person.email]}).total_count == 1
    user = clerk.users.get(user_id=person.user_id)
    assert user == listed
    (email,), (account,) = user.email_addresses, user.external_accounts
    assert (email.email_address, user.primary_email_address_id) == (person.email, email.id)
    assert (account.provider, account.email_address) == ("oauth_stub", person.email)
    assert account.additional_properties["health"] == "fresh"
    assert account.email_address_verified is True


@pytest.mark.parametrize("name", ["stub", "oauth_stub"])
def test_oauth_access_tokens(clerk: Clerk, person: Person, name: str):
    """The provider's token comes with its scopes, by either form of the provider's name."""
    (token,) = clerk.users.get_o_auth_access_token(user_id=person.user_id, provider=name)
    assert token.token.startswith("at-canary-person-")
    assert token.provider == "oauth_stub"
    assert "openid" in token.scopes


@pytest.mark.anyio
async def test_an_external_account_is_deleted(clerk: Clerk, person: Person, broker: RunningBroker):
    """One of two accounts can be deleted, the last one cannot."""
    second = await connect_second_account(broker, person.user_id)
    gone = clerk.users.delete_external_account(user_id=person.user_id, external_account_id=second)
    assert (gone.id, gone.deleted) == (second, True)
    (left,) = clerk.users.get(user_id=person.user_id).external_accounts
    with pytest.raises(ClerkErrors) as refused:
        clerk.users.delete_external_account(user_id=person.user_id, external_account_id=left.id)
    assert told(refused) == (400, "last_required_identification_deletion_failed", None)


def test_a_user_is_deleted(clerk: Clerk, person: Person):
    """A deleted user is unknown and has no session."""
    assert clerk.users.delete(user_id=person.user_id).deleted
    with pytest.raises(ClerkErrors) as refused:
        clerk.users.get(user_id=person.user_id)
    assert told(refused) == (404, "resource_not_found", None)
    assert clerk.sessions.list(user_id=person.user_id) == []


def test_sessions(clerk: Clerk, person: Person, broker: RunningBroker):
    """A session is listed and got, gives a token that the SDK verifies, and is revoked for good."""
    (listed,) = clerk.sessions.list(user_id=person.user_id, status=QueryParamStatus.ACTIVE)
    assert clerk.sessions.get(session_id=person.session_id) == listed
    made = clerk.sessions.create_token(session_id=person.session_id, expires_in_seconds=60)
    claims = verify_token(str(made.jwt), VerifyTokenOptions(jwt_key=pem(broker)))
    assert (claims["sid"], claims["exp"] - claims["iat"]) == (person.session_id, 60)
    with pytest.raises(ClerkErrors) as refused:
        clerk.sessions.create_token_from_template(session_id=person.session_id, template_name="hasura")
    assert told(refused) == (404, "resource_not_found", None)
    assert clerk.sessions.revoke(session_id=person.session_id).status == "revoked"
    assert clerk.sessions.list(user_id=person.user_id) == []


def test_jwks(clerk: Clerk, broker: RunningBroker):
    """The SDK reads the keys of both kinds."""
    found = clerk.jwks.get_jwks().keys
    assert {each.alg for each in found or []} == {"ES256", "RS256"}


def test_errors_are_the_sdks_own(clerk: Clerk, broker: RunningBroker):
    """A wrong key, an unknown id and a bad field are the SDK's errors, and it repeats none of these calls."""
    stranger = Clerk(bearer_auth="sk_" + "A" * 43, server_url=f"{broker.address}/v1")
    with stranger, pytest.raises(ClerkErrors) as refused:
        stranger.users.get(user_id="user_" + "0" * 24)
    assert told(refused) == (401, "clerk_key_invalid", None)
    with pytest.raises(ClerkErrors) as refused:
        clerk.sessions.get(session_id="sess_" + "0" * 48)
    assert told(refused) == (404, "resource_not_found", None)
    with pytest.raises(ClerkErrors) as refused:
        clerk.users.list(request={"order_by": "-shoe_size"})
    assert told(refused) == (422, "form_param_format_invalid", "order_by")
    with pytest.raises((ClerkErrors, SDKError)) as bare:
        clerk.redirect_urls.create(request={"url": "javascript:alert(1)"})
    assert bare.value.status_code == 422


@pytest.mark.parametrize("way", ["jwt_key", "jwks"])
def test_our_session_token_is_verified(person: Person, broker: RunningBroker, way: str):
    """verify_token takes our token offline with the key as PEM, and with the keys it fetches from the broker."""
    offline = VerifyTokenOptions(jwt_key=pem(broker))
    online = VerifyTokenOptions(secret_key=broker.secret_key, api_url=broker.address)
    claims = verify_token(person.token, offline if way == "jwt_key" else online)
    assert (claims["sub"], claims["sid"]) == (person.user_id, person.session_id)


def test_forged_tokens_are_refused_by_the_sdk(person: Person, broker: RunningBroker):
    """A token of a stranger's key does not verify, whether the SDK has our key or fetches it."""
    forged = sign(person.claims, SigningKeys.parse(new_signing_keys()).signing("RS256"), "JWT")
    with pytest.raises(TokenVerificationError):
        verify_token(forged, VerifyTokenOptions(jwt_key=pem(broker)))
    with pytest.raises(TokenVerificationError):
        verify_token(forged, VerifyTokenOptions(secret_key=broker.secret_key, api_url=broker.address))


def test_a_request_is_authenticated(person: Person, broker: RunningBroker):
    """authenticate_request signs our bearer in, with the app named as a party that may, and nobody without a token."""
    options = AuthenticateRequestOptions(jwt_key=pem(broker), authorized_parties=[person.claims["azp"]])
    request = httpx.Request("GET", "https://api.example.com/")
    assert not authenticate_request(request, options).is_signed_in
    bearer = {"authorization": f"Bearer {person.token}"}
    state = authenticate_request(httpx.Request("GET", "https://api.example.com/", headers=bearer), options)
    assert state.is_signed_in
    assert state.payload is not None
    assert state.payload["sub"] == person.user_id
    assert jwt.get_unverified_header(person.token)["alg"] == "RS256"
