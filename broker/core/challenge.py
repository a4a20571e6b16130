"""Challenges for sign-ins by a provider's SDK: what the app keeps, and the nonce that the SDK is given in its place."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Literal

from broker.core.parameters import refused

Platform = Literal["ios", "android", "web"]
NoncePolicy = Literal["raw", "sha256-hex", "sha256-b64url"]


def nonce_of(challenge: str, policy: NoncePolicy) -> str:
    """What stands in the ID token. Where it is a digest, who reads a token learns no challenge to go with it."""
    digest = hashlib.sha256(challenge.encode()).digest()
    match policy:
        case "raw":
            return challenge
        case "sha256-hex":
            return digest.hex()
        case "sha256-b64url":
            return urlsafe_b64encode(digest).rstrip(b"=").decode()


def check_platform(text: str) -> Platform:
    """Raises OAuthError invalid_request."""
    match text:
        case "ios" | "android" | "web":
            return text
        case _:
            raise refused("platform must be ios, android or web")
