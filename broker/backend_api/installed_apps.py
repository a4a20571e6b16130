"""The installed apps of a client, as they are told in the bodies of `/v1/clients`."""

from typing import Annotated

from pydantic import AfterValidator, Field

from allowlist.wire import Body
from broker.core.association import AndroidApp, IosApp

Fingerprint = Annotated[
    str, Field(pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}$"), AfterValidator(str.upper)
]


class Ios(Body):
    """Team id and bundle id, as in Apple's developer account."""

    team_id: Annotated[str, Field(pattern=r"^[A-Z0-9]{10}$")]
    bundle_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=155)]


class Android(Body):
    """Package, and the SHA-256 of all keys that sign it: the store's, one's own, the debug key's."""

    package: Annotated[
        str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$", max_length=223)
    ]
    sha256_cert_fingerprints: Annotated[list[Fingerprint], Field(min_length=1, max_length=20)]


def ios_app(told: Ios | None) -> IosApp | None:
    return IosApp(told.team_id, told.bundle_id) if told else None


def android_app(told: Android | None) -> AndroidApp | None:
    return AndroidApp(told.package, tuple(told.sha256_cert_fingerprints)) if told else None
