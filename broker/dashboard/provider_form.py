"""The form of a provider: what it shows of one, and how what was sent becomes a body of `/v1/providers`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.core.provider_field import CLIENT_SECRET, ProviderField
from broker.dashboard.form import Form
from broker.providers import CATALOGUE
from broker.providers.custom import ENDPOINTS
from broker.providers.provider import Provider

URLS = ("issuer", *ENDPOINTS)
MAPPINGS = ("attributes", "authorization_parameters")
MARKED = re.compile(r"\*([^*]+)\*|`([^`]+)`")
Members = dict[str, Any]


@dataclass(frozen=True)
class ProviderForm:
    """`told` is the provider as the API describes it, or as the last form had it; `known` the catalogue's entry, None for a
    custom one."""

    told: Mapping[str, Any]
    known: Provider | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "ProviderForm":
        custom = told["issuer"] or told["token_endpoint"]
        return cls(told, None if custom else CATALOGUE.get(told["preset"] or told["id"]))

    @property
    def fields(self) -> tuple[ProviderField, ...]:
        return self.known.fields if self.known else (CLIENT_SECRET,)

    @property
    def labels(self) -> Mapping[str, str]:
        """The scopes that have words, in the catalogue's order; none of a custom provider's do."""
        return self.known.scope_labels if self.known else {}

    @property
    def other_scopes(self) -> list[str]:
        return [each for each in self.told["scopes"] if each not in self.labels]

    @property
    def other_additional(self) -> list[str]:
        return [each for each in self.told["additional_scopes"] if each not in self.labels]

    @property
    def logo(self) -> str:
        return str(self.told["preset"] or self.told["id"])

    def lines(self, name: str) -> str:
        """A mapping as the form has it: `name=value`, one a line."""
        return "\n".join(f"{key}={value}" for key, value in (self.told[name] or {}).items())

    def filled(self, members: Members) -> "ProviderForm":
        """The form as it was sent, to be mended; secrets are to be typed again."""
        shown = {name: value for name, value in members.items() if name in self.told and value is not None}
        parameters = {each.name: members.get(each.name) for each in self.fields if not each.secret}
        lists = {name: tuple(members.get(name) or ()) for name in ("scopes", "additional_scopes")}
        return ProviderForm({**self.told, **shown, **lists, "parameters": parameters}, self.known)


def members_of(form: Form, shown: ProviderForm) -> Members:
    """As the API's body has them. A secret that was left empty stays as it is; any other field that was is taken away."""
    members: Members = {
        "name": name_of(form, shown),
        "client_id": form.text("client_id"),
        "enabled": form.ticked("enabled"),
        "sign_in": form.ticked("sign_in"),
        "refresh_ahead": form.ticked("refresh_ahead"),
        **scopes_of(form, shown),
        **{each.name: form.text(each.name) or None for each in shown.fields if not each.secret},
        **{each.name: form.text(each.name) for each in shown.fields if each.secret and form.text(each.name)},
    }
    return members if shown.known else {**members, **custom_members(form)}


def name_of(form: Form, shown: ProviderForm) -> str | None:
    """None: as the catalogue calls it."""
    name = form.text("name")
    return None if not name or (shown.known and name == shown.known.name) else name


def scopes_of(form: Form, shown: ProviderForm) -> Members:
    """The catalogue's own choice is said as null, so that it stays the catalogue's in the next release. What is asked of
    everybody need not be allowed besides."""
    scopes = [*form.chosen("scopes"), *form.text("other_scopes").split()]
    additional = [*form.chosen("additional_scopes"), *form.text("other_additional").split()]
    usual = shown.known and set(scopes) == set(shown.known.scopes)
    return {
        "scopes": None if usual or not (scopes or shown.known) else scopes,
        "additional_scopes": [each for each in dict.fromkeys(additional) if each not in scopes],
    }


def custom_members(form: Form) -> Members:
    pkce = {"yes": True, "no": False}.get(form.text("pkce"))
    return {
        **{name: form.text(name) or None for name in URLS},
        **{name: mapping(form.lines(name)) or None for name in MAPPINGS},
        "client_auth": form.text("client_auth") or None,
        "pkce": pkce,
    }


def mapping(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def marked(text: str, callback: str) -> Any:
    """A sentence of the catalogue's guides as markup: `*button*`, a code in backticks, and the callback URL."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - most answers are no page

    def mark(found: re.Match[str]) -> str:
        return f"<em>{found[1]}</em>" if found[1] else f"<code>{found[2]}</code>"

    shown = MARKED.sub(mark, str(escape(text)))
    return Markup(shown).format(callback=Markup("<code>{}</code>").format(callback))  # noqa: S704 - escaped above
