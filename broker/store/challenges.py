"""Challenges of sign-ins by a provider's SDK, by the challenge that the app keeps."""

from broker.core.records import NativeChallenge
from broker.store.drawer import TakeOnce


class Challenges(TakeOnce[NativeChallenge]):
    kind = "challenge"
    lifetime = 300
    record = NativeChallenge

    def _key(self, secret: str) -> str:
        """The plain digest of a challenge may be its nonce, which everybody reads who sees the ID token: so another one."""
        return super()._key(f"challenge {secret}")
