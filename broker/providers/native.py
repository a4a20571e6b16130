"""Sign-in by a provider's SDK on the device, as data: whose ID token an app may show us, and for which of its ids."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from broker.core.challenge import NoncePolicy, Platform, nonce_of
from broker.core.identity import Identity
from broker.providers.id_token import Expected

Ids = Mapping[Platform, str]  # an app's client ids at one provider, by platform


@dataclass(frozen=True, kw_only=True)
class SdkCode:
    """An authorization code that an SDK gives beside its token: whose id it is exchanged by, the app's own or the
    connection's, and the redirect URI that goes with it (None: none is sent)."""

    client: Literal["app", "connection"]
    redirect_uri: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sdk:
    """The SDK of one platform. Of the app's ids one of `audiences` stands in `aud`, and one of `presenters` in `azp`, or
    in `aud` where there is no `azp`. `nonce` is what it is handed, and its token repeats as it is."""

    nonce: NoncePolicy = "sha256-hex"
    audiences: tuple[Platform, ...]
    presenters: tuple[Platform, ...]
    code: SdkCode | None = None


@dataclass(frozen=True, kw_only=True)
class Native:
    """What the provider's SDKs sign with, and where each differs. `sources` names the pages of the documentation that
    these facts stand on. `to_identity` is None where the provider's own reads this token too; `tells_name` where the SDK
    tells a name to the app, once, and the token none."""

    sources: tuple[str, ...]
    issuers: tuple[str, ...]
    jwks_uri: str
    algorithms: tuple[str, ...] = ("RS256",)
    sdks: Mapping[Platform, Sdk]
    to_identity: Callable[[Mapping[str, Any]], Identity] | None = None
    tells_name: bool = False


def own_ids(nonce: NoncePolicy) -> dict[Platform, Sdk]:
    """Every platform with an id of its own, as plain OpenID Connect has it."""
    platforms: tuple[Platform, ...] = ("ios", "android", "web")
    return {each: Sdk(nonce=nonce, audiences=(each,), presenters=(each,)) for each in platforms}


def expected_of(native: Native, platform: Platform, ids: Ids, challenge: str) -> Expected | None:
    """What the token must agree with; None: there is no such SDK, or the app lacks the id that it would be known by."""
    sdk = native.sdks.get(platform)
    if sdk is None:
        return None
    audiences = tuple(ids[each] for each in sdk.audiences if each in ids)
    presenters = tuple(ids[each] for each in sdk.presenters if each in ids)
    if not audiences or not presenters:
        return None
    return Expected(
        issuers=native.issuers,
        audiences=audiences,
        presenters=presenters,
        algorithms=native.algorithms,
        nonce=nonce_of(challenge, sdk.nonce),
    )
