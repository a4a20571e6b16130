"""What people read: every sentence in one place, in every language, whatever is filled in."""

import re
from pathlib import Path
from string import Formatter

import pytest

from broker.pages import words
from broker.pages.words import chosen

HOME = Path(__file__).parents[3]
TEMPLATES = [*HOME.glob("broker/pages/templates/**/*.html")]
SAID = re.compile(r"""\bsay\(\s*"([a-z_.]+)"\s*([~,)])""")

JINJA = re.compile(
    r"\{#.*?#\}|\{% block kind %\}.*?\{% endblock %\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL
)  # `kind` is a class
ATTRIBUTE = re.compile(r"""[\w-]+=(?:"[^"]*"|'[^']*')""")
SPOKEN = re.compile(r"""\b(?:aria-label|title|alt)=["']([^"']*)["']""")


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", words.languages())
def test_languages_say_the_same(language: str):
    """A language has no sentence that English lacks, and fills in nothing else."""
    english, other = words.languages()["en"], words.languages()[language]
    assert set(other) <= set(english)
    assert all(fields(sentence) == fields(english[key]) for key, sentence in other.items())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_pages_say_what_there_is(template: Path):
    """Each sentence that a page asks for stands in the file."""
    asked = SAID.findall(template.read_text())
    known = set(words.languages()["en"])
    assert {key for key, follows in asked if follows != "~"} <= known
    assert all(any(each.startswith(key) for each in known) for key, follows in asked if follows == "~")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_pages_have_no_words_of_their_own(template: Path):
    """No page has a sentence that a translator would not find, nor one that only a screen reader says."""
    text = JINJA.sub("", template.read_text())
    said = [*SPOKEN.findall(text), ATTRIBUTE.sub(" ", re.sub("<[^>]*>", " ", text))]
    assert not re.findall(r"[A-Za-z]{2,}", " ".join(said))


def test_values_are_text():
    """Whatever is filled in is text, and what is bold is bold around it."""
    say = words.words("en")
    assert say("picker.title", app="<b>&'\"") == "Sign in to &lt;b&gt;&amp;&#39;&#34;"


@pytest.mark.parametrize(
    ("liked", "language"),
    [
        ("", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("xx,en;q=0.1", "en"),
        ("xx", "en"),
        ("en;q=0", "en"),
        ("*", "en"),
        ("../../etc/passwd", "en"),
        ("e" * 10_000, "en"),
    ],
)
def test_language_of_a_browser(liked: str, language: str):
    """The best of ours that a browser likes; English where it likes none, or says nonsense."""
    assert chosen(liked) == language


def test_another_language_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file beside the English one is a language: what it says is said, what it leaves out is English."""
    (tmp_path / "en.toml").write_text((words.FOLDER / "en.toml").read_text())
    (tmp_path / "de.toml").write_text('[picker]\ntitle = "Anmelden bei {app}"\n')
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    words.languages.cache_clear()
    words.words.cache_clear()
    try:
        assert chosen("fr;q=0.9, de-AT;q=0.8, en;q=0.7") == "de"
        assert words.words("de")("picker.title", app="X") == "Anmelden bei X"
        assert words.words("de")("picker.lead") == words.languages()["en"]["picker.lead"]
    finally:
        words.languages.cache_clear()
        words.words.cache_clear()
