"""The operator's brand: whatever the colour, what stands on it and in it can be read."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.brand import DARK, LARGEST_LOGO, LIGHT, READABLE, brand_css, contrast, logo_of, read_rgb

COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


def values(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", css))


@given(COLOURS)
def test_every_colour_is_readable(colour: str):
    """Text on the colour has the best of two, and links in it have WCAG's contrast by day and by night."""
    made = {name: read_rgb(value) for name, value in values(brand_css(colour)).items()}
    assert contrast(made["on-brand"], made["brand"]) >= READABLE
    assert contrast(made["brand-ink"], LIGHT) >= READABLE
    assert contrast(made["brand-ink-dark"], DARK) >= READABLE


def test_a_readable_colour_stays():
    """A colour that can be read as it is is not changed."""
    assert values(brand_css("#2450d3"))["brand-ink"] == "#2450d3"


def test_no_colour_is_no_stylesheet():
    """Without the setting the stylesheet's own colours hold."""
    assert brand_css(None) == ""


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("logo.gif", 10, "must be the path of an image"),
        ("logo", 10, "image"),
        ("logo.svg", LARGEST_LOGO + 1, "larger"),
    ],
)
def test_logos_that_are_refused(name: str, size: int, words: str):
    """A file of another kind, or one that phones would wait for, is refused with the reason."""
    with pytest.raises(ValueError, match=words):
        logo_of(name, b"x" * size)


def test_kind_of_a_logo():
    """The kind is the file's ending, in any case."""
    assert logo_of("a/Logo.SVG", b"<svg/>").media_type == "image/svg+xml"
