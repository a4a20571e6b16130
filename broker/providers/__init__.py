"""The providers: the catalogue as data, and the one way out to them."""

from broker.providers.catalogue import CATALOGUE

__all__ = ["CATALOGUE"]
