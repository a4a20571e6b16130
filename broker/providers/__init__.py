"""The catalogue. One small file a provider; a new one is its file and its name here."""

from broker.providers.apple import APPLE
from broker.providers.facebook import FACEBOOK
from broker.providers.github import GITHUB
from broker.providers.google import GOOGLE
from broker.providers.instagram import INSTAGRAM
from broker.providers.microsoft import MICROSOFT
from broker.providers.provider import Provider
from broker.providers.threads import THREADS

CATALOGUE: dict[str, Provider] = {
    provider.id: provider for provider in (GOOGLE, APPLE, GITHUB, MICROSOFT, FACEBOOK, INSTAGRAM, THREADS)
}
