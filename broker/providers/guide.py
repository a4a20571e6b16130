"""A provider's guide, made of its file: how to set it up, what the broker needs, what apps may ask, how tokens live. And
the table of all. Pure: docs/providers/ holds what this gives, `broker providers show` prints it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from broker.core.provider_field import ProviderField
from broker.providers.lifecycle_words import facts_in_words, refresh_in_short, revocation_in_short, sentences
from broker.providers.provider import Provider
from broker.providers.setup import Setup

ISSUER = "https://auth.example.com"  # where the guides' callback URLs stand
KINDS = {"oidc": "OpenID Connect", "oauth2": "OAuth 2"}
WEBVIEWS = {True: "refused", False: "taken", None: "not documented"}
IN_WEBVIEWS = {
    True: "refuses to be shown in an app's webview: use the system browser",
    False: "lets itself be shown in an app's webview; the system browser is the better place all the same",
    None: "documents nothing of embedded webviews: use the system browser",
}
INTRODUCTION = """# Providers

{count} providers are known by name: an app sends people to one of them as soon as its settings are there. What the columns
mean, and what holds for all: [how tokens live](lifecycle.md). Any other OpenID Connect issuer or OAuth 2 server, and a
second connection of one of these: [custom providers](../custom-providers.md).

In the environment the settings are called as in the last column. `POST /v1/providers` and `broker providers apply` call
them by what stands behind the id, in lower case: `client_id`, `client_secret`."""


def page(provider: Provider) -> str:
    """A file of docs/providers/."""
    source = f"broker/providers/catalogue/{provider.id}.py"
    return f"<!-- Made of {source} by `make docs`: change that. -->\n\n{guide(provider, ISSUER)}"


def guide(provider: Provider, issuer: str, *, by_environment: bool = True) -> str:
    """Markdown. Without `by_environment` the provider is one that no variable can configure."""
    callback = f"{issuer}/callback/{provider.id}"
    parts = [
        f"# {provider.name}",
        opening(provider),
        *set_up(provider.setup, callback),
        *settings(provider, by_environment=by_environment),
        *scopes(provider),
        *in_an_app(provider),
        *token_life(provider),
    ]
    return "\n\n".join(parts) + "\n"


def opening(provider: Provider) -> str:
    pkce = "with PKCE" if provider.pkce else "without PKCE"
    return f"{KINDS[provider.kind]}, {pkce}. Its id here is `{provider.id}`. See <{provider.source}>."


def set_up(setup: Setup | None, callback: str) -> Iterator[str]:
    """What is done at the provider's console."""
    if setup is None:
        return
    steps = [f"Open <{setup.console}>", *setup.steps]
    yield "## At the provider"
    yield "\n".join(
        f"{number}. {step.replace('{callback}', f'`{callback}`')}." for number, step in enumerate(steps, 1)
    )
    if setup.review:
        yield f"**Review.** {setup.review}"
    if setup.pitfalls:
        yield f"What others stumbled over:\n\n{bullets(setup.pitfalls)}"


def settings(provider: Provider, *, by_environment: bool) -> Iterator[str]:
    """What is copied from there."""
    called = provider.setup.client_id if provider.setup else "client ID"
    rows = [("client_id", called), *((each.name, explained(each)) for each in provider.fields)]
    yield "## At the broker"
    if by_environment:
        cells = [(f"`{variable(provider, name)}`", f"`{name}`", what) for name, what in rows]
        yield table(("variable", "or field of `POST /v1/providers`", "what it is"), cells)
    else:
        yield table(("field", "what it is"), [(f"`{name}`", what) for name, what in rows])
    yield f"`broker providers test {provider.id}` says whether they are good, with nobody signing in."


def explained(field: ProviderField) -> str:
    kind = "; kept sealed" if field.secret else ""
    return f"{field.label}{kind}{f'; without it `{field.default}`' if field.default else ''}"


def variable(provider: Provider, name: str) -> str:
    return f"BROKER_{provider.id}_{name}".upper()


def scopes(provider: Provider) -> Iterator[str]:
    labels = provider.scope_labels
    rows = [(f"`{scope}`", labels.get(scope, ""), "always") for scope in provider.scopes]
    rows += [(f"`{scope}`", labels[scope], "on request") for scope in provider.offered_scopes]
    if rows:
        yield "## Scopes"
        yield table(("scope", "what a person is told", "asked"), rows)
        yield "An app requests with `provider_scopes` what the provider's `additional_scopes` allow; any scope may stand there."


def in_an_app(provider: Provider) -> Iterator[str]:
    prompts = dict.fromkeys((*provider.prompts, *provider.prompt_parameters))
    taken = " or ".join(f"`{prompt}`" for prompt in prompts)
    yield "## In an app"
    yield bullets(
        [
            f"{provider.name} {IN_WEBVIEWS[provider.refuses_webviews]}.",
            f"An app's `prompt` reaches it where it is {taken}." if taken else "It takes no `prompt`.",
        ]
    )


def token_life(provider: Provider) -> Iterator[str]:
    yield "## How its tokens live"
    yield bullets(sentences(provider))
    sources = provider.lifecycle.sources.items()
    if sources:
        yield "From: " + "; ".join(f"<{page}> ({facts_in_words(facts)})" for page, facts in sources)


def overview(catalogue: Mapping[str, Provider]) -> str:
    """docs/providers/README.md."""
    columns = ("provider", "kind", "PKCE", "refresh token", "given back with", "webviews", "settings")
    rows = [row(catalogue[provider_id]) for provider_id in sorted(catalogue)]
    note = "<!-- Made of broker/providers/catalogue/ by `make docs`: change that. -->"
    return "\n\n".join([note, INTRODUCTION.format(count=len(rows)), table(columns, rows)]) + "\n"


def row(provider: Provider) -> tuple[str, ...]:
    names = ("client_id", *(each.name for each in provider.fields))
    return (
        f"[{provider.name}]({provider.id}.md)",
        KINDS[provider.kind],
        "yes" if provider.pkce else "no",
        refresh_in_short(provider),
        revocation_in_short(provider.lifecycle),
        WEBVIEWS[provider.refuses_webviews],
        ", ".join(f"`{variable(provider, name)}`" for name in names),
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line.rstrip('.')}." for line in lines)
