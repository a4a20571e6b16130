"""The guides in docs/providers/: what the catalogue says, no more and no less."""

from pathlib import Path

import pytest

from broker.providers import CATALOGUE
from broker.providers.guide import guide, overview, page, variable
from broker.providers.lifecycle_words import FACTS, duration

GUIDES = Path(__file__).parents[3] / "docs/providers"
BY_HAND = {"lifecycle.md"}


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_guides_are_up_to_date(provider_id: str):
    """The committed guide is what its provider's file gives: after a change, `make docs`."""
    assert (GUIDES / f"{provider_id}.md").read_text() == page(CATALOGUE[provider_id])


def test_the_table_is_up_to_date():
    """The table has every provider, and there is no guide to one that is gone."""
    assert (GUIDES / "README.md").read_text() == overview(CATALOGUE)
    guides = {path.name for path in GUIDES.glob("*.md")} - BY_HAND - {"README.md"}
    assert guides == {f"{provider_id}.md" for provider_id in CATALOGUE}


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_a_guide_says_it_all(provider_id: str):
    """A guide has the real callback URL where it is to be pasted, each setting, each scope with its label, and each page
    that a fact of its tokens stands on."""
    provider = CATALOGUE[provider_id]
    text = guide(provider, "https://id.example.com/a")
    if provider.setup:
        assert f"`https://id.example.com/a/callback/{provider_id}`" in text
        assert provider.setup.console in text
    assert "{callback}" not in text
    for name in ("client_id", *(field.name for field in provider.fields)):
        assert variable(provider, name) in text
        assert variable(provider, name) in overview(CATALOGUE)
    for scope in (*provider.scopes, *provider.scope_labels):
        assert f"| `{scope}` | {provider.scope_labels.get(scope, '')}" in text
    for source, facts in provider.lifecycle.sources.items():
        assert f"<{source}>" in text
        assert set(facts) <= set(FACTS)


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_tables_are_whole(provider_id: str):
    """Every row of a table has as many cells as its heading: no text of a provider breaks out of its cell."""
    for text in (page(CATALOGUE[provider_id]), overview(CATALOGUE)):
        for block in text.split("\n\n"):
            if block.startswith("|"):
                assert len({line.replace("\\|", "").count("|") for line in block.splitlines()}) == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (90, "90 seconds"), (3600, "1 hour"), (86_400, "1 day"), (15_552_000, "180 days")],
)
def test_durations(seconds: int, words: str):
    """A time is told in the largest unit that fits."""
    assert duration(seconds) == words
