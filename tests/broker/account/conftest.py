"""The same town as in tests/accounts, and ways to its account page."""

import pytest

from tests.accounts.conftest import people, town
from tests.accounts.people import People, SignedIn
from tests.broker.account.portal import Portal, open_portal

__all__ = ["people", "town"]


@pytest.fixture
def ada(people: People) -> SignedIn:
    """Somebody with an app, signed in just now by `stub`."""
    return people.sign_in("ada")


@pytest.fixture
def portal(ada: SignedIn) -> Portal:
    """Ada's account page, opened by her app on her phone."""
    return open_portal(ada)
