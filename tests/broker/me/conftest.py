"""The same town as in tests/accounts."""

from tests.accounts.conftest import people, town

__all__ = ["people", "town"]
