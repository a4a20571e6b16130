"""The values that an admin copies from a provider's console, beside the client id: named, and checked before use. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ProviderField:
    """`pattern` is held against the whole value; with a `default` it may be left out. One that is not secret may stand
    in the provider's endpoints as `{name}`."""

    name: str
    label: str
    secret: bool = False
    pattern: str = r"[^\x00-\x1f\x7f]{1,512}"
    default: str | None = None


CLIENT_SECRET = ProviderField(name="client_secret", label="client secret", secret=True)
# What stands in an endpoint decides whom we call, so a host is a plain DNS name: no port, no path, no userinfo.
HOST = r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"


def problems(fields: Iterable[ProviderField], given: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the given values, by name: missing, or not of the form that is needed. Values are not shown."""
    found = {}
    for each in fields:
        if each.name not in given:
            if each.default is None:
                found[each.name] = "is missing"
        elif not re.fullmatch(each.pattern, given[each.name]):
            found[each.name] = f"does not look like {each.label}"
    return found
