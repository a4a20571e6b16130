"""The catalogue. One small file a provider; a new one is its file and its name here."""

from broker.providers.apple import APPLE
from broker.providers.github import GITHUB
from broker.providers.google import GOOGLE
from broker.providers.microsoft import MICROSOFT
from broker.providers.provider import Provider

CATALOGUE: dict[str, Provider] = {provider.id: provider for provider in (GOOGLE, APPLE, GITHUB, MICROSOFT)}
