"""The operator's own brand: its name, logo and colour, and how they become a stylesheet. Pure."""

import re
from dataclasses import dataclass

COLOUR = re.compile(r"#[0-9a-f]{6}")
MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}
LARGEST_LOGO = 100_000  # bytes; phones load it
READABLE = 4.5  # contrast (WCAG 2.2, 1.4.3)
LIGHT, DARK = (244, 245, 247), (23, 26, 32)  # what links stand on, by day and by night
Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Logo:
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Brand:
    """What of it is not set does not show."""

    name: str | None = None
    logo: Logo | None = None
    colour: str | None = None


def logo_of(name: str, content: bytes) -> Logo:
    """The logo out of a file. Raises ValueError that says what is wrong with it."""
    suffix = name[name.rfind(".") :].lower()
    if suffix not in MEDIA_TYPES:
        raise ValueError(f"must be the path of an image: {', '.join(MEDIA_TYPES)}")
    if len(content) > LARGEST_LOGO:
        raise ValueError(f"is larger than {LARGEST_LOGO // 1000} kB")
    return Logo(content, MEDIA_TYPES[suffix])


def brand_css(colour: str | None) -> str:
    """Custom properties for the stylesheet. Text on the colour, and links in it, stay readable whatever it is."""
    if colour is None:
        return ""
    rgb = read_rgb(colour)
    on_brand = max(((255, 255, 255), (0, 0, 0)), key=lambda each: contrast(each, rgb))
    ink, ink_dark = towards(rgb, LIGHT, (0, 0, 0)), towards(rgb, DARK, (255, 255, 255))
    values = {"brand": rgb, "on-brand": on_brand, "brand-ink": ink, "brand-ink-dark": ink_dark}
    return ":root{" + ";".join(f"--{name}:{hexed(value)}" for name, value in values.items()) + "}"


def towards(colour: Rgb, ground: Rgb, end: Rgb) -> Rgb:
    """The colour, mixed with `end` until it can be read on `ground`."""
    for step in range(21):
        red, green, blue = (round(a + (b - a) * step / 20) for a, b in zip(colour, end, strict=True))
        if contrast((red, green, blue), ground) >= READABLE:
            return red, green, blue
    return end


def contrast(one: Rgb, other: Rgb) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Rgb) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = (each / 255 for each in colour)
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def read_rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def hexed(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
