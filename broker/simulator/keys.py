"""The keys that sign the simulated ID tokens: made when first needed, since an RSA key takes longer than a start should."""

import asyncio
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa

from broker.core.signing_keys import SigningKey
from broker.providers.provider import Provider


class Keys:
    """One key an algorithm, for all providers: their issuers tell their tokens apart."""

    def __init__(self) -> None:
        self._made: dict[str, SigningKey] = {}
        self._lock = Lock()

    async def of(self, provider: Provider) -> SigningKey:
        """A key of an algorithm that the broker takes from this provider."""
        algorithm = "RS256" if "RS256" in provider.algorithms else "ES256"
        if algorithm not in self._made:
            await asyncio.to_thread(self._make, algorithm)
        return self._made[algorithm]

    def _make(self, algorithm: str) -> None:
        with self._lock:
            if algorithm not in self._made:
                private = generate_rsa(65537, 2048) if algorithm == "RS256" else generate_ec(SECP256R1())
                self._made[algorithm] = SigningKey(private)
