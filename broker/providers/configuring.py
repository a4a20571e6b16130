"""What an admin asks of a provider, made a configuration: checked as a whole before anything of it is kept. The API and
`broker providers apply` both come here."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from broker.core.errors import OAuthError
from broker.core.provider_field import CLIENT_SECRET, ProviderField, problems
from broker.core.records import Discovered, ProviderConfiguration, Told
from broker.providers import CATALOGUE
from broker.providers.attributes import PATH
from broker.providers.configured import provider_of
from broker.providers.custom import ATTRIBUTES, ENDPOINTS, is_custom, is_discovered
from broker.providers.provider import Provider
from broker.providers.upstream import Upstream

CREDENTIALS = tuple(dict.fromkeys(each.name for known in CATALOGUE.values() for each in known.fields))
SECRETS = {each.name for known in CATALOGUE.values() for each in known.fields if each.secret}
URL = re.compile(r"[!$-;=?-\[\]_a-z~]{1,2048}")  # no fragment, and no braces: what stands in those is filled
PARAMETER = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")
# What a flow says itself, and what could say all of it anew (RFC 9101).
RESERVED = {
    *("state", "redirect_uri", "client_id", "response_type", "response_mode", "nonce", "scope"),
    *("code_challenge", "code_challenge_method", "client_secret", "request", "request_uri"),
}

Check = Callable[[str], None]


class Fault(NamedTuple):
    """One member that will not do; `words` begin with its name and show no value."""

    member: str
    kind: Literal["missing", "invalid", "unknown"]
    words: str


class Refused(Exception):
    """All that is wrong with a configuration."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(fault.words for fault in faults))
        self.faults = faults


async def configured(
    before: ProviderConfiguration,
    given: Mapping[str, Any],
    upstream: Upstream,
    now: int,
    *,
    whole: bool = False,
) -> ProviderConfiguration:
    """`before` with the members of `given` changed; None takes a member away. With `whole` they are all that is said: the
    others go, but for secrets. Raises Refused."""
    base = stripped(before) if whole else before
    after = with_members(base, given, now)
    known = entry_for(before, after)
    fields = known.fields if known else (CLIENT_SECRET,)
    after = with_credentials(after, given, fields)
    credentials = credential_faults(after, given, fields)
    refuse([*kind_faults(after, known), *credentials, *url_faults(after, upstream.check_url)])
    after = msgspec.structs.replace(after, discovered=await discovered(after, before, upstream))
    refuse([*place_faults(after, known, upstream.check_url), *moved_faults(before, after, given, fields)])
    return after


def entry_for(before: ProviderConfiguration, after: ProviderConfiguration) -> Provider | None:
    """The catalogue's entry that is spoken of. None: there is none, or it is a custom provider that was made before the
    catalogue had its id and stays what it is."""
    if after.preset is None and is_custom(before) and is_custom(after):
        return None
    return CATALOGUE.get(after.preset or after.id)


def stripped(configuration: ProviderConfiguration) -> ProviderConfiguration:
    secrets = {name: value for name, value in configuration.credentials.items() if name in SECRETS}
    return ProviderConfiguration(
        id=configuration.id, created_at=configuration.created_at, credentials=secrets
    )


def differences(before: ProviderConfiguration, after: ProviderConfiguration) -> list[str]:
    """The names of the members that an admin would see changed."""
    ours = {"id", "credentials", "discovered", "created_at", "updated_at"}
    members = [name for name in ProviderConfiguration.__struct_fields__ if name not in ours]
    return [
        *(name for name in members if getattr(before, name) != getattr(after, name)),
        *(name for name in CREDENTIALS if before.credentials.get(name) != after.credentials.get(name)),
    ]


def refuse(faults: list[Fault]) -> None:
    if faults:
        raise Refused(faults)


def with_members(before: ProviderConfiguration, given: Mapping[str, Any], now: int) -> ProviderConfiguration:
    """As asked, unchecked; credentials as they were."""
    default = ProviderConfiguration(id=before.id)
    members = {name: value for name, value in given.items() if name not in CREDENTIALS}
    told = {name: getattr(default, name) if value is None else value for name, value in members.items()}
    lists = {
        name: tuple(told[name]) for name in ("scopes", "additional_scopes") if told.get(name) is not None
    }
    return msgspec.structs.replace(before, **told | lists, updated_at=now)


def with_credentials(
    after: ProviderConfiguration, given: Mapping[str, Any], fields: Iterable[ProviderField]
) -> ProviderConfiguration:
    """As asked; what is left over of another kind's goes."""
    names = {each.name for each in fields}
    kept = {name: value for name, value in after.credentials.items() if name in names}
    asked = {name: value for name, value in given.items() if name in CREDENTIALS}
    credentials = {name: value for name, value in {**kept, **asked}.items() if value is not None}
    return msgspec.structs.replace(after, credentials=credentials)


def kind_faults(after: ProviderConfiguration, known: Provider | None) -> Iterator[Fault]:
    """The catalogue's facts are not to be changed; a custom provider needs what the catalogue cannot say."""
    if after.preset is None and known is None:
        yield from custom_faults(after)
        return
    whose = after.preset or after.id
    if after.preset is not None and after.id in CATALOGUE:
        yield Fault("preset", "invalid", f"preset: {after.id} is in the catalogue itself")
    elif known is None:
        yield Fault("preset", "invalid", "preset: the catalogue has no such provider")
    for name in Told.__struct_fields__:
        if getattr(after, name) is not None:
            yield Fault(name, "invalid", f"{name} of {whose} is known and not to be set")


def custom_faults(after: ProviderConfiguration) -> Iterator[Fault]:
    """What is missing: the issuer alone is enough, else each endpoint that the kind needs."""
    if not any(getattr(after, name) for name in ("issuer", *ENDPOINTS)):
        yield Fault("issuer", "missing", "issuer is missing, and the catalogue has no such id")
        return
    needed = ["authorization_endpoint", "token_endpoint", "jwks_uri" if after.issuer else "userinfo_endpoint"]
    for name in needed:
        if getattr(after, name) is None and not is_discovered(after):
            yield Fault(name, "missing", f"{name} is missing: all endpoints are told, or none and an issuer")
    if after.issuer is None and "subject" not in (after.attributes or {}):
        yield Fault(
            "attributes", "missing", "attributes.subject is missing: where userinfo has a person's id"
        )
    if after.issuer is None and after.native_nonce:
        yield Fault(
            "native_nonce", "invalid", "native_nonce: there is no ID token to check without an issuer"
        )
    if after.issuer is None and after.jwks_uri:
        yield Fault("jwks_uri", "invalid", "jwks_uri: there is no ID token to check without an issuer")
    yield from attribute_faults(after.attributes or {})
    yield from parameter_faults(after.authorization_parameters or {})


def attribute_faults(attributes: Mapping[str, str]) -> Iterator[Fault]:
    for name, path in attributes.items():
        member = f"attributes.{name[:64]}"
        if name not in ATTRIBUTES:
            yield Fault(member, "unknown", f"{member}: attributes are {', '.join(ATTRIBUTES)}")
        elif not PATH.fullmatch(path):
            yield Fault(member, "invalid", f"{member} is a path such as user.emails.0.address")


def parameter_faults(parameters: Mapping[str, str]) -> Iterator[Fault]:
    for name in parameters:
        member = f"authorization_parameters.{name[:64]}"
        if name in RESERVED:
            yield Fault(member, "invalid", f"{member} is ours to send")
        elif not PARAMETER.fullmatch(name):
            yield Fault(member, "invalid", f"{member}: a parameter's name is letters, digits and _ . - [ ]")


def credential_faults(
    after: ProviderConfiguration, given: Mapping[str, Any], fields: Sequence[ProviderField]
) -> Iterator[Fault]:
    """Each provider needs its own, and no others."""
    if not after.client_id:
        yield Fault("client_id", "missing", "client_id is missing")
    for name, why in problems(fields, after.credentials).items():
        kind: Literal["missing", "invalid"] = "invalid" if name in after.credentials else "missing"
        yield Fault(name, kind, f"{name} {why}")
    names = {each.name for each in fields}
    for name in CREDENTIALS:
        if name not in names and given.get(name) is not None:
            yield Fault(name, "unknown", f"{after.id} has no {name}")


def url_faults(after: ProviderConfiguration, check: Check) -> Iterator[Fault]:
    """Of the addresses that an admin told (OC-06)."""
    for name in ("issuer", *ENDPOINTS):
        url = getattr(after, name)
        if url is not None and (why := refusal_of(url, check)):
            yield Fault(name, "invalid", f"{name}: {why}")
        elif url is not None and not URL.fullmatch(url):
            yield Fault(name, "invalid", f"{name}: it has characters that no URL has, or a fragment")


def refusal_of(url: str, check: Check) -> str | None:
    try:
        check(url)
    except OAuthError as error:
        return error.detail or error.description
    return None


def place_faults(after: ProviderConfiguration, known: Provider | None, check: Check) -> Iterator[Fault]:
    """Of the catalogue's addresses, as the fields fill them."""
    if known is None:
        return
    for plain, filled in zip(addresses(known), addresses(known.at(after.credentials)), strict=True):
        if plain != filled and (why := refusal_of(filled, check)):
            name = next(each.name for each in known.fields if f"{{{each.name}}}" in plain)
            yield Fault(name, "invalid", f"{name}: {why}")
            return


def moved_faults(
    before: ProviderConfiguration,
    after: ProviderConfiguration,
    given: Mapping[str, Any],
    fields: Iterable[ProviderField],
) -> Iterator[Fault]:
    """A stored secret, and people's tokens, go to no other host than those it was given for: who may change a provider
    could else have both sent to himself, though he can read neither."""
    kept = [each.name for each in fields if each.secret and given.get(each.name) is None]
    if before.credentials and hosts(after) - hosts(before):
        for name in kept:
            yield Fault(
                name, "missing", f"{name} must be given again, because the provider has another host now"
            )


def hosts(configuration: ProviderConfiguration) -> set[tuple[str, str]]:
    provider = provider_of(configuration)
    found = addresses(provider.at(configuration.credentials)) if provider else []
    return {urlsplit(url)[:2] for url in found}


def addresses(provider: Provider) -> list[str]:
    found: list[str] = []

    def note(url: str) -> str:
        found.append(url)
        return url

    provider.moved(note)
    return found


async def discovered(
    after: ProviderConfiguration, before: ProviderConfiguration, upstream: Upstream
) -> Discovered | None:
    """What the issuer's document says, asked once for an issuer. Raises Refused."""
    if after.issuer is None or not is_discovered(after):
        return None
    if after.issuer == before.issuer and before.discovered:
        return before.discovered
    try:
        return await upstream.discover(after.issuer)
    except OAuthError as error:
        words = f"issuer: {error.detail or error.description}"
        raise Refused([Fault("issuer", "invalid", words)]) from None
