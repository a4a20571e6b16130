"""Whole trips of one phone."""

import jwt

from tests.phone import Phone


def test_https_link(phone: Phone):
    """An app with an https link gets its code by redirects alone and trades it for a session."""
    tokens = phone.sign_in()
    claims = phone.userinfo(tokens["access_token"]).json()
    assert claims["sub"] == jwt.decode(tokens["access_token"], options={"verify_signature": False})["sub"]
    assert claims["email"] == "ada@example.com"
    assert phone.refresh(tokens["refresh_token"]).status_code == 200


def test_custom_scheme(scheme_phone: Phone):
    """An app with a custom scheme gets its code once the person has pressed the button."""
    assert scheme_phone.sign_in()["token_type"] == "Bearer"


def test_coming_back(phone: Phone):
    """Whoever comes back with the same account at the same provider is the same user."""
    first, second = phone.sign_in(), phone.sign_in()
    assert (
        phone.userinfo(first["access_token"]).json()["sub"]
        == phone.userinfo(second["access_token"]).json()["sub"]
    )
