"""Whether a form comes from our own pages."""

import pytest

from broker.core.admin_session import is_foreign

ISSUER = "https://auth.example.com/tenant"
OWN = "https://auth.example.com"


@pytest.mark.parametrize(
    ("origin", "fetch_site", "foreign"),
    [
        (OWN, "same-origin", False),
        ("null", "same-origin", False),
        (None, "same-origin", False),
        (OWN, None, False),
        (OWN, "same-site", True),
        (OWN, "cross-site", True),
        (OWN, "none", True),
        (OWN, "", True),
        (None, None, True),
        ("null", None, True),
        ("https://auth.example.com.evil.example", None, True),
        ("http://auth.example.com", None, True),
        ("https://auth.example.com:8443", None, True),
        (ISSUER, None, True),
    ],
)
def test_what_is_foreign(origin: str | None, fetch_site: str | None, foreign: bool):
    """What the browser says of the site counts; where it says nothing, the origin must be ours, character for character."""
    assert is_foreign(origin, fetch_site, ISSUER) == foreign
